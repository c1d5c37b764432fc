"""Trace every run to MLflow; nothing here ever makes an extraction fail or wait for long."""

import logging
import os
import re
import urllib.request
from typing import Any

from graph.settings import Settings
from prompts.connection import connect

EXPERIMENT = "optophone"
_logger = logging.getLogger("optophone")

# A server that is up answers its health page in milliseconds.
_PROBE_S = 2.0
_SECRET_NAME = re.compile(r"(API_?KEY|TOKEN|SECRET|PASSWORD)S?$", re.IGNORECASE)


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
    import mlflow  # noqa: PLC0415 - takes seconds

    try:
        _use_experiment(settings)
    except Exception as error:  # whatever the store says, forms are read without it
        _logger.warning("MLflow can't be used (%s); runs are not traced", str(error).splitlines()[0])
        return False
    mlflow.tracing.configure(span_processors=[_redact])
    mlflow.langchain.autolog()
    return True


def flush_traces() -> None:
    """Wait until every trace so far is stored."""
    import mlflow  # noqa: PLC0415 - takes seconds

    mlflow.flush_trace_async_logging()


def last_trace_id() -> str | None:
    """Return the id of the trace of this thread's last synchronous run."""
    import mlflow  # noqa: PLC0415 - takes seconds

    return mlflow.get_last_active_trace_id(thread_local=True)


def _use_experiment(settings: Settings) -> None:
    """Use the experiment that `MLFLOW_EXPERIMENT_NAME` names, else our own, with artifacts beside a local database."""
    import mlflow  # noqa: PLC0415 - takes seconds

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    if mlflow.get_experiment_by_name(name) is None:
        is_local = settings.tracking_uri.startswith("sqlite:")
        location = (settings.data_dir / "artifacts").resolve().as_uri() if is_local else None
        mlflow.create_experiment(name, artifact_location=location)
    mlflow.set_experiment(name)


def _answers(tracking_uri: str) -> bool:
    try:
        with urllib.request.urlopen(f"{tracking_uri.rstrip('/')}/health", timeout=_PROBE_S) as response:  # noqa: S310
            return bool(response.status < 500)
    except OSError:
        return False


def _redact(span: Any) -> None:
    """Take this process's secrets out of a span before it leaves."""
    secrets = [value for name, value in os.environ.items() if _SECRET_NAME.search(name) and len(value) >= 8]
    if not secrets:
        return
    for name, value in span.attributes.items():
        clean = _without(secrets, value)
        if clean != value:
            span.set_attribute(name, clean)


def _without(secrets: list[str], value: Any) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "[secret]")
        return value
    if isinstance(value, dict):
        return {key: _without(secrets, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(secrets, item) for item in value]
    return value
