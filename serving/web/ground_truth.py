"""What a person says is right, on the extraction's trace in MLflow: training, evaluation and prompt search read it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from documents.redaction import REDACTED, Mask
from evaluation.datasets.reviewed import log_correction
from graph.redaction.rules import get_redaction
from graph.settings import get_settings
from graph.tracing.queue import flush_traces
from prompts.connection import connect

# Traces on their way are stored first, which takes a second or two.
_DEADLINE_S = 30.0


def log_ground_truth(trace_id: str, review: Mapping[str, Any]) -> None:
    """Store the right extraction as the trace's expectation, and of how many fields what was said as feedback.

    Args:
        trace_id: trace of the extraction.
        review: `serving.web.models.Review` as plain data; a later one replaces it.

    Raises:
        UnreachableError: MLflow doesn't answer.
    """

    def log() -> None:
        flush_traces()
        log_correction(trace_id, review["extraction"], review["reviewer"])
        _log_feedback(trace_id, review["fields"], review["comment"], review["reviewer"])

    connect(get_settings().tracking_uri).run(log, _DEADLINE_S)


def _log_feedback(trace_id: str, fields: Sequence[Mapping[str, Any]], comment: str, reviewer: str) -> None:
    import mlflow  # noqa: PLC0415 - takes seconds
    from mlflow.entities import AssessmentSource, AssessmentSourceType  # noqa: PLC0415

    states = Counter(field["state"] for field in fields)
    mlflow.log_feedback(
        trace_id=trace_id,
        name="is_correct",
        value=set(states) <= {"correct"},
        rationale=_redacted(comment) or None,
        source=AssessmentSource(AssessmentSourceType.HUMAN, reviewer),
        metadata={"fields": json.dumps(states, sort_keys=True)},
    )


def _redacted(comment: str) -> str:
    """Return a comment without patterns; whole comments are hidden where fields are: it may quote any value."""
    redaction = get_redaction()
    if redaction is None or not comment:
        return comment
    return REDACTED if redaction.has_fields else Mask(patterns=redaction.patterns).hide(comment)


def review_of(result: Mapping[str, Any], reviewed_at: str) -> dict[str, Any] | None:
    """Return what a person vouched for, as a correction says it; None unless somebody was asked and all is valid."""
    review = result.get("review")
    if review is None or result["status"] != "valid":
        return None
    corrected = set(review["corrected"])
    said = corrected | set(review["confirmed"])
    fields = [
        {
            "path": field["path"],
            "state": "corrected" if field["path"] in corrected else "correct",
            "page_index": field["page_index"],
            "bbox": field["bbox"],
        }
        for field in result["fields"]
        if field["path"] in said
    ]
    return {
        "extraction": result["extraction"],
        "fields": fields,
        "comment": review["comment"],
        "reviewer": review["reviewer"],
        "reviewed_at": reviewed_at,
    }
