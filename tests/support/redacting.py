"""Redaction in this process for a while, as the settings would turn it on at its start."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def redacting(fields: str = "", patterns: str = "") -> Iterator[None]:
    """Hide these in traces, logs and the request log."""
    import mlflow
    from mlflow.entities.span import LiveSpan
    from mlflow.tracing import provider
    from mlflow.tracing.config import get_config

    import graph.app  # noqa: F401 - turns tracing on
    from graph.redaction.logs import redact_logs
    from graph.redaction.rules import get_redaction
    from graph.settings import get_settings
    from graph.tracing.enable import enable_tracing
    from graph.tracing.queue import flush_traces

    end, processors, factory = LiveSpan.end, get_config().span_processors, logging.getLogRecordFactory()
    reset = provider.reset_config
    os.environ.update(OPTOPHONE_REDACT_FIELDS=fields, OPTOPHONE_REDACT_PATTERNS=patterns)
    try:
        get_settings.cache_clear(), get_redaction.cache_clear()
        redact_logs(get_redaction())
        assert enable_tracing(get_settings())
        yield
        flush_traces()
    finally:
        del os.environ["OPTOPHONE_REDACT_FIELDS"], os.environ["OPTOPHONE_REDACT_PATTERNS"]
        get_settings.cache_clear(), get_redaction.cache_clear()
        LiveSpan.end = end
        mlflow.tracing.configure(span_processors=processors)
        provider.reset_config = reset
        logging.setLogRecordFactory(factory)
