"""What stands beside a place on the page: the label that says what role its value plays."""

from collections.abc import Sequence

from documents.page import BBox, Word

# A label above its value stands at most this many of the value's heights over it: the row above, typed double-spaced.
_ABOVE = 2.0
# Boxes of neighbouring words overlap by a hair.
_HAIR = 0.002


def label_of(bbox: BBox, words: Sequence[Word]) -> str:
    """Return what stands on the row before a place, else what stands above it; "" where there are no letters."""
    before = " ".join(_part_before(word, bbox) for word in sorted(_on_row(bbox, words), key=lambda word: word.bbox[0]))
    if _says_something(before):
        return before.strip()
    above = " ".join(word.text for word in sorted(_above(bbox, words), key=lambda word: word.bbox[0]))
    return above if _says_something(above) else ""


def _on_row(bbox: BBox, words: Sequence[Word]) -> list[Word]:
    """Return the words that begin before the place and share at least half of the lower height with it."""
    return [
        word
        for word in words
        if word.bbox[0] < bbox[0] - _HAIR
        and 2 * (min(word.bbox[3], bbox[3]) - max(word.bbox[1], bbox[1]))
        >= min(word.bbox[3] - word.bbox[1], bbox[3] - bbox[1])
    ]


def _part_before(word: Word, bbox: BBox) -> str:
    """Return the word, or the part of a glued one ("Date:15/01/2019") before the place, by its share of the width."""
    x0, _, x1, _ = word.bbox
    share = 1.0 if x1 <= x0 else min((bbox[0] - x0) / (x1 - x0), 1.0)
    return word.text[: round(share * len(word.text))]


def _above(bbox: BBox, words: Sequence[Word]) -> list[Word]:
    x0, y0, x1, y1 = bbox
    reach = y0 - _ABOVE * (y1 - y0)
    return [
        word
        for word in words
        if word.bbox[0] < x1 and word.bbox[2] > x0 and reach <= (word.bbox[1] + word.bbox[3]) / 2 < y0
    ]


def _says_something(text: str) -> bool:
    return any(char.isalpha() for char in text)
