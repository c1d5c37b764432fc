"""Run the graph on one document, and tell what it does."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from graph.app import graph
from graph.context import Context
from graph.trace_tags import DOCUMENT_TAG
from graph.tracing import make_tracer, tagged_traces
from schemas.errors import ChatModelError, OptophoneError, PromptError, SchemaError, UsageError

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
    """What became of a run; exactly one of result and error is there."""

    result: dict[str, Any] | None
    error: dict[str, str] | None
    trace_id: str | None


async def run_graph(document: str, context: dict[str, Any], tell: Tell, note_node: NoteNode) -> Outcome:
    """Extract a stored document; whatever goes wrong is part of the outcome, but for being cancelled."""
    tracer = make_tracer()
    try:
        with tagged_traces({DOCUMENT_TAG: document}):
            result = await _stream(document, Context(**context), tracer, _Narrator(tell, note_node))
    except OptophoneError as error:
        code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "document")
        return Outcome(None, {"code": code, "message": str(error)}, _trace_id(tracer))
    except Exception as error:
        # The text of an unknown error may hold anything, so it stays in the trace, where secrets are taken out.
        _logger.error("extraction of %s failed: %s", document[:20], type(error).__name__)
        message = "the extraction failed inside the service; its trace has the reason"
        return Outcome(None, {"code": "internal", "message": message}, _trace_id(tracer))
    return Outcome(_sendable(result), None, _trace_id(tracer))


def _sendable(result: dict[str, Any]) -> dict[str, Any]:
    """Put a question mark for half a sign (a lone surrogate), which JSON can name and UTF-8 can't carry."""
    sent: dict[str, Any] = json.loads(json.dumps(result, ensure_ascii=False).encode(errors="replace"))
    return sent


def _trace_id(tracer: Any) -> str | None:
    return tracer.trace_id if tracer else None


async def _stream(document: str, context: Context, tracer: Any, narrator: "_Narrator") -> dict[str, Any]:
    result: dict[str, Any] = {}
    parts = graph.astream(
        {"document": document},
        context=context,
        config={"callbacks": [tracer] if tracer else []},
        stream_mode=["tasks", "values"],
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


class _Narrator:
    """Turns the graph's tasks into sentences for who waits, and into seconds for who measures."""

    def __init__(self, tell: Tell, note_node: NoteNode) -> None:
        self._tell, self._note_node = tell, note_node
        self._began: dict[str, float] = {}
        self._attempt = 0

    def begin(self, task: str, node: str) -> None:
        self._began[task] = time.monotonic()
        self._attempt += node == "extract"
        messages = {
            "preprocess": "reading the pages",
            "extract": "asking the chat model",
            "validate": "checking the answer",
            "refine": "asking again for what failed",
        }
        self._say(node, messages.get(node, node))

    def end(self, task: str, node: str, update: Any) -> None:
        self._note_node(node, time.monotonic() - self._began.pop(task, time.monotonic()))
        update = dict(update)
        if node == "validate":
            errors = len(update.get("validation_errors") or [])
            self._say(
                node, f"{errors} {'thing is' if errors == 1 else 'things are'} wrong" if errors else "all is valid"
            )

    def _say(self, node: str, message: str) -> None:
        self._tell({"node": node, "attempt": self._attempt, "message": message})
