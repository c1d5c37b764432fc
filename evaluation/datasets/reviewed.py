"""What reviewers put right in MLflow.

A correction is an expectation named `extraction` on the trace of an extraction. Its value is the whole extraction as it
should be, a JSON object that fits the trace's schema. MLflow's own page can add one ("Add expectation", type JSON), and
`log_correction` does. The trace's outputs say which document and which schema it is of.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from documents.redaction import REDACTED
from evaluation.datasets.annotations import Loaded, UnusableAnnotationError, check_shape
from evaluation.datasets.sample import Sample, Skipped
from graph.redaction.hidden import hide_extraction
from graph.redaction.rules import get_redaction
from graph.settings import get_store
from graph.tracing.experiment import experiment_name
from prompts.connection import connect
from schemas.errors import UnreadableDocumentError, UsageError
from schemas.target import REGISTERED

EXPECTATION = "extraction"
# Reading every correction of a big store takes a while, and somebody is waiting for just that.
_DEADLINE_S = 60.0


def log_correction(trace_id: str, extraction: Mapping[str, Any], reviewer: str) -> None:
    """Leave the right extraction on a trace in this process's store; a later one replaces it.

    What is to be redacted stays out of it, and so it is no ground truth.
    The trace must be stored already: see `graph.tracing.queue.flush_traces`.
    """
    import mlflow  # noqa: PLC0415 - takes seconds
    from mlflow.entities import AssessmentSource, AssessmentSourceType  # noqa: PLC0415

    source = AssessmentSource(AssessmentSourceType.HUMAN, reviewer)
    redaction = get_redaction()
    value = hide_extraction(extraction, redaction) if redaction else dict(extraction)
    mlflow.log_expectation(trace_id=trace_id, name=EXPECTATION, value=value, source=source)


def load_reviewed(tracking_uri: str) -> Loaded:
    """Load the newest correction of each document and schema, in the order of the documents' references.

    Raises:
        UsageError: no trace has a correction.
        UnreachableError: MLflow does not answer.
    """
    traces = connect(tracking_uri).run(_corrected_traces, _DEADLINE_S)
    if not traces:
        raise UsageError(
            f"expected traces with an expectation '{EXPECTATION}' in the experiment '{experiment_name()}', found none; "
            "correct an extraction in MLflow first"
        )
    newest: dict[tuple[str, str], Sample] = {}
    skipped = []
    for trace in sorted(traces, key=_corrected_at):
        try:
            sample = _to_sample(trace)
        except UnusableAnnotationError as error:
            skipped.append(Skipped(trace.info.trace_id, str(error)))
        else:
            newest[sample.document, sample.metadata["schema"]] = sample
    return [newest[key] for key in sorted(newest)], skipped


def _corrected_traces() -> list[Any]:
    import mlflow  # noqa: PLC0415 - takes seconds

    experiment = mlflow.get_experiment_by_name(experiment_name())
    if experiment is None:
        return []
    traces: Iterable[Any] = mlflow.search_traces(
        locations=[experiment.experiment_id],
        filter_string=f"expectation.{EXPECTATION} LIKE '%'",  # whatever it is; MLflow knows no IS NOT NULL here
        return_type="list",
    )
    return [trace for trace in traces if trace.search_assessments(EXPECTATION, type="expectation")]


def _correction(trace: Any) -> Any:
    """Return the newest correction of a trace: each reviewer may have left one."""
    return max(trace.search_assessments(EXPECTATION, type="expectation"), key=lambda found: found.last_update_time_ms)


def _corrected_at(trace: Any) -> int:
    return int(_correction(trace).last_update_time_ms)


def _to_sample(trace: Any) -> Sample:
    outputs = trace.data.spans[0].outputs if trace.data.spans else None
    if not isinstance(outputs, dict) or not str(outputs.get("document")).startswith("sha256:"):
        raise UnusableAnnotationError("expected the trace of an extraction, got another; correct traces of 'optophone'")
    document, schema = outputs["document"], str(outputs.get("target_schema"))
    if not _is_stored(document):
        raise UnusableAnnotationError("its document is not in the document store any more; extract it again")
    correction = _correction(trace)
    expected = _to_object(correction.value)
    if REDACTED in json.dumps(expected):
        raise UnusableAnnotationError(
            "expected values, got a correction that was redacted; correct it without redaction"
        )
    if schema in REGISTERED:
        check_shape(expected, schema)
    metadata = {
        "dataset": "reviewed",
        "schema": schema,
        "stem": document.removeprefix("sha256:")[:12],
        "trace_id": trace.info.trace_id,
        "reviewer": correction.source.source_id,
    }
    return Sample(document, expected, metadata)


def _is_stored(document: str) -> bool:
    try:
        return document in get_store()
    except UnreadableDocumentError:  # a reference that is none
        return False


def _to_object(value: Any) -> dict[str, Any]:
    """Accept JSON typed as text too."""
    try:
        value = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError) as error:
        raise UnusableAnnotationError(f"expected the right extraction as JSON, got an error: {error}") from error
    if not isinstance(value, dict):
        raise UnusableAnnotationError(f"expected a JSON object, got {type(value).__name__}; give the whole extraction")
    return value
