"""Words cut at their separators, because OCR glues words and splits them: `No.:123` is the pieces `no` and `123`."""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from documents.notation import is_text, normalise
from documents.page import BBox, Word

_JOINS_DIGITS = frozenset(".,/:'’-")
_SEPARATES_FIELDS = frozenset(":=()[]#;")
# Scripts written without blanks between words, by the first word of their characters' Unicode names.
_UNSPACED = frozenset({"CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"})


class Piece(NamedTuple):
    """A word, or the part of one between its separators."""

    norm: str
    """Never empty."""
    raw: str
    """The text it stands for, with the signs up to the next piece."""
    bbox: BBox
    score: float
    misread: float
    """How many characters of its word the reader may have misread: its doubt, 1 - score, for each of them."""
    opens: bool
    """Nothing of the word stands before it, except behind a bracket or colon: true for the `x` of `x-ray`."""
    closes: bool
    """Nothing of the word stands after it, except behind a bracket or colon: false for the `x` of `x-ray`."""
    blank_follows: bool


def cut(word: Word) -> list[Piece]:
    """Cut a word into its pieces, in the order they are read; none for a word without letters and digits.

    A separator between two digits doesn't cut (`12/05/2018`, `1,234.50`); scripts without blanks are cut at each
    letter.
    A piece's share of the word's box is its share of the characters.
    """
    text = unicodedata.normalize("NFKC", word.text)
    if text.isascii() and text.isalnum():  # most words: one piece, with nothing to cut
        return [whole(word, text.lower())]
    spans = list(_spans(text))
    starts = [0, *(start for start, _ in spans[1:])]
    ends = [*(end for _, end in spans[:-1]), len(text)]
    return [
        Piece(
            norm=norm,
            raw=text[start:following],
            bbox=part(word.bbox, start / len(text), end / len(text), mirrored=is_right_to_left(text)),
            score=word.score,
            misread=_misread(word),
            opens=_is_edge(text[:start][::-1]),
            closes=_is_edge(text[end:]),
            blank_follows=following == len(text) and not _is_unspaced(text[-1]),
        )
        for start, end, following in zip(starts, ends, [*starts[1:], len(text)], strict=True)
        if (norm := normalise(text[start:end]))
    ]


def whole(word: Word, norm: str) -> Piece:
    """Make one piece of a word of which nothing is cut off."""
    return Piece(norm, word.text, word.bbox, word.score, _misread(word), opens=True, closes=True, blank_follows=True)


def part(bbox: BBox, start: float, end: float, *, mirrored: bool = False) -> BBox:
    """Give the part of a line's box between two shares (0 to 1) of its width, counted from where reading starts."""
    x0, y0, x1, y1 = bbox
    if mirrored:
        start, end = 1 - end, 1 - start
    return x0 + start * (x1 - x0), y0, x0 + end * (x1 - x0), y1


def is_right_to_left(text: str) -> bool:
    """Say whether a text is read from right to left: Arabic, Hebrew and their kin."""
    return not text.isascii() and any(unicodedata.bidirectional(char) in {"R", "AL"} for char in text)


def _misread(word: Word) -> float:
    return (1 - word.score) * len(word.text)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    start = None
    for i, char in enumerate(text):
        inside = is_text(char) or (
            char in _JOINS_DIGITS and 0 < i < len(text) - 1 and text[i - 1].isdecimal() and text[i + 1].isdecimal()
        )
        if start is not None and (not inside or _is_unspaced(char) or _is_unspaced(text[i - 1])):
            yield start, i
            start = None
        if inside and start is None:
            start = i
    if start is not None:
        yield start, len(text)


@lru_cache(maxsize=4096)
def _is_unspaced(char: str) -> bool:
    return not char.isascii() and unicodedata.name(char, "").split(" ")[0] in _UNSPACED


def _is_edge(outwards: str) -> bool:
    """Say whether a piece has no neighbour on this side of it, or one behind a field separator."""
    for char in outwards:
        if is_text(char):
            return _is_unspaced(char)
        if char in _SEPARATES_FIELDS:
            return True
    return True
