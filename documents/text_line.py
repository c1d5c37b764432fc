"""Cut a line that the OCR read into words with boxes.

RapidOCR's own word boxes are not used: it gives a line's words the certainties of the line's first characters, and
splits a line that mixes scripts into single characters. Here the words come from the column of the recogniser's
output where each character stood.
"""

from itertools import pairwise
from typing import NamedTuple

from documents.page import BBox, Word

Quad = list[list[float]]
"""The corners of a line, as (x, y), in the order in which the text runs: top left, top right, bottom right, bottom
left of an upright line."""

# Characters further apart belong to two words, though no blank was read. A column is 8 px of a line scaled to a height
# of 48 px; 5 is RapidOCR's own limit for Latin, and full-width characters in one word already stand about 6 apart.
_MAX_PITCH, _MAX_FULL_WIDTH_PITCH = 5, 12
# From here on, Unicode's scripts are mostly East Asian and full-width.
_FIRST_FULL_WIDTH = "\u2e80"
# Half the usual pitch of Latin characters, in columns, for a word of one character, which has no pitch of its own.
_HALF_PITCH = 1.5


class TextLine(NamedTuple):
    """A line of text as it was recognised."""

    quad: Quad
    text: str
    columns: list[int]
    """Where each character that is no blank stood in the recogniser's output."""
    length: float
    """Columns of the whole line."""
    scores: list[float]
    """One for each character, blanks too."""


class _Char(NamedTuple):
    text: str
    column: int
    score: float


def line_to_words(line: TextLine) -> list[Word]:
    """Return the words from the line's beginning to its end, boxes upright and within the page.

    A word's score is the mean certainty of its characters. A run without blanks, like Chinese, is one word.
    """
    words = _cut(line)
    extents = [_extent(word) for word in words]
    for left, right in pairwise(extents):
        if left[1] > right[0]:
            left[1] = right[0] = (left[1] + right[0]) / 2
    return [
        Word(
            "".join(char.text for char in chars),
            _bbox(line.quad, max(start / line.length, 0.0), min(end / line.length, 1.0)),
            sum(char.score for char in chars) / len(chars),
        )
        for chars, (start, end) in zip(words, extents, strict=True)
    ]


def _cut(line: TextLine) -> list[list[_Char]]:
    """Cut at blanks and at wide gaps."""
    words: list[list[_Char]] = []
    columns = iter(line.columns)
    after_blank = True
    for symbol, score in zip(line.text, line.scores, strict=True):
        if symbol.isspace():
            after_blank = True
            continue
        char = _Char(symbol, next(columns), score)
        if after_blank or _is_gap(words[-1][-1], char):
            words.append([])
        words[-1].append(char)
        after_blank = False
    return words


def _is_gap(left: _Char, right: _Char) -> bool:
    full_width = max(left.text, right.text) >= _FIRST_FULL_WIDTH
    return right.column - left.column > (_MAX_FULL_WIDTH_PITCH if full_width else _MAX_PITCH)


def _extent(word: list[_Char]) -> list[float]:
    """Return where the word begins and ends, in columns: half a pitch beyond the middle of its outer characters."""
    first, last = word[0].column, word[-1].column
    half = (last - first) / (len(word) - 1) / 2 if len(word) > 1 else _HALF_PITCH
    return [first + 0.5 - half, last + 0.5 + half]


def _bbox(quad: Quad, start: float, end: float) -> BBox:
    """Return the upright box of the part of a line between two fractions of its length."""
    head, tail, tail_below, head_below = quad
    points = [
        [near + (far - near) * part for near, far in zip(a, b, strict=True)]
        for a, b in ((head, tail), (head_below, tail_below))
        for part in (start, end)
    ]
    xs, ys = ([min(max(value, 0.0), 1.0) for value in axis] for axis in zip(*points, strict=True))
    return (min(xs), min(ys), max(xs), max(ys))
