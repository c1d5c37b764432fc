"""What is written down of a run that ended or waits."""

import logging
from typing import Any

from schemas.errors import UnreachableError
from serving.web.ground_truth import log_ground_truth, review_of
from serving.web.running import Outcome
from serving.web.tables import StoredExtraction, now
from serving.web.traces import find_trace

_logger = logging.getLogger("optophone")


def to_settled(extraction: StoredExtraction, outcome: Outcome) -> dict[str, Any]:
    """Return the columns of an extraction that no longer runs.

    What a person vouched for goes to MLflow first: after a kill in between the run is found ended, and told again.
    """
    result = outcome.result
    trace_id = outcome.trace_id or _trace_of(extraction)
    if result is None and outcome.error is None:
        return {"status": "waiting", "trace_id": trace_id}
    ended_at = now()
    settled = {
        "status": result["status"] if result else "failed",
        "result": result,
        "error": outcome.error,
        "trace_id": trace_id,
        "cost_usd": result["usage"]["cost_usd"] if result else None,
        "ended_at": ended_at,
    }
    if result and (review := review_of(result, ended_at)):
        settled["review"] = review
        _vouch(trace_id, review)
    return settled


def _trace_of(extraction: StoredExtraction) -> str | None:
    """Return the newest trace of a run that another process may have ended."""
    try:
        return (find_trace(extraction.id) if extraction.may_wait else None) or extraction.trace_id
    except UnreachableError:
        return extraction.trace_id


def _vouch(trace_id: str | None, review: dict[str, Any]) -> None:
    try:
        if trace_id is not None:
            log_ground_truth(trace_id, review)
    except UnreachableError:
        _logger.warning("a review is not stored in MLflow, which doesn't answer; save it again on the page")
    except Exception as error:  # whatever MLflow says, the answer counts
        _logger.warning("a review is not stored in MLflow: %s", type(error).__name__)
