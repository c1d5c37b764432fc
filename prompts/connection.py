"""Reach MLflow, or learn within seconds that it can't be reached.

MLflow's own limits are made for training jobs: a server that is down holds a caller for 245 s. Here a document waits,
so each piece of work gets a deadline, and after a failure nobody asks again for a while.
"""

import contextvars
import logging
import os
import threading
import time
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from schemas.errors import OptophoneError

_logger = logging.getLogger("optophone")
T = TypeVar("T")

_DEFAULTS = {
    # One failed request, then it is known; 3 s is long for a server that stands where its users are.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "3",
    # The bundled price list; else the first look-up waits 8 s for the network.
    "MLFLOW_MODEL_CATALOG_URI": "",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Every image in a message becomes one attachment file instead of text in the database.
    "MLFLOW_TRACE_EXTRACT_ATTACHMENTS": "true",
    # What SQLite has to say of its migrations is of no use to who reads forms.
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
_PAUSE_S = 60.0
"""How long a server that failed is left alone."""


class RegistryUnreachableError(OptophoneError):
    """MLflow did not answer in time, or not at all."""


class Connection:
    """One tracking store, and whether it is worth asking."""

    def __init__(self, tracking_uri: str) -> None:
        for name, value in _DEFAULTS.items():
            os.environ.setdefault(name, value)
        import mlflow  # noqa: PLC0415 - takes seconds

        # mlflow.genai.load_prompt hides this warning of its own inner call, but not from other threads.
        warnings.filterwarnings("ignore", message=".*API is moved to the `mlflow.genai` namespace", category=FutureWarning)
        mlflow.set_tracking_uri(tracking_uri)
        self.is_remote = urlsplit(tracking_uri).scheme in ("http", "https")
        self._failed_at: float | None = None
        self._warned = False

    def run(self, work: Callable[[], T], deadline_s: float) -> T:
        """Return what `work` returns; a store in a local file gets all the time that it needs.

        The caller's context goes along, so that an active span is active in `work`.

        Raises:
            RegistryUnreachableError: it took longer than the deadline, failed on its way, or failed less than a
                minute ago. What `work` raises of the project's own errors passes.
        """
        if self._failed_at is not None and time.monotonic() - self._failed_at < _PAUSE_S:
            raise RegistryUnreachableError("MLflow was out of reach a moment ago")
        try:
            return _within(deadline_s, work) if self.is_remote else work()
        except OptophoneError as error:
            if isinstance(error, RegistryUnreachableError):
                self._fail(error)
            raise
        except Exception as error:
            self._fail(error)
            raise RegistryUnreachableError(f"MLflow does not answer: {error}") from error

    def _fail(self, error: Exception) -> None:
        self._failed_at = time.monotonic()
        if not self._warned:
            self._warned = True
            reason = str(error).splitlines()[0][:200]
            _logger.warning("MLflow is out of reach (%s); going on with the packaged prompts", reason)


@cache
def connect(tracking_uri: str) -> Connection:
    """Set MLflow up for this process, once for each store."""
    return Connection(tracking_uri)


def _within(deadline_s: float, work: Callable[[], T]) -> T:
    """Run in a daemon thread, which the interpreter does not wait for at its end."""
    outcome: list[tuple[bool, Any]] = []
    context = contextvars.copy_context()

    def attempt() -> None:
        try:
            outcome.append((True, context.run(work)))
        except BaseException as error:
            outcome.append((False, error))

    thread = threading.Thread(target=attempt, name="optophone-mlflow", daemon=True)
    thread.start()
    thread.join(deadline_s)
    if not outcome:
        raise RegistryUnreachableError(f"no answer within {deadline_s:g} s")
    succeeded, result = outcome[0]
    if succeeded:
        return result  # type: ignore[no-any-return]
    raise result
