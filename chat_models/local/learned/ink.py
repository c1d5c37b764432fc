"""What the pixels say: ruling lines, and the ink of each word."""

from dataclasses import dataclass

import numpy as np

from chat_models.local.learned.geometry import FAR, Array, overlap

INK_FEATURES = 9


@dataclass(frozen=True)
class Ink:
    """Ruling lines and ink; lengths in pixels, or in lines' heights once scaled."""

    flat_rules: Array
    """(m, 3): y, x0, x1."""
    upright_rules: Array
    """(m, 3): x, y0, y1."""
    words: Array
    """(n, INK_FEATURES), free of units."""


def no_ink(count: int) -> Ink:
    """Stand in for the pixels of a page that has none at hand."""
    return Ink(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32), np.zeros((count, INK_FEATURES), np.float32))


def read_ink(grey: Array, box: Array, unit_px: float) -> Ink:
    """Binarise by Otsu's threshold, find ruling lines by opening, and measure each word's ink without them.

    Args:
        grey: (height, width) uint8, upright.
        box: (n, 4) of the words, in pixels.
        unit_px: usual height of a line of text.
    """
    import cv2  # noqa: PLC0415 - comes with rapidocr; only pages with pixels need it

    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    # Longer than any stroke of text: three letters wide, or twice as high as a line.
    flat = _open(ink, (max(int(2.5 * unit_px), 15), 1))
    upright = _open(ink, (1, max(int(2 * unit_px), 15)))
    ink[(flat | upright) > 0] = 0
    flat_boxes, upright_boxes = _components(flat), _components(upright)
    flat_rules = np.column_stack([(flat_boxes[:, 1] + flat_boxes[:, 3]) / 2, flat_boxes[:, 0], flat_boxes[:, 2]])
    upright_rules = np.column_stack(
        [(upright_boxes[:, 0] + upright_boxes[:, 2]) / 2, upright_boxes[:, 1], upright_boxes[:, 3]]
    )
    return Ink(flat_rules, upright_rules, _word_ink(ink, box, flat_rules))


def _open(ink: Array, size: tuple[int, int]) -> Array:
    import cv2  # noqa: PLC0415

    opened: Array = cv2.morphologyEx(ink, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, size))
    return opened


def _components(mask: Array) -> Array:
    """Return the boxes (m, 4) of connected regions."""
    import cv2  # noqa: PLC0415

    found = cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:].astype(np.float32)
    return np.column_stack([found[:, 0], found[:, 1], found[:, 0] + found[:, 2], found[:, 1] + found[:, 3]])


def _word_ink(ink: Array, box: Array, flat_rules: Array) -> Array:
    import cv2  # noqa: PLC0415

    edge = ink - cv2.erode(ink, np.ones((3, 3), np.uint8))
    features = np.zeros((len(box), INK_FEATURES), np.float32)
    height, width = ink.shape
    pixels = np.clip(np.round(box), 0, [width, height, width, height]).astype(int)
    for row, (x0, y0, x1, y1) in enumerate(pixels.tolist()):
        crop = ink[y0:y1, x0:x1]
        mass = int(crop.sum())
        if not mass:
            continue
        across, down = np.flatnonzero(crop.any(axis=0)), np.flatnonzero(crop.any(axis=1))
        tight_width, tight_height = across[-1] - across[0] + 1, down[-1] - down[0] + 1
        profile = crop.sum(axis=1)
        features[row, :8] = (
            mass / (tight_width * tight_height),
            # A stroke of width w has two edges: its area over half its outline is w.
            2 * mass / max(int(edge[y0:y1, x0:x1].sum()), 1) / tight_height,
            tight_height / max(y1 - y0, 1),
            tight_width / max(x1 - x0, 1),
            (down[0] + down[-1]) / 2 / max(y1 - y0, 1),
            profile.std() / max(profile.mean(), 1e-3),
            np.abs(np.diff(crop.astype(np.int8), axis=1)).sum() / tight_height / max(tight_width, 1),
            len(across) / tight_width,
        )
    features[:, 8] = _underlined(box, flat_rules)
    return features


def _underlined(box: Array, flat_rules: Array) -> Array:
    """Return the greatest share of each word's width with a rule at its foot."""
    best = np.zeros(len(box), np.float32)
    height = box[:, 3] - box[:, 1]
    for y, x0, x1 in flat_rules:
        at_foot = (y > box[:, 3] - 0.35 * height) & (y < box[:, 3] + 0.4 * height)
        covered = overlap(box[:, 0], box[:, 2], x0, x1) / np.maximum(box[:, 2] - box[:, 0], 1e-3)
        best = np.maximum(best, np.where(at_foot, covered, 0))
    return best


def rules_around(box: Array, flat_rules: Array, upright_rules: Array) -> tuple[Array, Array]:
    """Find the rules that close each box in: left, right, above, below.

    Returns:
        Distances from the middle of the box (n, 4), FAR where there is no rule, and which rule it is (n, 4), -1 there.
        Two boxes with the same four rules stand in the same cell.
    """
    distance, index = np.full((len(box), 4), FAR, np.float32), np.full((len(box), 4), -1, np.int32)
    middle = np.column_stack([(box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2])
    for axis, rules in ((0, upright_rules), (1, flat_rules)):
        for number, (at, low, high) in enumerate(rules):
            crosses = (middle[:, 1 - axis] > low) & (middle[:, 1 - axis] < high)
            for side, gap in ((2 * axis, middle[:, axis] - at), (2 * axis + 1, at - middle[:, axis])):
                closer = crosses & (gap >= 0) & (gap < distance[:, side])
                distance[closer, side] = gap[closer]
                index[closer, side] = number
    return distance, index


def rule_between(start: Array, end: Array, low: Array, high: Array, rules: Array) -> Array:
    """Tell for each gap whether a rule runs across it: between `start` and `end`, over half of `low` to `high`."""
    crossed = np.zeros(len(start), bool)
    slack = 0.15  # boxes of OCR have a margin
    for at, rule_low, rule_high in rules:
        inside = (at > start - slack) & (at < end + slack)
        crossed |= inside & (overlap(low, high, rule_low, rule_high) > 0.5 * (high - low))
    return crossed
