"""One span of MLflow's that has yet to end, without what its trace hides, or without anything."""

import json
from collections.abc import Callable
from typing import Any

from documents.redaction import black_out
from graph.redaction.trace import TraceRedactor
from graph.tracing.spans import replace_events

_FAILED = "[left out: it could not be redacted]"
# Kinds, counts and names that MLflow itself writes.
_HARMLESS = {
    "mlflow.traceRequestId",
    "mlflow.spanType",
    "mlflow.spanLogLevel",
    "mlflow.message.format",
    "mlflow.linkedPrompts",
    "mlflow.chat.tokenUsage",
    "mlflow.llm.cost",
    "mlflow.llm.model",
    "mlflow.llm.provider",
}
_INPUTS, _OUTPUTS = "mlflow.spanInputs", "mlflow.spanOutputs"
_EXCEPTION, _TYPE = "exception", "exception.type"


def clean_span(span: Any, redactor: TraceRedactor) -> None:
    """Take out of a span what its trace hides: attributes, pictures, events and status."""
    is_chat_model = span.span_type in ("CHAT_MODEL", "LLM")
    attributes = span.attributes
    _clean_pictures(span, attributes, redactor if is_chat_model else None)
    for name, value in attributes.items():
        if name in _HARMLESS:
            continue
        if is_chat_model and name == _INPUTS and redactor.left_out:
            clean: Any = redactor.left_out
        elif is_chat_model and name == _OUTPUTS:
            clean = redactor.answers(value)
        else:
            clean = redactor.member(name, value)
        span.set_attribute(name, clean)
    _clean_errors(span, None if redactor.hidden.has_fields else redactor.text)


def _clean_pictures(span: Any, attributes: dict[str, Any], redactor: TraceRedactor | None) -> None:
    """Black out the page images, which a chat model's span has in the order of the pages; any others are left out."""
    from mlflow.tracing.attachments import Attachment  # noqa: PLC0415 - takes seconds

    pictures = dict(span._attachments)
    span._attachments.clear()
    if redactor is None or redactor.left_out or len(pictures) != len(redactor.pages):
        return
    for picture, page in zip(pictures.values(), redactor.pages, strict=True):
        black = black_out(picture.content_bytes, page.boxes)
        blackened = Attachment(content_type=picture.content_type, content_bytes=black)
        span._attachments[blackened.id] = blackened
        written = json.dumps(attributes[_INPUTS])
        attributes[_INPUTS] = json.loads(written.replace(picture.ref(span.trace_id), blackened.ref(span.trace_id)))


def _clean_errors(span: Any, hide: Callable[[str], str] | None) -> None:
    """Keep of events the exceptions, by their types alone where nothing can hide what their texts quote.

    Streamed pieces of an answer are events too.
    """
    from mlflow.entities import SpanStatus  # noqa: PLC0415 - takes seconds
    from opentelemetry.sdk.trace import Event  # noqa: PLC0415 - comes with MLflow

    exceptions = [event for event in span._span._events if event.name == _EXCEPTION]
    clean = [
        Event(
            event.name, {name: hide(str(text)) if hide else str(text) for name, text in kept.items()}, event.timestamp
        )
        for event in exceptions
        if (kept := {name: text for name, text in event.attributes.items() if hide or name == _TYPE})
    ]
    replace_events(span, clean)
    if said := span.status.description:
        span.set_status(SpanStatus(span.status.status_code, hide(said) if hide else ""))


def empty(span: Any) -> None:
    """Leave a span nothing but its times, its place in the trace and what MLflow itself says of it."""
    span._attachments.clear()
    for name in span.attributes:
        if name not in _HARMLESS:
            span.set_attribute(name, _FAILED)
    _clean_errors(span, None)
