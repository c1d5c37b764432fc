"""Turn tracing on."""

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from graph.redaction.rules import Redaction, get_redaction
from graph.settings import Settings
from graph.tracing.experiment import use_experiment
from graph.tracing.queue import ExportQueue, flush_traces, trace_queue
from graph.tracing.spans import escape_surrogates, mark_waiting, name_upload, summarise, take_out_secrets
from graph.tracing.tags import tag_run
from prompts.connection import Connection, connect
from schemas.errors import UnreachableError

_logger = logging.getLogger("optophone")

# A server that is up answers in milliseconds.
_LAST_PROBE_S = 1.0


def enable_tracing(settings: Settings) -> bool:
    """Turn autolog on for this process; return whether runs are traced.

    A tracking server that doesn't answer in time costs one warning, and runs go untraced.

    Raises:
        UsageError: the settings of what is to be redacted are broken.
    """
    get_redaction()  # a broken setting ends this before anything is traced
    if not settings.tracing:
        return False
    connection = connect(settings.tracking_uri)
    try:
        _take_over_storing(settings.tracking_uri)
        connection.run(lambda: use_experiment(settings), settings.registry_timeout_s)
        trace_runs()
        if connection.is_remote:
            _survive_outages(connection)
    except UnreachableError:  # the connection has said so
        return False
    except Exception as error:  # whatever MLflow says, forms are read without it
        _logger.warning("runs are not traced: %s", str(error).splitlines()[0])
        return False
    return True


def trace_runs() -> None:
    """Turn autolog on, for clean spans; where MLflow is, is left as it is."""
    import mlflow.langchain  # noqa: PLC0415 - takes seconds

    clean_spans()
    mlflow.langchain.autolog()


def clean_spans() -> None:
    """Take out of every span of this process what must not stay there."""
    import mlflow  # noqa: PLC0415 - takes seconds
    from mlflow.tracing import provider  # noqa: PLC0415

    redaction = get_redaction()
    first = [_hide(redaction)] if redaction else []
    processors = [*first, take_out_secrets, name_upload, tag_run, summarise, mark_waiting, escape_surrogates]
    configure = partial(mlflow.tracing.configure, span_processors=processors)
    configure()
    # MLflow forgets its configuration when anybody changes the tracking URI; a test sees that spans stay clean then.
    provider.reset_config = configure  # type: ignore[attr-defined]


def _hide(redaction: Redaction) -> Callable[[Any], None]:
    """Let no span leave with what is to be hidden; return the span processor that sees to it."""
    from graph.redaction.spans import SpanRedactor  # noqa: PLC0415 - imports the whole graph

    return SpanRedactor(redaction).install()


def _take_over_storing(tracking_uri: str) -> None:
    """Put our queue where MLflow's exporter makes its own; a test sees that traces come through it."""
    from mlflow.tracing.export import mlflow_v3  # noqa: PLC0415 - comes with mlflow

    if tracking_uri.startswith("databricks"):  # stores in another way
        return
    mlflow_v3.AsyncTraceExportQueue = ExportQueue  # type: ignore[attr-defined, assignment]
    # Before concurrent.futures ends its processes; `atexit` would come too late.
    threading._register_atexit(_store_the_rest)  # type: ignore[attr-defined]


def _store_the_rest() -> None:
    flush_traces()
    trace_queue().close()


def _survive_outages(connection: Connection) -> None:
    """Let a server that fails later cost one warning and no wait: MLflow reports, and waits for, each trace."""
    for module in ("mlflow_v3", "utils", "async_export_queue"):
        logging.getLogger(f"mlflow.tracing.export.{module}").addFilter(_OneWarning(connection))
    # Runs before concurrent.futures joins MLflow's workers; `atexit` would come too late.
    threading._register_atexit(lambda: _give_up_on(connection))  # type: ignore[attr-defined]


def _give_up_on(connection: Connection) -> None:
    """At the end of the process, don't wait for a server that is down: what is still queued fails at once."""
    if not connection.answers(_LAST_PROBE_S):
        connection.note_failure("the last traces can't be sent")
        os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "0"  # which no request survives


class _OneWarning(logging.Filter):
    """Turns MLflow's warning for each trace that it can't send into the connection's own, said once."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop warnings of the exporter."""
        if record.levelno < logging.WARNING:
            return True
        self._connection.note_failure(record.getMessage())
        return False
