"""What is done to each span before it leaves the process."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from chat_models.secrets import secrets, without_secrets

WAITS_TAG = "optophone.waits_for_review"
"""Tag of a trace whose run stopped for a person: at how many places. What came of it is a trace of the same session."""

_STOPPED = "GraphInterrupt"
_UPLOADS = ("data:", "mlflow-attachment:")
_TAKES_DOCUMENTS = ("optophone", "preprocess", "predict", "predict_stream")
"""Names of spans: the graph, its first node, and the agent around it."""


def take_out_secrets(span: Any) -> None:
    """Take this process's secrets out of a span before it leaves."""
    from mlflow.entities import SpanStatus  # noqa: PLC0415 - takes seconds

    if not (known := secrets()) or not _may_hold(span, known):
        return
    for name, value in span.attributes.items():
        clean = without_secrets(value, known)
        if clean != value:
            span.set_attribute(name, clean)
    said = span.status.description
    if said and (clean := without_secrets(said, known)) != said:
        span.set_status(SpanStatus(span.status.status_code, clean))
    _take_out_of_events(span, known)


def _may_hold(span: Any, known: Sequence[str]) -> bool:
    """Look through the texts as they are: to read each attribute takes ten times as long.

    A secret with a sign that JSON escapes stands there in another form.
    """
    if any(json.dumps(secret) != f'"{secret}"' for secret in known):
        return True
    attributes = [span._span.attributes, *(event.attributes for event in span._span.events)]
    texts = [str(text) for some in attributes for text in (some or {}).values()] + [span.status.description or ""]
    return any(secret in text for text in texts for secret in known)


def _take_out_of_events(span: Any, known: Sequence[str]) -> None:
    """Take secrets out of events: a provider repeats a key in its error."""
    from opentelemetry.sdk.trace import Event  # noqa: PLC0415 - comes with MLflow

    events = span._span._events
    clean = [Event(event.name, without_secrets(dict(event.attributes), known), event.timestamp) for event in events]
    if any(new.attributes != old.attributes for new, old in zip(clean, events, strict=True)):
        replace_events(span, clean)


def replace_events(span: Any, events: Sequence[Any]) -> None:
    """Replace the events of a span, exceptions for one, which OpenTelemetry lets nobody change: inside it.

    A test looks for a key that a provider repeats in its error.
    """
    span._span._events = type(span._span._events).from_seq(len(events), events)


def name_upload(span: Any) -> None:
    """Name a document that came with the request instead of storing it: its pages stand in the chat model's span."""
    if span.name not in _TAKES_DOCUMENTS:  # reading a span's inputs parses them
        return
    inputs = span.inputs
    named = _without_uploads(inputs)
    if named == inputs:
        return
    span.set_inputs(named)
    # MLflow has taken the bytes out already, to store them beside the trace.
    span._attachments.clear()


def _without_uploads(value: Any) -> Any:
    if isinstance(value, dict):
        # The Responses API's files may come as bare base64.
        return {key: "data:…" if key == "file_data" else _without_uploads(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_uploads(item) for item in value]
    return "data:…" if isinstance(value, str) and value.startswith(_UPLOADS) else value


def summarise(span: Any) -> None:
    """Count a round's places instead of listing them: the last round's stand in the root span's outputs."""
    if span.name != "validate":
        return
    outputs = span.outputs
    if isinstance(outputs, dict) and outputs.get("fields"):
        places = Counter(field["grounding"] for field in outputs["fields"])
        span.set_outputs({**outputs, "fields": dict(places)})


def mark_waiting(span: Any) -> None:
    """Say that the run waits for a person where MLflow sees an error: LangGraph stops a node by an exception."""
    if span.name != "refine" or not any(event.attributes.get("exception.type") == _STOPPED for event in span.events):
        return
    import mlflow  # noqa: PLC0415 - takes seconds

    paths = [doubt["path"] for doubt in span.inputs["doubts"]]
    span._span._events = type(span._span._events)(None)
    span.set_status("OK")
    span.set_outputs({"waits_for": paths})
    span.set_attribute(WAITS_TAG, paths)
    mlflow.set_trace_tag(span.trace_id, WAITS_TAG, str(len(paths)))


def escape_surrogates(span: Any) -> None:
    """A file name that is no UTF-8 reaches Python with lone surrogates, which no database takes."""
    for name, text in dict(span._span.attributes).items():
        if isinstance(text, str) and not text.isascii():
            span._span.set_attribute(name, text.encode("utf-8", "backslashreplace").decode())
