"""Bootstrap over documents for ratios of sums.

A document drawn twice counts twice in both sums, so a resample is a row of weights and all metrics on all resamples
are two matrix products. scipy.stats.bootstrap gives the same intervals (a test compares them) one metric at a time,
after a second of CPU time for its import.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.ratio import Ratio

Array = NDArray[np.float64]

RESAMPLES = 2_000
"""Puts some 50 resamples beyond each end of a 95 % interval: its ends move in the third decimal only."""

# The ends of a 95 % interval.
QUANTILES = (0.025, 0.975)


def resample_weights(documents: int, resamples: int, seed: int) -> Array:
    """Draw as many documents as there are, with replacement: how often each came, (resamples, documents)."""
    chances = np.full(documents, 1 / documents)
    return np.random.default_rng(seed).multinomial(documents, chances, size=resamples).astype(np.float64)


def resampled(ratios: Sequence[Ratio | None], weights: Array, of_nothing: float) -> Array:
    """Return the pooled quotient on each resample; a document of None adds nothing to either sum."""
    numerators, denominators = (weights @ side for side in _sides(ratios))
    quotients = np.full(len(weights), of_nothing, dtype=np.float64)
    np.divide(numerators, denominators, out=quotients, where=denominators > 0)
    return quotients


def pooled(ratios: Sequence[Ratio | None], of_nothing: float) -> float:
    """Return the quotient of the sums, as `resampled` with every document drawn once."""
    return float(resampled(ratios, np.ones((1, len(ratios))), of_nothing)[0])


def interval(values: Array) -> tuple[float, float]:
    """Return the percentile interval, resamples without a value (NaN) aside."""
    low, high = np.nanquantile(values, QUANTILES)
    return float(low), float(high)


def _sides(ratios: Sequence[Ratio | None]) -> Array:
    known = [ratio or Ratio() for ratio in ratios]
    return np.array(
        [[ratio.numerator for ratio in known], [ratio.denominator for ratio in known]],
        dtype=np.float64,
    )
