"""Find small square outlines on a page image. Pure pixels, no text.

An outline is a pair of level strokes of one length, one below the other, joined by ink at both ends, that stands by
itself. Sizes are measured in the usual height of the page's words, so that they hold at any resolution.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image

from documents.page import BBox

if TYPE_CHECKING:
    from numpy import ndarray

# A larger page is reduced until its words are this high, as on a fax at 100 dpi: more pixels cost time, find no more.
_TEXT_PX = 20
# Sides in heights of a word, which OCR boxes with a margin: from a small letter's height to a line and a half.
_MIN_SIDE, _MAX_SIDE = 0.35, 1.5
# Fax machines stretch a page by up to a quarter.
_MAX_ASPECT = 1.3
# How far apart the ends of two strokes may lie: a side of 30 px leans by half a pixel at 1 degree, and lines are rough.
_SLACK_PX = 3
# A side is looked for in a band this wide, in sides, for the same reason.
_BAND = 0.15
# How far, in sides, a tick that crosses a corner can lengthen a stroke.
_MAX_OVERHANG = 0.25
# The part of each side that must be inked: of 8 px a fax may drop one; an X with serifs leaves a fifth open.
_MIN_CLOSED = 0.82
# Ink in each corner: a fax rounds those of a box a little, a loop of a pen touches them with a dot.
_MIN_CORNER_PX = 2
# A side runs on if there is ink for so many pixels beyond its corner. Of the eight places where one could, a tick that
# crosses the border fills two or three; a table's cell has four or more.
_BEYOND_PX, _MAX_BEYOND = 4, 3
# On one side at least, left or right, there is paper for a quarter of a line's height, as between words; letters have
# neighbours. All round, a pattern has more ink than the letters and lines about a box.
_APART_PX, _MAX_BESIDE, _MAX_AROUND = 5, 0.1, 0.3


class Outline(NamedTuple):
    """The outer edges in pixels of the grey page."""

    x0: int
    y0: int
    x1: int
    y1: int
    closed: float
    """The inked part of the side that has least, 0 to 1."""


def page_grey(image: Image.Image, text_px: float) -> tuple["ndarray", float]:
    """Return the page in 8-bit grey, reduced where its words are large, and the height of its words there."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    grey = np.asarray(image.convert("L"))
    scale = _TEXT_PX / text_px
    if scale >= 1:
        return grey, text_px
    return cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), _TEXT_PX


def find_outlines(grey: "ndarray", text_px: float, letters: Sequence[BBox]) -> list[Outline]:
    """Return outlines that don't overlap; none has its middle inside one of `letters` (fractions of the page)."""
    ink = _ink(grey)
    rectangles = _outside(_rectangles(_strokes(ink, text_px), text_px), letters, ink.shape)
    closed = [outline for rectangle in rectangles if (outline := _close(ink, *rectangle))]
    square = [outline for outline in closed if _is_square(outline, text_px) and _has_corners(ink, outline)]
    return _best([outline for outline in square if not _runs_on(ink, outline) and _stands_apart(ink, outline)])


