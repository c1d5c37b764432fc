"""Words of a page → segments: runs of words on one row that belong together."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from chat_models.local.checkboxes import is_box
from documents.layout import group_rows
from documents.page import BBox, Word

# A colon inside a word ends a label ("Date:March"), except in times, ratios, and addresses of the web.
_INNER_COLON = re.compile(r"(?<=[^\W\d]:)(?=[^\s/\\:])|(?<=[)#]:)(?=[^\s/\\:])")

# A box is drawn up to this many times as far from its wording as one word from the next.
_BOX_GAPS = 2


@dataclass(frozen=True)
class Segment:
    """A run of words that reads as one text, on one or several rows."""

    words: tuple[Word, ...]
    """In reading order; boxes are in pixels."""

    @property
    def text(self) -> str:
        """The words joined by blanks."""
        return " ".join(word.text for word in self.words)

    @property
    def bbox(self) -> BBox:
        """The box round all words, in pixels."""
        return (
            min(word.bbox[0] for word in self.words),
            min(word.bbox[1] for word in self.words),
            max(word.bbox[2] for word in self.words),
            max(word.bbox[3] for word in self.words),
        )

    def is_across(self, other: "Segment") -> bool:
        """Tell whether the two share a part of the page's width, as what stands above and below each other does."""
        return self.bbox[0] < other.bbox[2] and self.bbox[2] > other.bbox[0]

    def __add__(self, other: "Segment") -> "Segment":
        return Segment(self.words + other.words)


@dataclass(frozen=True)
class PageLayout:
    """The segments of a page and the sizes that its distances are measured in."""

    rows: list[list[Segment]]
    """From the top, each from the left."""
    char_width: float
    """Usual width of a character, in pixels."""
    line_height: float
    """Usual height of a word, in pixels."""


def lay_out_segments(words: Iterable[Word], width_px: int, height_px: int, max_gap: float) -> PageLayout:
    """Split each row into segments after a colon and at every gap wider than `max_gap` usual characters."""
    scaled = split_words(words, width_px, height_px)
    if not scaled:
        return PageLayout([], 1.0, 1.0)
    char_width = median((word.bbox[2] - word.bbox[0]) / len(word.text) for word in scaled)
    line_height = median(word.bbox[3] - word.bbox[1] for word in scaled)
    rows = [_split_row(row, max_gap * char_width) for row in group_rows(scaled)]
    return PageLayout(rows, char_width, line_height)


def split_words(words: Iterable[Word], width_px: int, height_px: int) -> list[Word]:
    """Split words after an inner colon and scale their boxes to pixels; words without text are left out."""
    scaled = [_scale(part, width_px, height_px) for word in words for part in _split_after_colon(word)]
    return [word for word in scaled if word.text]


def _split_after_colon(word: Word) -> list[Word]:
    """Divide the box in proportion to the characters."""
    x0, y0, x1, y1 = word.bbox
    parts = _INNER_COLON.split(word.text.strip())
    length = max(len(word.text.strip()), 1)
    ends = [0]
    for part in parts:
        ends.append(ends[-1] + len(part))
    edges = [x0 + (x1 - x0) * end / length for end in ends]
    return [
        Word(part, (left, y0, right, y1), word.score)
        for part, (left, right) in zip(parts, pairwise(edges), strict=True)
    ]


def _scale(word: Word, width_px: int, height_px: int) -> Word:
    x0, y0, x1, y1 = word.bbox
    return word._replace(bbox=(x0 * width_px, y0 * height_px, x1 * width_px, y1 * height_px))


def _split_row(row: Sequence[Word], max_gap_px: float) -> list[Segment]:
    box_is_first = _box_is_first(row)
    runs = [[row[0]]]
    for left, right in pairwise(row):
        if not _reads_on(left, right, max_gap_px, box_is_first=box_is_first):
            runs.append([])
        runs[-1].append(right)
    return [Segment(tuple(run)) for run in runs]


def _reads_on(left: Word, right: Word, max_gap_px: float, *, box_is_first: bool) -> bool:
    """Tell whether two words of a row belong to one segment; a box to tick belongs to its wording."""
    gap_px = right.bbox[0] - left.bbox[2]
    if left.text.endswith(":"):
        return False
    if is_box(left.text) or is_box(right.text):
        wording_follows = is_box(left.text) and not is_box(right.text)
        wording_precedes = is_box(right.text) and not is_box(left.text)
        return gap_px <= _BOX_GAPS * max_gap_px and (wording_follows if box_is_first else wording_precedes)
    return gap_px <= max_gap_px


def _box_is_first(row: Sequence[Word]) -> bool:
    """Tell whether the row's boxes stand before their wordings: they are nearer to those than to what is before."""
    gaps = [(right.bbox[0] - left.bbox[2], left, right) for left, right in pairwise(row)]
    before = [gap for gap, left, right in gaps if is_box(right.text)]
    after = [gap for gap, left, right in gaps if is_box(left.text)]
    if not before or not after:
        return bool(after)
    # At even distances, as in typing, the row begins or ends with a box.
    return median(after) < median(before) or (median(after) == median(before) and not is_box(row[-1].text))
