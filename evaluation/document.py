"""One document of an evaluation: run the graph on it, and score the answer as it stood after each request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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

# What a provider says at most, with a file's name.
_FAILURE_CHARS = 300


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

    @property
    def problem(self) -> str | None:
        """Why there is no answer at all; None where there is one."""
        if self.result is None:
            return self.failure
        errors = self.result["validation_errors"]
        return errors[0]["message"] if self.result["extraction"] is None and errors else None

    def after(self, attempt: int) -> DocumentScores:
        """Return the scores after so many requests (from 1); a document that ended before keeps its last ones."""
        return self.attempts[attempt - 1].scores if attempt < len(self.attempts) else self.scores

    def to_line(self) -> bytes:
        """Return it as one line of JSON; what no UTF-8 can carry (lone surrogates of a broken answer) is escaped."""
        return json.dumps(self.model_dump(), ensure_ascii=False).encode(errors="backslashreplace") + b"\n"


def run_document(name: str, sample: Sample, context: Context, run_id: str | None, *, is_first: bool) -> DocumentResult:
    """Read one document and score it; with a run, its trace and scores belong to that run.

    A document that fails is scored as an empty answer. In the first one a mistake in the call, which is wrong for all
    documents alike, is raised; in a later one it isn't, since the others are paid for.

    Raises:
        UsageError: the first document shows that the call is wrong.
    """
    run = _Run(name, sample.expected)
    with document_span(sample.document, run_id) as span:
        try:
            for values in graph.stream({"document": sample.document}, context=context, stream_mode="values"):
                run.note(values)
        except Exception as error:
            if is_first and isinstance(error, UsageError):
                raise
            run.failure = " ".join(without_secrets(str(error)).split())[:_FAILURE_CHARS] or type(error).__name__
        document = run.score()
        if span is None or run_id is None:
            return document
        log_scores(span, document.scores, document.result, sample.expected, run_id)
        return document.model_copy(update={"trace_id": span.trace_id})


@dataclass
class _Run:
    """A run under way, and what stood after each of its requests."""

    name: str
    expected: Mapping[str, Any]
    start: float = field(default_factory=perf_counter)
    states: dict[int, tuple[OutputState, float]] = field(default_factory=dict)
    """By number of requests, the state and the seconds until then."""
    failure: str | None = None

    def note(self, values: Mapping[str, Any]) -> None:
        """Take the state after a node: what stands last under a number of requests is what that request led to."""
        if "attempts" in values:
            self.states[values["attempts"]] = _output(values), perf_counter() - self.start

    def score(self) -> DocumentResult:
        """End the run here."""
        latency_s = perf_counter() - self.start
        attempts = [
            Attempt(
                extraction=state["extraction"],
                scores=score_document(self.name, self.expected, _ended(state), seconds),
            )
            for number, (state, seconds) in self.states.items()
            if number > 0
        ]
        result = None if self.failure is not None else list(self.states.values())[-1][0]
        return DocumentResult(
            scores=self._final(result, attempts, latency_s),
            expected=dict(self.expected),
            result=result,
            failure=self.failure,
            attempts=attempts,
            trace_id=None,
        )

    def _final(self, result: OutputState | None, attempts: list[Attempt], latency_s: float) -> DocumentScores:
        if not attempts:
            return score_document(self.name, self.expected, result, latency_s)
        last = attempts[-1].scores
        if result is not None:
            return last.model_copy(update={"latency_s": latency_s})
        # What was asked before it failed is paid.
        taken = {"attempts": last.attempts, "tokens": last.tokens, "cost_usd": last.cost_usd}
        return score_document(self.name, self.expected, None, latency_s).model_copy(update=taken)


def _ended(state: OutputState) -> OutputState:
    """Give an attempt that another one followed the status it would have ended with."""
    return {**state, "status": state["status"] or "exhausted"}


def _output(values: Mapping[str, Any]) -> OutputState:
    """Leave out what only the nodes need."""
    return {key: values[key] for key in OutputState.__annotations__}  # type: ignore[return-value]
