"""Figures over a data set, each with a 95 % interval."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import isnan
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from evaluation.metrics.bootstrap import RESAMPLES, Array, interval, pooled, resample_weights, resampled
from evaluation.metrics.document import DocumentScores
from evaluation.metrics.key_values import p90
from evaluation.metrics.ratio import Ratio
from evaluation.metrics.registry import METRICS, Metric, find_metric
from schemas.errors import UsageError


class Figure(BaseModel):
    """One metric over the documents it applies to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    """Micro: sums over documents, divided; the mean where the metric is one."""
    low: float
    high: float
    """The ends of its 95 % bootstrap interval over documents."""
    macro: float
    """Mean of the documents' own figures."""
    p90: float
    """`sorted(scores)[int(0.9 n)]` of the documents' own figures, the definition of MLflow's article."""
    documents: int
    """How many the metric applies to."""


class Summary(BaseModel):
    """What a data set came to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: int
    statuses: dict[str, int]
    figures: dict[str, Figure]
    """By metric, without those that apply to none of the documents."""
    fields: dict[str, Ratio]
    """Right over expected for each named field; items of lists together, as `/line_items/*/price`."""
    resamples: int
    seed: int

    def figure(self, name: str) -> Figure:
        """Return one figure.

        Raises:
            UsageError: there is no such metric, or it applies to none of the documents.
        """
        find_metric(name)
        if name not in self.figures:
            raise UsageError(f"expected a metric that was measured, got '{name}'; use one of {', '.join(self.figures)}")
        return self.figures[name]


def summarise(scores: Sequence[DocumentScores], *, seed: int = 0, resamples: int = RESAMPLES) -> Summary:
    """Pool the documents into figures.

    Raises:
        UsageError: there are no documents.
    """
    if not scores:
        raise UsageError("expected scores of at least one document, got none; name a data set that holds documents")
    weights = resample_weights(len(scores), resamples, seed)
    figures = {name: _figure(metric, [metric.of(one) for one in scores], weights) for name, metric in METRICS.items()}
    return Summary(
        documents=len(scores),
        statuses=dict(Counter(one.status for one in scores)),
        figures={name: figure for name, figure in figures.items() if figure},
        fields=_by_field(scores),
        resamples=resamples,
        seed=seed,
    )


def _figure(metric: Metric, ratios: Sequence[Ratio | None], weights: Array) -> Figure | None:
    own = [pooled([ratio], metric.of_nothing) for ratio in ratios if ratio is not None]
    own = [value for value in own if not isnan(value)]
    if not own:
        return None
    low, high = interval(resampled(ratios, weights, metric.of_nothing))
    return Figure(
        value=pooled(ratios, metric.of_nothing),
        low=low,
        high=high,
        macro=fmean(own),
        p90=p90(own),
        documents=len(own),
    )


def _by_field(scores: Sequence[DocumentScores]) -> dict[str, Ratio]:
    fields: dict[str, Ratio] = defaultdict(Ratio)
    for one in scores:
        for pointer, is_right in (one.fields or {}).items():
            name = "/".join("*" if part.isdigit() else part for part in pointer.split("/"))
            fields[name] += Ratio(is_right, 1)
    return dict(fields)
