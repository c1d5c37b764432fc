"""Is one group of documents worse than another: a one-sided permutation test for ratios of sums.

The statistic is the difference of the two ratios over its standard error (linearised, documents as the unit), so that
the test also holds where only the spread differs (Janssen 1997, doi:10.1016/S0167-7152(97)00043-6). Permutations keep
it exact where documents are exchangeable, whatever their distribution: rates near 0 and 1 and long tails included.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Ratio

Array = NDArray[np.float64]

PERMUTATIONS = 9_999
"""The smallest p-value is 0.0001: a dozen figures at a joint level of 0.01 need 0.0008."""
# So many at a time: with 1,000 documents in each group they take 16 MB.
_CHUNK = 1_000
# Relabellings that come to the same differ in the last digits.
_TIE = 1e-9


def p_value(
    before: Sequence[Ratio], last: Sequence[Ratio], *, higher_is_better: bool, paired: bool, seed: int
) -> float:
    """Return how probable a fall as large as this (a rise, where low is good) is by chance.

    Args:
        before: a ratio a document, with denominators above 0; at least one.
        last: likewise; paired, of the same documents in the same order.
        higher_is_better: which direction is worse.
        paired: relabel each document's two ratios only.
        seed: of the permutations.
    """
    sides = [*before, *last]
    numerators, denominators = (np.array(side, dtype=np.float64) for side in _unzip(sides))
    if higher_is_better:
        numerators = -numerators
    observed = np.repeat([0.0, 1.0], [len(before), len(last)])
    threshold = _statistics(observed[None], numerators, denominators)[0]
    threshold -= _TIE * min(abs(threshold), 1 / _TIE)
    rng, as_extreme = np.random.default_rng(seed), 0
    for start in range(0, PERMUTATIONS, _CHUNK):
        count = min(_CHUNK, PERMUTATIONS - start)
        labels = _swapped(len(before), count, rng) if paired else rng.permuted(np.tile(observed, (count, 1)), axis=1)
        as_extreme += int((_statistics(labels, numerators, denominators) >= threshold).sum())
    return (1 + as_extreme) / (1 + PERMUTATIONS)  # Phipson and Smyth 2010: the observed labels are one of them


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number (Holm 1979), in the same order."""
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def _unzip(ratios: Sequence[Ratio]) -> tuple[list[float], list[float]]:
    return [ratio.numerator for ratio in ratios], [ratio.denominator for ratio in ratios]


def _swapped(documents: int, count: int, rng: np.random.Generator) -> Array:
    swapped = (rng.random((count, documents)) < 0.5).astype(np.float64)
    return np.hstack([swapped, 1 - swapped])


def _statistics(labels: Array, numerators: Array, denominators: Array) -> Array:
    """Return (ratio of the labelled - ratio of the others) / its standard error for each row of labels."""
    labelled, others = (_ratio(side, numerators, denominators) for side in (labels, 1 - labels))
    difference, error = labelled[0] - others[0], np.sqrt(labelled[1] + others[1])
    # Without any spread, any difference is beyond chance and none is none.
    limit = np.where(difference == 0, 0.0, np.copysign(np.inf, difference))
    return np.divide(difference, error, out=limit, where=error > 0)


def _ratio(labels: Array, numerators: Array, denominators: Array) -> tuple[Array, Array]:
    """Return the ratio of sums and the variance of its linearisation, Σ (x - r n)² / (Σ n)²."""
    total = labels @ denominators
    ratio = (labels @ numerators) / total
    squares = (
        labels @ numerators**2
        - 2 * ratio * (labels @ (numerators * denominators))
        + ratio**2 * (labels @ denominators**2)
    )
    return ratio, np.maximum(squares, 0) / total**2
