"""Run the graph on one document, and tell what it does."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig

from graph.app import graph
from graph.context import Context
from graph.tracing import make_tracer, tagged_traces
from schemas.errors import ChatModelError, OptophoneError, PromptError, SchemaError, UsageError
from serving.web.tables import StoredAnswer, StoredExtraction
from serving.web.threads import Threads, next_input
from serving.web.traces import DOCUMENT_TAG

_logger = logging.getLogger("optophone")

_CODES: dict[type[OptophoneError], str] = {
    SchemaError: "schema",
    ChatModelError: "chat_model",
    PromptError: "prompt",
    UsageError: "usage",
}

Tell = Callable[[dict[str, Any]], None]
NoteNode = Callable[[str, float], None]


class Outcome(NamedTuple):
    """What became of a run: a result, an error, or neither where it waits for a person."""

    result: dict[str, Any] | None
    error: dict[str, str] | None
    trace_id: str | None


async def run_graph(
    extraction: StoredExtraction, answer: StoredAnswer | None, threads: Threads, tell: Tell, note_node: NoteNode
) -> Outcome:
    """Extract a stored document, or go on with it; whatever goes wrong is part of the outcome, but for being cancelled.

    Raises:
        DatabaseUnavailableError: what waits can't be looked at; nothing was done.
    """
    thread = await threads.look(extraction.id) if extraction.may_wait else None
    if thread is not None and thread.is_settled(answer):
        return Outcome(thread.result and to_sendable(thread.result), None, None)
    tracer = make_tracer()
    run = _Run(extraction, threads, tracer, _Narrator(tell, note_node, extraction.progress))
    try:
        with tagged_traces({DOCUMENT_TAG: extraction.document}):
            result = await run.stream(next_input(thread, extraction.document, answer))
    except OptophoneError as error:
        code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "document")
        return Outcome(None, {"code": code, "message": str(error)}, _trace_id(tracer))
    except Exception as error:
        # The text of an unknown error may hold anything, so it stays in the trace, where secrets are taken out.
        _logger.error("extraction of %s failed: %s", extraction.document[:20], type(error).__name__)
        if thread is not None and thread.question:  # nothing of the answer was kept
            return Outcome(None, None, None)
        message = "the extraction failed inside the service; its trace has the reason"
        return Outcome(None, {"code": "internal", "message": message}, _trace_id(tracer))
    return Outcome(to_sendable(result) if result.get("status") else None, None, _trace_id(tracer))


def to_sendable(result: Any) -> Any:
    """Put a question mark for half a sign (a lone surrogate), which JSON can name and UTF-8 can't carry."""
    return json.loads(json.dumps(result, ensure_ascii=False).encode(errors="replace"))


def _trace_id(tracer: Any) -> str | None:
    return tracer.trace_id if tracer else None


class _Run(NamedTuple):
    """One call of the graph; with a thread of its own where it may wait."""

    extraction: StoredExtraction
    threads: Threads
    tracer: Any
    narrator: "_Narrator"

    async def stream(self, given: Any) -> dict[str, Any]:
        """Return the state at the end, whose status is None where a person is asked."""
        extraction = self.extraction
        result: dict[str, Any] = {}
        may_wait = extraction.may_wait
        config = self.threads.config(extraction.id, extraction.name) if may_wait else RunnableConfig()
        config["callbacks"] = [self.tracer] if self.tracer else []
        parts = (self.threads.graph if may_wait else graph).astream(
            given,
            config,
            context=Context(**extraction.context),
            stream_mode=["tasks", "values"],
            durability="exit" if may_wait else None,
        )
        part: Any
        async for mode, part in parts:
            if mode == "values":
                result = {**result, **part}
            elif "input" in part:
                self.narrator.begin(part["id"], part["name"], part["input"])
            else:
                self.narrator.end(part["id"], part["name"], part)
        return result


class _Narrator:
    """Turns the graph's tasks into sentences for who waits, and into seconds for who measures."""

    def __init__(self, tell: Tell, note_node: NoteNode, before: Sequence[dict[str, Any]]) -> None:
        self._tell, self._note_node = tell, note_node
        self._began: dict[str, float] = {}
        self._attempt = before[-1]["attempt"] if before else 0
        self._is_answer = bool(before)

    def begin(self, task: str, node: str, given: Any) -> None:
        self._began[task] = time.monotonic()
        self._attempt += node == "extract"
        asks_person = node == "refine" and given.get("doubts")
        messages = {
            "preprocess": "reading the pages",
            "extract": "asking the chat model",
            "validate": "checking the answer",
            "refine": "asking again for what failed",
        }
        if not asks_person:
            self._say(node, messages.get(node, node))
        elif self._is_answer:
            self._say(node, "taking the answer")
        self._is_answer = False

    def end(self, task: str, node: str, done: Any) -> None:
        self._note_node(node, time.monotonic() - self._began.pop(task, time.monotonic()))
        for interrupt in done.get("interrupts") or []:
            asked = len(interrupt["value"]["fields"])
            self._say(node, f"waiting for a person: {_count(asked, 'value')} in doubt")
        if node == "validate" and (update := dict(done.get("result") or {})):
            wrong, doubts = len(update["validation_errors"]), len(update["doubts"])
            doubted = f"{_count(doubts, 'value')} in doubt" if doubts else "all is valid"
            self._say(node, f"{_count(wrong, 'thing')} wrong" if wrong else doubted)

    def _say(self, node: str, message: str) -> None:
        self._tell({"node": node, "attempt": self._attempt, "message": message})


def _count(number: int, one: str) -> str:
    return f"{number} {one}{' is' if number == 1 else 's are'}"