def inked_middle(grey: "ndarray", outline: Outline) -> float:
    """Return the part of the middle that is at least half as dark as the border, 0 to 1."""
    import numpy as np  # noqa: PLC0415

    x0, y0, x1, y1, _ = outline
    border, paper = np.percentile(grey[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3], (5, 95))
    # The middle half; of the smallest boxes less, because a border with its blur is three pixels wide.
    inset_x, inset_y = (max(side // 4, min(3, (side - 1) // 2)) for side in (x1 - x0, y1 - y0))
    middle = grey[y0 + inset_y : y1 - inset_y, x0 + inset_x : x1 - inset_x]
    return float((middle < (paper + border) / 2).mean())


def _ink(grey: "ndarray") -> "ndarray":
    """Return a mask of the page: 1 where it is darker than its surroundings."""
    import cv2  # noqa: PLC0415

    # Surroundings of two lines follow a shadow across the paper; a level of 30 in 255 is a pencil's on grey paper.
    mean, dark = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    return cv2.adaptiveThreshold(grey, 1, mean, dark, 2 * _TEXT_PX + 1, 30)


def _strokes(ink: "ndarray", text_px: float) -> "ndarray":
    """Return level strokes that could be the top or bottom of a box: (x0, y0, x1, y1) each, sorted."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    # A stroke that leans steps from one row to the next: a row is added on either side, and taken off again.
    thick = cv2.dilate(ink, np.ones((3, 1), np.uint8))
    # Once with a fax's gaps closed, and once with them open, because closing joins a box to the letter beside it.
    found = []
    for filled in (thick, cv2.morphologyEx(thick, cv2.MORPH_CLOSE, np.ones((1, 3), np.uint8))):
        level = cv2.morphologyEx(filled, cv2.MORPH_OPEN, np.ones((1, round(_MIN_SIDE * text_px)), np.uint8))
        contours, _ = cv2.findContours(level, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        found += [cv2.boundingRect(contour) for contour in contours]
    x0, y0, width, height = np.array(found, dtype=int).reshape(-1, 4).T
    strokes = np.column_stack((x0, y0 + 1, x0 + width, y0 + height - 1))
    is_short = np.maximum(width, height) <= (1 + 2 * _MAX_OVERHANG) * _MAX_SIDE * text_px
    return np.unique(strokes[is_short & (height > 2)], axis=0)


def _rectangles(strokes: "ndarray", text_px: float) -> "ndarray":
    """Pair the strokes that are two sides of about a square; a tick can join both sides to one stroke."""
    import numpy as np  # noqa: PLC0415

    # Only strokes that begin at about the same x are compared: each with the `counts` strokes from itself on.
    index = np.arange(len(strokes))
    counts = np.searchsorted(strokes[:, 0], strokes[:, 0] + _MAX_OVERHANG * _MAX_SIDE * text_px, side="right") - index
    one = np.repeat(index, counts)
    two = one + np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
    a, b = strokes[one], strokes[two]
    rectangles = np.column_stack((np.minimum(a, b)[:, :2], np.maximum(a, b)[:, 2:]))
    sides = rectangles[:, 2:] - rectangles[:, :2]
    shorter, longer = sides.min(axis=1), sides.max(axis=1)
    # A tick through all corners lengthens both strokes at both ends.
    is_square = longer <= (_MAX_ASPECT + 2 * _MAX_OVERHANG) * shorter
    ends_meet = np.abs(a - b)[:, ::2].max(axis=1) <= np.maximum(_MAX_OVERHANG * shorter, _SLACK_PX)
    alike: ndarray = rectangles[is_square & ends_meet & (shorter >= round(_MIN_SIDE * text_px))]
    return alike


def _outside(rectangles: "ndarray", areas: Sequence[BBox], shape: tuple[int, ...]) -> list[list[int]]:
    """Drop rectangles with their middle inside an area."""
    import numpy as np  # noqa: PLC0415

    height, width = shape
    x = (rectangles[:, 0] + rectangles[:, 2])[:, None] / (2 * width)
    y = (rectangles[:, 1] + rectangles[:, 3])[:, None] / (2 * height)
    x0, y0, x1, y1 = np.array(areas, dtype=float).reshape(-1, 4).T
    inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    kept: list[list[int]] = rectangles[~inside.any(axis=1)].tolist()
    return kept


def _close(ink: "ndarray", x0: int, y0: int, x1: int, y1: int) -> Outline | None:
    """Return the outline, its sides moved to where they have most ink; None where a side has too little."""
    band = _band(y1 - y0)
    # Mostly inwards, because strokes are longer where a tick crosses a corner.
    steps = sorted(range(-1, max(1, round(_MAX_OVERHANG * (y1 - y0))) + 1), key=abs)
    x0 = max((max(x0 + step, 0) for step in steps), key=lambda x: _inked(ink[y0:y1, x : x + band], 1))
    x1 = max((x1 - step for step in steps), key=lambda x: _inked(ink[y0:y1, x - band : x], 1))
    y0 = max((max(y0 + step, 0) for step in steps), key=lambda y: _inked(ink[y : y + band, x0:x1], 0))
    y1 = max((y1 - step for step in steps), key=lambda y: _inked(ink[y - band : y, x0:x1], 0))
    upright = [_inked(ink[y0:y1, x : x + band], 1) for x in (x0, x1 - band)]
    level = [_inked(ink[y : y + band, x0:x1], 0) for y in (y0, y1 - band)]
    closed = min(*upright, *level)
    return Outline(x0, y0, x1, y1, closed) if closed >= _MIN_CLOSED else None


def _inked(side: "ndarray", axis: int) -> float:
    """Return the part of a side that has ink anywhere across its width."""
    return float(side.any(axis=axis).mean())


def _is_square(outline: Outline, text_px: float) -> bool:
    x0, y0, x1, y1, _ = outline
    shorter, longer = sorted((x1 - x0, y1 - y0))
    # One pixel more, because of a small box it is more than the stretch.
    return longer <= min(_MAX_ASPECT * shorter + 1, _MAX_SIDE * text_px)


def _has_corners(ink: "ndarray", outline: Outline) -> bool:
    """Tell whether there is ink in all corners, where round letters have none."""
    x0, y0, x1, y1, _ = outline
    band = _band(y1 - y0)
    return all(
        ink[y : y + band, x : x + band].sum() >= _MIN_CORNER_PX for y in (y0, y1 - band) for x in (x0, x1 - band)
    )


def _runs_on(ink: "ndarray", outline: Outline) -> bool:
    """Tell whether the sides go on beyond the corners, as those of a table's cells do."""
    x0, y0, x1, y1, _ = outline
    left, right, above, below = max(x0 - _BEYOND_PX, 0), x1 + _BEYOND_PX, max(y0 - _BEYOND_PX, 0), y1 + _BEYOND_PX
    level = [ink[y : y + 2, x].any(axis=0) for y in (y0, y1 - 2) for x in (slice(left, x0), slice(x1, right))]
    upright = [ink[y, x : x + 2].any(axis=1) for x in (x0, x1 - 2) for y in (slice(above, y0), slice(y1, below))]
    return sum(bool(side.all()) for side in (*level, *upright)) > _MAX_BEYOND


def _stands_apart(ink: "ndarray", outline: Outline) -> bool:
    """Tell whether there is paper on one side, left or right, and not much ink all round."""
    x0, y0, x1, y1, _ = outline
    # A pixel away, where the border's blur ends.
    left, right, above, below = (max(edge, 0) for edge in (x0 - 1, x1 + 1, y0 - 1, y1 + 1))
    beside = [ink[y0:y1, max(left - _APART_PX, 0) : left], ink[y0:y1, right : right + _APART_PX]]
    over = [ink[max(above - _APART_PX, 0) : above, x0:x1], ink[below : below + _APART_PX, x0:x1]]
    # At the page's edge there is nothing, which is no paper: scans have black edges.
    shares = [float(strip.mean()) if strip.size else 1.0 for strip in (*beside, *over)]
    return min(shares[:2]) <= _MAX_BESIDE and sum(shares) / len(shares) <= _MAX_AROUND


def _band(side_px: int) -> int:
    return max(2, round(side_px * _BAND))


def _best(outlines: Sequence[Outline]) -> list[Outline]:
    """Keep of outlines that overlap the one that is closed best, the smaller of equals."""
    kept: list[Outline] = []
    for one in sorted(outlines, key=lambda one: (-one.closed, one.x1 - one.x0 + one.y1 - one.y0)):
        if all(one.x0 >= k.x1 or one.x1 <= k.x0 or one.y0 >= k.y1 or one.y1 <= k.y0 for k in kept):
            kept.append(one)
    return kept
