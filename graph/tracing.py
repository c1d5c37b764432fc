"""Trace every run to MLflow; nothing here ever makes an extraction fail or wait for long."""

import logging
import os
import urllib.request
from collections import Counter
from typing import Any

from chat_models.secrets import without_secrets
from graph.settings import Settings
from prompts.connection import connect

EXPERIMENT = "optophone"
_logger = logging.getLogger("optophone")

# A server that is up answers its health page in milliseconds.
_PROBE_S = 2.0


def enable_tracing(settings: Settings) -> bool:
    """Turn autolog on for this process; return whether runs are traced.

    A tracking server that doesn't answer costs one warning and 2 s, and runs go untraced.
    """
    if not settings.tracing:
        return False
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = connect(settings.tracking_uri)
    if connection.is_remote and not _answers(settings.tracking_uri):
        _logger.warning("the tracking server %s does not answer; runs are not traced", settings.tracking_uri)
        return False
    try:
        _trace_everything(settings)
    except Exception as error:  # whatever the store says, forms are read without it
        _logger.warning("MLflow can't be used (%s); runs are not traced", str(error).splitlines()[0])
        return False
    return True


def flush_traces() -> None:
    """Wait until every trace so far is stored."""
    import mlflow  # noqa: PLC0415 - takes seconds

    mlflow.flush_trace_async_logging()


def last_trace_id() -> str | None:
    """Return the id of the trace of this thread's last synchronous run."""
    import mlflow  # noqa: PLC0415 - takes seconds

    return mlflow.get_last_active_trace_id(thread_local=True)


def _trace_everything(settings: Settings) -> None:
    """Use the experiment that `MLFLOW_EXPERIMENT_NAME` names, else our own, with artifacts beside a local database."""
    import mlflow.langchain  # noqa: PLC0415 - takes seconds

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    if mlflow.get_experiment_by_name(name) is None:
        is_local = settings.tracking_uri.startswith("sqlite:")
        location = (settings.data_dir / "artifacts").resolve().as_uri() if is_local else None
        mlflow.create_experiment(name, artifact_location=location)
    mlflow.set_experiment(name)
    mlflow.tracing.configure(span_processors=[_redact, _summarise])
    mlflow.langchain.autolog()


def _answers(tracking_uri: str) -> bool:
    try:
        with urllib.request.urlopen(f"{tracking_uri.rstrip('/')}/health", timeout=_PROBE_S) as response:  # noqa: S310
            return bool(response.status < 500)
    except OSError:
        return False


def _redact(span: Any) -> None:
    """Take this process's secrets out of a span before it leaves."""
    from mlflow.entities import SpanStatus  # noqa: PLC0415 - takes seconds

    for name, value in span.attributes.items():
        clean = without_secrets(value)
        if clean != value:
            span.set_attribute(name, clean)
    if span.status.description and (said := without_secrets(span.status.description)) != span.status.description:
        span.set_status(SpanStatus(span.status.status_code, said))
    _redact_events(span)


def _redact_events(span: Any) -> None:
    """Exceptions stand in events, which OpenTelemetry lets nobody change: they are replaced inside it.

    A test looks for a key that a provider repeats in its error.
    """
    from opentelemetry.sdk.trace import Event  # noqa: PLC0415 - comes with MLflow

    events = span._span._events
    clean = [Event(event.name, without_secrets(dict(event.attributes)), event.timestamp) for event in events]
    if any(new.attributes != old.attributes for new, old in zip(clean, events, strict=True)):
        span._span._events = type(events).from_seq(len(clean), clean)


def _summarise(span: Any) -> None:
    """Count a round's places instead of listing them: the last round's stand in the root span's outputs."""
    outputs = span.outputs
    if span.name == "validate" and isinstance(outputs, dict) and outputs.get("fields"):
        places = Counter(field["grounding"] for field in outputs["fields"])
        span.set_outputs({**outputs, "fields": dict(places)})
