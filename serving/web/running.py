"""Run the graph on one document, and tell what it does."""

import logging
from typing import Any, NamedTuple

from graph.app import graph
from graph.context import Context
from graph.trace_tags import DOCUMENT_TAG
from graph.tracing import make_tracer, tagged_traces
from schemas.errors import ChatModelError, OptophoneError, PromptError, SchemaError, UsageError
from serving.narrator import Narrator, NoteNode, Tell
from serving.wire import sendable

_logger = logging.getLogger("optophone")

_CODES: dict[type[OptophoneError], str] = {
    SchemaError: "schema",
    ChatModelError: "chat_model",
    PromptError: "prompt",
    UsageError: "usage",
}


class Outcome(NamedTuple):
    """What became of a run; exactly one of result and error is there."""

    result: dict[str, Any] | None
    error: dict[str, str] | None
    trace_id: str | None


async def run_graph(document: str, context: dict[str, Any], tell: Tell, note_node: NoteNode) -> Outcome:
    """Extract a stored document; whatever goes wrong is part of the outcome, but for being cancelled."""
    tracer = make_tracer()
    try:
        with tagged_traces({DOCUMENT_TAG: document}):
            result = await _stream(document, Context(**context), tracer, Narrator(tell, note_node))
    except Exception as error:
        if not isinstance(error, OptophoneError):
            _logger.error("extraction of %s failed: %s", document[:20], type(error).__name__)
        return Outcome(None, told(error), _trace_id(tracer))
    return Outcome(sendable(result), None, _trace_id(tracer))


def told(error: Exception) -> dict[str, str]:
    """Return what a client is told of an error that ended a run.

    The text of an unknown one may hold anything, so it stays in the trace, where secrets are taken out.
    """
    if not isinstance(error, OptophoneError):
        return {"code": "internal", "message": "the extraction failed inside the service; its trace has the reason"}
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "document")
    return {"code": code, "message": str(error)}


def _trace_id(tracer: Any) -> str | None:
    return tracer.trace_id if tracer else None


async def _stream(document: str, context: Context, tracer: Any, narrator: Narrator) -> dict[str, Any]:
    result: dict[str, Any] = {}
    parts = graph.astream(
        {"document": document},
        context=context,
        config={"callbacks": [tracer] if tracer else []},
        stream_mode=["tasks", "values"],
        output_keys=graph.output_channels,  # else the values are the whole state
    )
    part: Any
    async for mode, part in parts:
        if mode == "values":
            result = part
        elif "input" in part:
            narrator.begin(part["id"], part["name"])
        else:
            narrator.end(part["id"], part["name"], part.get("result") or {})
    return result
