"""A document's trace in an evaluation, its scores on it.

MLflow's own way logs each score of a stored trace in a transaction of its own, 40 ms each on SQLite. Scores that are
logged while their trace is still active go into the store together with it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from evaluation.differences import explain, side_by_side
from evaluation.metrics import METRICS, DocumentScores
from graph.settings import get_settings
from graph.state import OutputState
from graph.tracing.tags import EVALUATION, KIND_TAG
from graph.tracing.tracers import tagged_traces

EXPECTED = "expected"
"""Name of the gold on a trace; not the name of a reviewer's correction, which makes a sample of its own."""
_SOURCE = "optophone"

# Traces show these by themselves, or as their state.
_SHOWN_BY_TRACES = {"attempts", "tokens", "cost_usd", "latency_s", "failed_rate"}
NAMES = [name for name in METRICS if name not in _SHOWN_BY_TRACES]
"""The metrics that are logged for each document."""


@contextmanager
def document_span(document: str, run_id: str | None) -> Iterator[Any]:
    """Open the trace of one document in a run, for scores to be logged into; None without a run or without tracing.

    Its tag tells it from the traces of documents that are read for their own sake.
    """
    if not get_settings().tracing:
        yield None
        return
    import mlflow  # noqa: PLC0415 - takes seconds

    with tagged_traces({KIND_TAG: EVALUATION}):
        if run_id is None:
            yield None
            return
        with mlflow.start_span("evaluate", run_id=run_id) as span:
            span.set_inputs({"document": document})
            yield span


def log_scores(
    span: Any, scores: DocumentScores, result: OutputState | None, expected: Mapping[str, Any], run_id: str
) -> None:
    """Log the outcome, each metric that applies, and what was expected into the active trace."""
    import mlflow  # noqa: PLC0415 - takes seconds
    from mlflow.entities import AssessmentSource, AssessmentSourceType, Expectation, Feedback  # noqa: PLC0415

    if result is None:
        span.set_status("ERROR")
    else:
        # MLflow shows the beginning; where each value stands is in the graph's own span below.
        rest = {key: value for key, value in result.items() if key not in ("extraction", "fields")}
        span.set_outputs({"extraction": result["extraction"], **rest})
    source = AssessmentSource(AssessmentSourceType.CODE, _SOURCE)
    metadata = {"mlflow.assessment.sourceRunId": run_id}
    rationale = explain(side_by_side(expected, result["extraction"] if result else None))
    values = own_figures(scores)
    for number, (name, value) in enumerate(values.items()):
        said = rationale if number == 0 else None  # the headline's; with each it would fill the store
        feedback = Feedback(name=name, value=value, source=source, rationale=said, metadata=metadata)
        mlflow.log_assessment(span.trace_id, feedback)
    gold = Expectation(name=EXPECTED, value=dict(expected), source=source, metadata=metadata)
    mlflow.log_assessment(span.trace_id, gold)


def own_figures(scores: DocumentScores) -> dict[str, float]:
    """Return one document's own figure for each metric of `NAMES` that applies to it, the headline first."""
    ratios = {name: METRICS[name].of(scores) for name in NAMES}
    figures = {name: ratio.value for name, ratio in ratios.items() if ratio is not None}
    if "field_accuracy" in figures:  # of named fields it is the headline
        figures = {"field_accuracy": figures["field_accuracy"], **figures}
    return {name: value for name, value in figures.items() if value is not None}
