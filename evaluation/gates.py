"""Bars that figures must reach, for a team's CI."""

from collections.abc import Sequence
from math import isnan
from typing import NamedTuple

from evaluation.datasets.sample import Sample
from evaluation.metrics import METRICS, Summary, find_metric, score_document
from schemas.errors import UsageError


class Gate(NamedTuple):
    """One metric and its bar."""

    metric: str
    bar: float

    def is_passed(self, summary: Summary) -> bool:
        """Tell whether the figure reaches the bar from its good side; one without a value doesn't."""
        figure = summary.figures.get(self.metric)
        if figure is None or isnan(figure.value):
            return False
        return figure.value >= self.bar if METRICS[self.metric].higher_is_better else figure.value <= self.bar


def parse_gates(texts: Sequence[str]) -> list[Gate]:
    """Read `pair_f1=0.45` and the like.

    Raises:
        UsageError: one is of another form, or the metric is unknown.
    """
    gates = []
    for text in texts:
        name, _, bar = text.partition("=")
        find_metric(name)
        try:
            gates.append(Gate(name, float(bar)))
        except ValueError as error:
            raise UsageError(f"expected a bar as {name}=0.45, got '{text}'; give a number") from error
    return gates


def check_gates(gates: Sequence[Gate], samples: Sequence[Sample]) -> None:
    """Find out before anything is paid that a metric doesn't apply to what is expected.

    Raises:
        UsageError: it applies to none of the samples.
    """
    for gate in gates:
        check_metric(gate.metric, samples)


def check_metric(metric: str, samples: Sequence[Sample]) -> None:
    """Find out the same of one metric.

    Raises:
        UsageError: it is unknown, or applies to none of the samples.
    """
    find_metric(metric)
    if samples and not any(_applies(metric, sample) for sample in samples):
        raise UsageError(f"'{metric}' doesn't apply to this dataset; use one of {', '.join(_fit(samples[0]))}")


def _applies(metric: str, sample: Sample) -> bool:
    # Latency and cost apply to any document that was run.
    empty = score_document(sample.document, sample.expected, None, 0.0).model_copy(update={"cost_usd": 0.0})
    return METRICS[metric].of(empty) is not None


def _fit(sample: Sample) -> list[str]:
    return [name for name in METRICS if _applies(name, sample)]
