"""A page as arrays: words upright, in rows, measured in the usual height of a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chat_models.local.learned.geometry import Array
from chat_models.local.learned.ink import Ink, no_ink, read_ink
from chat_models.local.segments import split_words
from documents.layout import group_rows
from documents.page import Word

# Fewer pairs of words than this say little about the slope of a page.
_MIN_SLOPES = 8


@dataclass(frozen=True)
class PageArrays:
    """Words in reading order: rows from the top, each from the left. Lengths are in heights of a usual line."""

    words: list[Word]
    """Boxes in pixels of the page as it was scanned."""
    box: Array
    """(n, 4), the page turned upright."""
    row: Array
    """(n,) which row a word stands in."""
    char_width: float
    size: tuple[float, float]
    """Width and height of the page."""
    ink: Ink

    @property
    def texts(self) -> list[str]:
        """The words' texts."""
        return [word.text for word in self.words]


def make_page(words: Sequence[Word], width_px: int, height_px: int, grey: Array | None = None) -> PageArrays:
    """Turn words, and the page's grey pixels where they are at hand, into arrays; a page may have no words."""
    rows = group_rows(split_words(words, width_px, height_px))
    ordered = [word for row in rows for word in row]
    box = np.array([word.bbox for word in ordered], np.float32).reshape(-1, 4)
    row = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    unit = float(np.median(box[:, 3] - box[:, 1])) if len(box) else 1.0
    letters = [(word.bbox[2] - word.bbox[0]) / len(word.text) for word in ordered]
    slope = _slope(rows)
    upright = _turn_boxes(box, slope)
    ink = no_ink(len(box)) if grey is None or not len(box) else read_ink(_turn_pixels(grey, slope), upright, unit)
    scaled = Ink(ink.flat_rules / unit, ink.upright_rules / unit, ink.words)
    size = (width_px / unit, height_px / unit)
    return PageArrays(ordered, upright / unit, row, float(np.median(letters or [1.0])) / unit, size, scaled)


def _slope(rows: Sequence[Sequence[Word]]) -> float:
    """Return how far rows fall per pixel to the right, from words that are far enough apart to tell."""
    slopes = []
    for row in rows:
        left, right = row[0].bbox, row[-1].bbox
        run = right[0] - left[0]
        if run > 10 * (left[3] - left[1]):
            slopes.append(((right[1] + right[3]) - (left[1] + left[3])) / 2 / run)
    return float(np.median(slopes)) if len(slopes) >= _MIN_SLOPES else 0.0


def _turn_boxes(box: Array, slope: float) -> Array:
    """Turn about the origin; for slopes of scans, a few hundredths, the middle of a box is turned and its size kept."""
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    shift = np.column_stack([slope * y, -slope * x])
    return box + np.column_stack([shift, shift])


def _turn_pixels(grey: Array, slope: float) -> Array:
    if abs(slope) < 0.001:  # a pixel in a thousand: a page's width of it is within a line's height
        return grey
    import cv2  # noqa: PLC0415

    turn = np.array([[1, slope, 0], [-slope, 1, 0]], np.float32)
    turned: Array = cv2.warpAffine(grey, turn, (grey.shape[1], grey.shape[0]), borderValue=255.0)
    return turned


def row_breaks(row: Array) -> list[tuple[int, int]]:
    """Return the index ranges of equal, adjacent values."""
    edges = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
    return [(start, end) for start, end in pairwise(edges) if end > start]
