"""One document of an evaluation: run the graph on it, and score the answer as it stood after each request."""

import logging
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from pydantic import BaseModel, ConfigDict

from chat_models.secrets import without_secrets
from evaluation.datasets.sample import Sample
from evaluation.metrics import DocumentScores, score_document
from evaluation.spans import document_span, log_scores
from graph.app import graph
from graph.context import Context
from graph.state import OutputState
from schemas.errors import UsageError

_logger = logging.getLogger("optophone")


class Attempt(BaseModel):
    """The answer as it stood after one request."""

    model_config = ConfigDict(frozen=True)

    extraction: dict[str, Any] | None
    scores: DocumentScores
    """What the document would have come to, had it ended here; attempts, tokens, cost and time up to here."""


class DocumentResult(BaseModel):
    """What one document gave, beside what was expected: one line of `per_document.jsonl`."""

    model_config = ConfigDict(frozen=True)

    scores: DocumentScores
    expected: dict[str, Any]
    result: OutputState | None
    """None where the run failed."""
    failure: str | None
    """Why it failed."""
    attempts: list[Attempt]
    """By request; empty where none was answered."""
    trace_id: str | None

    def after(self, attempt: int) -> DocumentScores:
        """Return the scores after so many requests (from 1); a document that ended before keeps its last ones."""
        return self.attempts[attempt - 1].scores if attempt < len(self.attempts) else self.scores


def run_document(name: str, sample: Sample, context: Context, run_id: str | None, *, is_first: bool) -> DocumentResult:
    """Read one document and score it; with a run, its trace and scores belong to that run.

    A document that fails is scored as an empty answer. In the first one a mistake in the call, which is wrong for all
    documents alike, is raised; in a later one it isn't, since the others are paid for.

    Raises:
        UsageError: the first document shows that the call is wrong.
    """
    states: dict[int, OutputState] = {}
    times: dict[int, float] = {}
    failure = None
    start = perf_counter()
    with document_span(sample.document, run_id) as span:
        try:
            # After each node: what stands last under a number of requests is the outcome of that request.
            for values in graph.stream({"document": sample.document}, context=context, stream_mode="values"):
                if "attempts" in values:
                    states[values["attempts"]] = _output(values)
                    times[values["attempts"]] = perf_counter() - start
        except Exception as error:
            if is_first and isinstance(error, UsageError):
                raise
            failure = " ".join(without_secrets(str(error)).split())[:300] or type(error).__name__
            _logger.warning("'%s' failed: %s", name, failure)
        document = _score(name, sample.expected, states, times, perf_counter() - start, failure)
        if span is None:
            return document
        log_scores(span, document.scores, document.result, sample.expected, run_id)
        return document.model_copy(update={"trace_id": span.trace_id})


def _output(values: Mapping[str, Any]) -> OutputState:
    """Leave out what only the nodes need."""
    return {key: values[key] for key in OutputState.__annotations__}  # type: ignore[return-value]


def _score(
    name: str,
    expected: Mapping[str, Any],
    states: Mapping[int, OutputState],
    times: Mapping[int, float],
    latency_s: float,
    failure: str | None,
) -> DocumentResult:
    attempts = [
        Attempt(extraction=state["extraction"], scores=score_document(name, expected, state, times[number]))
        for number, state in states.items()
        if number > 0
    ]
    result = None if failure is not None else list(states.values())[-1]
    if result is not None and attempts:
        scores = attempts[-1].scores.model_copy(update={"latency_s": latency_s})
    else:
        scores = score_document(name, expected, result, latency_s)
    if result is None and attempts:  # what was asked before it failed is paid
        taken = {part: getattr(attempts[-1].scores, part) for part in ("attempts", "tokens", "cost_usd")}
        scores = scores.model_copy(update=taken)
    return DocumentResult(
        scores=scores,
        expected=dict(expected),
        result=result,
        failure=failure,
        attempts=attempts,
        trace_id=None,
    )
