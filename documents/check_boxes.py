"""See the boxes to tick on a page image, which OCR passes over or takes for a character, and which of them are ticked.

On FUNSD's 149 training forms it finds 146 boxes, looked at one by one: 8 are none, and of the others one dusty one is
called ticked. Of the 123 words annotated as boxes or ticks it meets 87; of the 36 others about 22 are boxes whose
outline is broken, scribbled over or too close to letters, the rest wide cells and ticks without a box.
"""

from collections.abc import Sequence
from statistics import median

from PIL import Image

from documents.outlines import find_outlines, inked_middle, page_grey
from documents.page import BBox, Word
from documents.pieces import part

TICKED, EMPTY = "☒", "☐"
FINDER = "check boxes 1"
"""Names the finder; part of every recipe that depends on what it found."""

# The part of a box's middle that a tick inks: an X a third, a thin check mark a fifth, a speck of dust a tenth. A
# middle that is dark all over is that of a bullet or a punched hole.
_MIN_TICK, _MAX_TICK = 0.15, 0.9
# OCR cuts words at places that are off by part of a letter; in heights of a word.
_MARGIN = 0.2
# What OCR reads where it takes a box for a character, and what a tick is read as.
_BOX_GLYPHS = "□口囗区四図图冈凶☐☑☒"
_TICK_GLYPHS = frozenset("X√✓✔")
# From here on, Unicode's scripts are mostly East Asian, where some of these glyphs are letters.
_FIRST_EAST_ASIAN = "\u2e80"


def find_check_boxes(image: Image.Image, words: Sequence[Word]) -> list[Word]:
    """Return each box as a word "☒" or "☐", in no order; its score is the inked part of its least closed side.

    Args:
        image: the page.
        words: what was read on it. Their height is the measure, so without words there are no boxes; and what is
            inside a word is a letter, unless it was read as "□", "口" or the like, or as a lone "X".
    """
    if not words:
        return []
    text_height = median(word.bbox[3] - word.bbox[1] for word in words)
    grey, text_px = page_grey(image, text_height * image.height)
    height, width = grey.shape
    margin = _MARGIN * text_px / width
    letters = [_area(word, found, margin) for word in words if (found := _letters(word))]
    marks = [word.bbox for word in words if word.text in _TICK_GLYPHS]
    boxes = []
    for outline in find_outlines(grey, text_px, letters):
        bbox = (outline.x0 / width, outline.y0 / height, outline.x1 / width, outline.y1 / height)
        tick = inked_middle(grey, outline)
        if tick <= _MAX_TICK:
            is_ticked = tick >= _MIN_TICK or any(_overlap(mark, bbox) for mark in marks)
            boxes.append(Word(TICKED if is_ticked else EMPTY, bbox, outline.closed))
    return boxes


def add_check_boxes(image: Image.Image, words: Sequence[Word]) -> list[Word]:
    """Return the words and the page's boxes, in no order; what a box or its tick was misread as is left out."""
    boxes = find_check_boxes(image, words)
    rest = [_letters(word) if any(_overlap(word.bbox, box.bbox) for box in boxes) else word for word in words]
    return [word for word in rest if word] + boxes


def _letters(word: Word) -> Word | None:
    """Return the word without what can be a box at its ends: "□WATER" is "WATER"; None where nothing is left."""
    start = len(word.text) - len(word.text.lstrip(_BOX_GLYPHS))
    end = len(word.text.rstrip(_BOX_GLYPHS))
    rest = word.text[start:end]
    if not rest or word.text in _TICK_GLYPHS:
        return None
    if rest == word.text or max(rest) >= _FIRST_EAST_ASIAN:
        return word
    return word._replace(text=rest, bbox=part(word.bbox, start / len(word.text), end / len(word.text)))


def _area(word: Word, letters: Word, margin: float) -> BBox:
    """Return where there are letters: all about a word, but not beyond a side where a box was cut off."""
    x0, y0, x1, y1 = letters.bbox
    return x0 - margin * (x0 == word.bbox[0]), y0, x1 + margin * (x1 == word.bbox[2]), y1


def _overlap(one: BBox, two: BBox) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
