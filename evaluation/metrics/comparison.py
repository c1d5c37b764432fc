"""What sets two systems apart that read the same documents."""

from collections import Counter
from collections.abc import Sequence
from math import isnan

from pydantic import BaseModel, ConfigDict

from evaluation.metrics.bootstrap import RESAMPLES, interval, pooled, resample_weights, resampled
from evaluation.metrics.document import DocumentScores
from evaluation.metrics.registry import find_metric
from schemas.errors import UsageError

LEAST_DOCUMENTS = 6
"""With fewer, even all documents pointing one way happen by chance more often than once in twenty (sign test)."""


class Difference(BaseModel):
    """By how much the second system differs from the first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    first: float
    second: float
    difference: float
    """second - first."""
    low: float
    high: float
    """The ends of its 95 % interval, both systems resampled on the same documents."""
    is_significant: bool
    """The interval excludes 0, and there are LEAST_DOCUMENTS or more."""
    is_better: bool
    """Significant, and in the metric's good direction."""
    documents: int

    def __str__(self) -> str:
        return f"{self.difference:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def paired_difference(
    first: Sequence[DocumentScores],
    second: Sequence[DocumentScores],
    metric: str,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """Compare two systems on the same documents, in any order, by a paired bootstrap.

    Documents that the metric does not apply to in either are left out of both.

    Raises:
        UsageError: they were run on different documents, or the metric is unknown or applies to none of them.
    """
    definition = find_metric(metric)
    both = [(definition.of(one), definition.of(other)) for one, other in _same_documents(first, second)]
    known = [(one, other) for one, other in both if one and other]
    values = [pooled([pair[side] for pair in known], definition.of_nothing) for side in (0, 1)]
    if not known or isnan(sum(values)):
        raise UsageError(f"expected documents with a {metric} in both runs, got none; compare another metric")
    weights = resample_weights(len(known), resamples, seed)
    one, other = (resampled([pair[side] for pair in known], weights, definition.of_nothing) for side in (0, 1))
    low, high = interval(other - one)
    is_significant = len(known) >= LEAST_DOCUMENTS and (low > 0 or high < 0)
    return Difference(
        metric=metric,
        first=values[0],
        second=values[1],
        difference=values[1] - values[0],
        low=low,
        high=high,
        is_significant=is_significant,
        is_better=is_significant and (low > 0) == definition.higher_is_better,
        documents=len(known),
    )


def _same_documents(
    first: Sequence[DocumentScores], second: Sequence[DocumentScores]
) -> list[tuple[DocumentScores, DocumentScores]]:
    by_name = {one.document: one for one in second}
    if Counter(one.document for one in first) != Counter(one.document for one in second) or len(by_name) < len(first):
        different = len({one.document for one in first} ^ by_name.keys())
        raise UsageError(
            f"expected two runs on the same documents, each once, got {len(first)} and {len(second)} documents, "
            f"{different} of them in one run only; run both on one data set"
        )
    return [(one, by_name[one.document]) for one in first]
