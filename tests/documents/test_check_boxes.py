"""Boxes to tick, seen by their ink."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from documents.check_boxes import EMPTY, TICKED, add_check_boxes, find_check_boxes
from documents.layout import lay_out
from documents.page import Word
from documents.word_index import PageIndex

WIDTH_PX, HEIGHT_PX, LINE_PX = 400, 120, 20
# What gives the page its scale: a word of one line's height, away from everything else.
SCALE = Word("Scale", (0.01, 0.0, 0.1, LINE_PX / HEIGHT_PX), 1.0)


def word(text, x0, y0, x1, y1):
    """Place a word in pixels."""
    return Word(text, (x0 / WIDTH_PX, y0 / HEIGHT_PX, x1 / WIDTH_PX, y1 / HEIGHT_PX), 1.0)


@pytest.fixture
def sheet():
    """A white page and its pen."""
    image = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), "white")
    return image, ImageDraw.Draw(image)


def box(pen, x, y, side=14, *, tick=None, width=1):
    """Draw a box, crossed or checked."""
    pen.rectangle((x, y, x + side, y + side), outline=0, width=width)
    if tick == "cross":
        pen.line((x - 2, y - 2, x + side + 2, y + side + 2), fill=0, width=2)
        pen.line((x - 2, y + side + 2, x + side + 2, y - 2), fill=0, width=2)
    elif tick == "check":
        pen.line(((x + 3, y + side / 2), (x + side / 2, y + side - 3), (x + side + 3, y - 3)), fill=0, width=2)


def found(image, words=(SCALE,)):
    """Find the boxes, from the left."""
    return [one.text for one in sorted(find_check_boxes(image, list(words)), key=lambda one: one.bbox)]


@pytest.mark.parametrize("side", [9, 12, 16, 22])
@pytest.mark.parametrize("degrees", [-1, 0, 1])
def test_boxes_are_found_at_any_usual_size_on_a_page_askew(sheet, side, degrees):
    """Empty, crossed and checked boxes are told apart, a degree askew and blurred."""
    image, pen = sheet
    for x, tick in ((100, None), (180, "cross"), (260, "check")):
        box(pen, x, 60, side, tick=tick)
    image = image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor="white").filter(ImageFilter.GaussianBlur(0.5))
    assert found(image) == [EMPTY, TICKED, TICKED]


@pytest.mark.parametrize("scale", [2, 3])
def test_resolution_makes_no_difference(sheet, scale):
    """Three times the dots to the inch show the same boxes, in the same places."""
    image, pen = sheet
    box(pen, 100, 60)
    box(pen, 180, 60, tick="cross")
    coarse = sorted(find_check_boxes(image, [SCALE]), key=lambda one: one.bbox)
    large = image.resize((WIDTH_PX * scale, HEIGHT_PX * scale), Image.Resampling.LANCZOS)
    fine = sorted(find_check_boxes(large, [SCALE]), key=lambda one: one.bbox)
    assert [one.text for one in fine] == [EMPTY, TICKED]
    for one, other in zip(coarse, fine, strict=True):
        assert one.bbox == pytest.approx(other.bbox, abs=2 / HEIGHT_PX)


def test_place_and_score_are_the_boxs_own(sheet):
    """A clean box is closed all round."""
    image, pen = sheet
    box(pen, 100, 60, side=15)
    [one] = find_check_boxes(image, [SCALE])
    assert one.score == 1.0
    assert one.bbox == pytest.approx((100 / WIDTH_PX, 60 / HEIGHT_PX, 116 / WIDTH_PX, 76 / HEIGHT_PX), abs=0.01)


def test_dust_and_dropped_dots_of_a_fax_are_overlooked(sheet):
    """A speck inside is no tick, and a side may lack one dot in ten."""
    image, pen = sheet
    box(pen, 100, 60, side=16, width=2)
    pen.point([(107, 67), (108, 68), (104, 60), (104, 61), (100, 70), (101, 70)], fill=0)
    pen.point([(110, 60), (110, 61), (100, 66), (101, 66)], fill="white")
    assert found(image) == [EMPTY]


def test_letters_cells_rules_and_blots_are_no_boxes(sheet):
    """Words, a table, a field to fill, a bullet and a three-sided frame give nothing."""
    image, pen = sheet
    pen.text((20, 50), "OD0QB", fill=0, font=ImageFont.load_default(20))
    for x in (150, 170, 190):
        for y in (40, 60, 80):
            pen.rectangle((x, y, x + 20, y + 20), outline=0)
    pen.rectangle((230, 60, 300, 78), outline=0)
    pen.rectangle((320, 60, 332, 72), fill=0)
    pen.line(((350, 60), (350, 74), (364, 74), (364, 60)), fill=0)
    assert found(image, [SCALE, word("OD0QB", 20, 50, 120, 75)]) == []


def test_box_inside_a_word_is_a_letter(sheet):
    """Unless OCR took the box for a character."""
    image, pen = sheet
    box(pen, 100, 60)
    around = (95, 56, 160, 80)
    assert found(image, [SCALE, word("Dock", *around)]) == []
    assert found(image, [SCALE, word("□Dock", *around)]) == [EMPTY]
    assert found(image, [SCALE, word("口", 95, 56, 120, 80)]) == [EMPTY]


def test_box_takes_the_place_of_what_it_was_misread_as(sheet):
    """The glyph goes, its letters stay; a character where no box is stays too."""
    image, pen = sheet
    box(pen, 100, 60)
    box(pen, 200, 60, tick="cross")
    words = [SCALE, word("□Dock", 95, 56, 160, 80), word("X", 198, 56, 218, 80), word("口", 300, 56, 320, 80)]
    read = {one.text: one.bbox for one in add_check_boxes(image, words)}
    assert sorted(read) == sorted(["Scale", "Dock", "口", EMPTY, TICKED])
    assert read["Dock"] == pytest.approx((108 / WIDTH_PX, 56 / HEIGHT_PX, 160 / WIDTH_PX, 80 / HEIGHT_PX))


def test_laid_out_text_shows_the_boxes(sheet):
    """A chat model sees which choice is ticked."""
    image, pen = sheet
    box(pen, 100, 60)
    box(pen, 200, 60, tick="check")
    words = [word("Sex:", 20, 57, 60, 77), word("M", 120, 57, 132, 77), word("F", 220, 57, 230, 77)]
    text = lay_out(add_check_boxes(image, words), WIDTH_PX, HEIGHT_PX)
    assert text.split() == ["Sex:", EMPTY, "M", TICKED, "F"]


def test_page_without_words_or_ink_has_no_boxes(sheet):
    """There is no scale, or nothing to see."""
    image, pen = sheet
    assert found(image) == []
    box(pen, 100, 60)
    assert found(image, []) == []


def test_noise_gives_no_boxes():
    """A grey pattern all over is no form."""
    noise = np.random.default_rng(7).integers(0, 255, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
    assert found(Image.fromarray(noise)) == []


def test_grounding_reads_across_a_box(sheet):
    """A value that a box stands in, like a choice behind its question, has the place it had without the box."""
    image, pen = sheet
    words = [word("Sex:", 60, 57, 92, 77), word("M", 120, 57, 132, 77)]
    box(pen, 98, 60)
    with_box = PageIndex(add_check_boxes(image, words)).equal("sexm")
    assert with_box == PageIndex(words).equal("sexm")
    assert len(with_box) == 1
