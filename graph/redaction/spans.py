"""Let no span leave this process before what its trace hides is known and taken out.

MLflow sends each span as it ends, long before the answer says which values are to be hidden. So with redaction on, a
span that ends is kept until the root of its trace ends; then all are cleaned, and end one after another with the times
that they really ended at. Two hooks do it:

- `LiveSpan.end`, which everything that ends a span calls, is wrapped: it keeps what is no root. MLflow has no hook of
  its own for this.
- MLflow's own hook for span processors empties each span that did not come that way, so that a later MLflow which ends
  its spans otherwise sends empty ones. Tests look at both.

An error in here empties the spans of the trace.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from typing import Any

from documents.page import Page, Word
from documents.words import page_words
from graph.redaction.cleaning import clean_span, empty
from graph.redaction.rules import Redaction
from graph.redaction.trace import Payload, TraceRedactor
from graph.settings import get_store

_logger = logging.getLogger("optophone")


class SpanRedactor:
    """Holds the spans of the traces that are on their way."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._lock = threading.Lock()
        self._held: defaultdict[str, list[tuple[Any, int]]] = defaultdict(list)
        self._clean = threading.local()

    def install(self) -> Callable[[Any], None]:
        """Take over how spans end, for the rest of the process; return the span processor that has to be the first."""
        from mlflow.entities.span import LiveSpan  # noqa: PLC0415 - takes seconds

        end = getattr(LiveSpan.end, "__wrapped__", LiveSpan.end)

        @wraps(end)
        def hold(
            span: Any,
            outputs: Any = None,
            attributes: dict[str, Any] | None = None,
            status: Any = None,
            end_time_ns: int | None = None,
        ) -> None:
            ended_ns = end_time_ns or time.time_ns()
            try:
                _finish(span, outputs, attributes, status)
                self._keep(span, ended_ns, end)
            except Exception as error:  # tracing never makes an extraction fail
                _say_failed(error)

        LiveSpan.end = hold  # type: ignore[method-assign,assignment]

        def empty_unclean(span: Any) -> None:
            if getattr(self._clean, "span_id", None) != span.span_id:
                empty(span)

        return empty_unclean  # a plain function: MLflow takes no bound method

    def _keep(self, span: Any, end_time_ns: int, end: Callable[..., None]) -> None:
        """Keep a span until the root of its trace ends; with the root release them all."""
        self._forget_abandoned()
        with self._lock:
            self._held[span.trace_id].append((span, end_time_ns))
        # In this order: a root that has yet to end takes what is held then.
        if span.parent_id is None or not _is_open(span.trace_id):
            self._release(span.trace_id, end)

    def _release(self, trace_id: str, end: Callable[..., None]) -> None:
        """End what is held of a trace, and what is added to it meanwhile."""
        while held := self._take(trace_id):
            self._clean_trace([span for span, _ in held])
            for span, end_time_ns in held:
                self._clean.span_id = span.span_id
                end(span, end_time_ns=end_time_ns)

    def _forget_abandoned(self) -> None:
        """Let go of traces whose root never ended, when MLflow does: after an hour."""
        with self._lock:
            held = list(self._held)
        for trace_id in held:
            if not _is_open(trace_id):
                self._take(trace_id)

    def _take(self, trace_id: str) -> list[tuple[Any, int]]:
        with self._lock:
            return self._held.pop(trace_id, [])

    def _clean_trace(self, spans: list[Any]) -> None:
        """Clean spans that hold a whole trace; of what comes after its root nobody knows what it quotes."""
        try:
            if all(span.parent_id for span in spans):
                raise LookupError("the root of the trace")
            payloads = [Payload(span.name, span.inputs, span.outputs) for span in spans]
            redactor = TraceRedactor(payloads, self._redaction, _read_words)
            for span in spans:
                clean_span(span, redactor)
        except Exception as error:
            _say_failed(error)
            for span in spans:
                empty(span)


def _finish(span: Any, outputs: Any, attributes: dict[str, Any] | None, status: Any) -> None:
    """Give a span what it ends with, as `LiveSpan.end` does."""
    span.set_attributes(attributes or {})
    if outputs is not None:
        span.set_outputs(outputs)
    if status is not None:
        span.set_status(status)


def _read_words(page: Page) -> list[Word]:
    return page_words(page, get_store())


def _is_open(trace_id: str) -> bool:
    """Tell whether the root of a trace is still to end; what ends after it is emptied.

    Takes the lock of MLflow's traces, which ends spans under it when a trace has expired: hold no other one here.
    """
    from mlflow.tracing.trace_manager import InMemoryTraceManager  # noqa: PLC0415 - takes seconds

    with InMemoryTraceManager.get_instance().get_trace(trace_id) as trace:  # type: ignore[no-untyped-call]
        root = trace.get_root_span() if trace else None
        return root is not None and root.end_time_ns is None


def _say_failed(error: Exception) -> None:
    """Name the error by its type: its text may quote what was to be hidden."""
    _logger.warning("a trace is stored without its contents: redacting it failed with %s", type(error).__name__)
