"""Run the graph on one document, and tell what it does."""

import logging
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig

from graph.app import graph
from graph.context import Context
from graph.tracing.tags import DOCUMENT_TAG
from graph.tracing.tracers import make_tracer, tagged_traces
from schemas.errors import ChatModelError, OptophoneError, PromptError, SchemaError, UsageError
from serving.narrator import Narrator, NoteNode, Tell
from serving.web.database import DatabaseUnavailableError
from serving.web.tables import StoredAnswer, StoredExtraction
from serving.web.threads import Thread, Threads, next_input, outages
from serving.wire import sendable

_logger = logging.getLogger("optophone")

_CODES: dict[type[OptophoneError], str] = {
    SchemaError: "schema",
    ChatModelError: "chat_model",
    PromptError: "prompt",
    UsageError: "usage",
}


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
        return Outcome(thread.result and sendable(thread.result), None, None)
    tracer = make_tracer()
    run = _Run(extraction, threads, tracer, Narrator(tell, note_node, extraction.progress))
    try:
        with tagged_traces({DOCUMENT_TAG: extraction.document}), outages():
            result = await run.stream(next_input(thread, extraction.document, answer))
    except OptophoneError as error:
        return Outcome(None, told(error), _trace_id(tracer))
    except DatabaseUnavailableError as error:
        # To try again would ask, and pay, the chat model again.
        _logger.error("extraction of %s failed: %s", extraction.document[:20], error)
        message = "the database was away when the run was to be kept; extract the document again"
        return _failed(thread, {"code": "unreachable", "message": message}, tracer)
    except Exception as error:
        _logger.error("extraction of %s failed: %s", extraction.document[:20], type(error).__name__)
        return _failed(thread, told(error), tracer)
    return Outcome(sendable(result) if result.get("status") else None, None, _trace_id(tracer))


def told(error: Exception) -> dict[str, str]:
    """Return what a client is told of an error that ended a run.

    The text of an unknown one may hold anything, so it stays in the trace, where secrets are taken out.
    """
    if not isinstance(error, OptophoneError):
        return {"code": "internal", "message": "the extraction failed inside the service; its trace has the reason"}
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "document")
    return {"code": code, "message": str(error)}


def _failed(thread: Thread | None, error: dict[str, str], tracer: Any) -> Outcome:
    """Report the error, unless a person's answer is what came to nothing: it is not kept then, and asked for again."""
    if thread is not None and thread.question:
        return Outcome(None, None, None)
    return Outcome(None, error, _trace_id(tracer))


def _trace_id(tracer: Any) -> str | None:
    return tracer.trace_id if tracer else None


class _Run(NamedTuple):
    """One call of the graph; with a thread of its own where it may wait."""

    extraction: StoredExtraction
    threads: Threads
    tracer: Any
    narrator: Narrator

    async def stream(self, given: Any) -> dict[str, Any]:
        """Return the state at the end, whose status is None where a person is asked."""
        extraction = self.extraction
        result: dict[str, Any] = {}
        may_wait = extraction.may_wait
        config = (
            self.threads.config(extraction.id, extraction.name)
            if may_wait
            else RunnableConfig(metadata={"name": extraction.name})
        )
        config["callbacks"] = [self.tracer] if self.tracer else []
        parts = (self.threads.graph if may_wait else graph).astream(
            given,
            config,
            context=Context(**extraction.context),
            stream_mode=["tasks", "values"],
            output_keys=graph.output_channels,  # else the values are the whole state
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
