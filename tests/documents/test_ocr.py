"""Reading with the bundled models, on pages drawn in code."""

import logging
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from documents import ocr
from documents.ocr import READER, read_words


@pytest.fixture(scope="module")
def page(draw_text):
    """A form of two lines, with a gap in the second."""
    return draw_text((40, 40, "Invoice number 4711"), (40, 150, "Total"), (500, 150, "12.50"))


@pytest.fixture(scope="module")
def words(page):
    """Its words, read once."""
    return read_words(page)


def test_words_are_read_in_place(page, words):
    """Text, order and places are those of the drawing."""
    assert [word.text for word in words] == ["Invoice", "number", "4711", "Total", "12.50"]
    assert all(0.9 < word.score <= 1 for word in words)
    ink = page.convert("L").point(lambda value: 255 * (value < 128)).crop((480, 130, 800, 300)).getbbox()
    expected = ((480 + ink[0]) / 800, (130 + ink[1]) / 300, (480 + ink[2]) / 800, (130 + ink[3]) / 300)
    assert words[-1].bbox == pytest.approx(expected, abs=0.03)


def test_neighbouring_words_are_apart(words):
    """Words of one line follow each other from left to right."""
    assert words[0].bbox[2] <= words[1].bbox[0] < words[1].bbox[2] <= words[2].bbox[0]


@pytest.mark.parametrize("size", [(800, 300), (20, 20), (1, 1), (3000, 10), (10, 3000)])
def test_blank_pages_have_no_words(size):
    """A blank page of any shape is read without error."""
    assert read_words(Image.new("RGB", size, "white")) == []


def test_sideways_text_runs_down(page):
    """Text that was turned a quarter clockwise is read from the top down, with tall boxes."""
    words = read_words(page.rotate(-90, expand=True))
    assert [word.text for word in words if word.text in ("Invoice", "number", "4711")] == ["Invoice", "number", "4711"]
    invoice, number = (next(word for word in words if word.text == text) for text in ("Invoice", "number"))
    assert invoice.bbox[3] <= number.bbox[1]
    assert invoice.bbox[0] > 0.5


def test_large_page_keeps_places(draw_text):
    """A page that is scaled down before it is read gives places on the original."""
    lines = [(1500, 1200 + 100 * row, f"Row {row} of the table") for row in range(6)]
    words = read_words(draw_text(*lines, (2400, 1800, "Total"), size=(3000, 2000), font_px=60))
    assert words[-1].text == "Total"
    assert words[-1].bbox[:2] == pytest.approx((0.8, 0.9), abs=0.02)


def test_strip_keeps_places(draw_text):
    """A page that is put on wider paper gives places on its own."""
    words = read_words(draw_text((600, 6, "Total amount"), size=(1200, 40)))
    assert [word.text for word in words] == ["Total", "amount"]
    assert words[0].bbox == pytest.approx((0.5, 0.1, 0.555, 0.9), abs=0.15)


def test_threads_read_the_same(page, words):
    """Two threads on one engine disturb each other in nothing."""
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(read_words, [page, page])) == [words, words]


def test_one_core_reads_the_same(page, words, monkeypatch):
    """How many lines are read at once changes nothing."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert read_words(page) == words


def test_a_line_reads_the_same_beside_any_other(page):
    """No line is padded for another: text, certainties and columns are those of the line alone."""
    engine = ocr._make_engine()
    crops = [np.asarray(page.crop(box)) for box in ((480, 140, 700, 200), (30, 30, 790, 100))]
    together = ocr._read_lines(engine, crops)
    assert [text for text, _, _ in together] == ["12.50", "Invoice number 4711"]
    assert together == [line for crop in crops for line in ocr._read_lines(engine, [crop])]


def test_reading_needs_no_network_and_is_quiet(page, words, monkeypatch, capfd):
    """Models are bundled; a new engine opens no connection and logs nothing."""
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("opened a connection"))
    ocr._make_engine.cache_clear()
    assert read_words(page) == words
    assert read_words(Image.new("RGB", (50, 50), "white")) == []
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("RapidOCR").level == logging.ERROR


def test_reader_names_version_and_options():
    """Whatever changes what is read changes the name, and with it the cache."""
    assert READER.startswith("rapidocr 3.")
    assert "'Global.use_cls': False" in READER
    assert "'Rec.rec_img_shape': [3, 48, 96]" in READER
