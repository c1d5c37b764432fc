"""Boxes as arrays (n, 4) of x0, y0, x1, y1, and what stands beside what."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

# Stands for "as far as anything can be" in every distance, so that trees need no missing values.
FAR = 99.0
# Boxes are compared with all others in blocks of this many: memory grows with the page, not with its square.
_BLOCK = 256
LEFT, RIGHT, ABOVE, BELOW = range(4)


def overlap(low: ArrayLike, high: ArrayLike, other_low: ArrayLike, other_high: ArrayLike) -> Array:
    """Return the common length of intervals; negative where they are apart, by how far."""
    return np.asarray(np.minimum(high, other_high) - np.maximum(low, other_low))


def share(low: Array, high: Array, other_low: Array, other_high: Array) -> Array:
    """Return the overlap as a share of the shorter interval, at least 0."""
    shorter = np.minimum(high - low, other_high - other_low)
    result: Array = np.maximum(overlap(low, high, other_low, other_high), 0) / np.maximum(shorter, 1e-3)
    return result


def neighbours(box: Array) -> tuple[Array, Array]:
    """Find each box's nearest to the left, right, above and below.

    Returns:
        Indices (n, 4), -1 where there is none, and gaps (n, 4), FAR there. Beside means half of the lower one's height
        in common; above and below, a quarter of the narrower one's width.
    """
    count = len(box)
    index, gap = np.full((count, 4), -1, np.int32), np.full((count, 4), FAR, np.float32)
    for start in range(0, count, _BLOCK):
        part = slice(start, min(start + _BLOCK, count))
        for side, distance in enumerate(_distances(box[part], box)):
            nearest = distance.argmin(axis=1)
            least = distance[np.arange(len(nearest)), nearest]
            index[part, side] = np.where(least < FAR, nearest, -1)
            gap[part, side] = least
    return index, gap


def _distances(some: Array, box: Array) -> list[Array]:
    x0, y0, x1, y1 = (some[:, edge, None] for edge in range(4))
    beside = share(y0, y1, box[:, 1], box[:, 3]) >= 0.5
    stacked = share(x0, x1, box[:, 0], box[:, 2]) >= 0.25
    middle_x, middle_y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    own_x, own_y = (x0 + x1) / 2, (y0 + y1) / 2
    # Boxes of OCR overlap a little, so the middles decide which side is meant; a gap may be negative.
    return [
        np.where(beside & (middle_x < own_x), x0 - box[:, 2], FAR),
        np.where(beside & (middle_x > own_x), box[:, 0] - x1, FAR),
        np.where(stacked & ~beside & (middle_y < own_y), y0 - box[:, 3], FAR),
        np.where(stacked & ~beside & (middle_y > own_y), box[:, 1] - y1, FAR),
    ]


def take(values: Array, index: Array, default: float = 0.0) -> Array:
    """Look up rows of `values`, with `default` where the index is -1."""
    found = values[index] if len(values) else np.zeros((len(index), *values.shape[1:]), np.float32)
    missing = index < 0
    return np.where(missing.reshape(-1, *[1] * (values.ndim - 1)), default, found)


def near_count(values: Array, tolerance: float) -> Array:
    """Count how many of the values are within the tolerance of each, itself included."""
    ordered = np.sort(values)
    return np.searchsorted(ordered, values + tolerance, "right") - np.searchsorted(ordered, values - tolerance, "left")


def columns(*parts: ArrayLike) -> Array:
    """Put features side by side as float32."""
    return np.column_stack([np.asarray(part, np.float32) for part in parts]).astype(np.float32)
