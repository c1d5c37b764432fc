"""Reach MLflow, or learn within seconds that it can't be reached.

MLflow's own limits are made for training jobs: a server that is down holds a caller for 245 s. Here a document waits,
so each piece of work gets a deadline, and after a failure nobody asks again for a while.
"""

import contextvars
import logging
import os
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from schemas.errors import OptophoneError, UnreachableError

_logger = logging.getLogger("optophone")
T = TypeVar("T")

_TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_DEFAULTS = {
    # One failed request, then it is known; 2 s is long for a server that stands where its users are.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    _TIMEOUT: "2",
    # The bundled price list; else the first look-up waits 8 s for the network.
    "MLFLOW_MODEL_CATALOG_URI": "",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Every image in a message becomes one attachment file instead of text in the database.
    "MLFLOW_TRACE_EXTRACT_ATTACHMENTS": "true",
    # A result is one line; a bar for a file of some kilobytes is in its way.
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # With a server, MLflow would print each run's name, here a document's, and its address.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # What SQLite has to say of its migrations is of no use to who reads forms.
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}
# A healthy server that is busy, or has just started, needs more than 2 s for twenty traces.
_PATIENT_TIMEOUT = "10"
_SQLITE = "sqlite:///"
_PAUSE_S = 60.0
"""How long a store that failed is left alone."""


NOT_FOUND = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow's errors say where it does answer: there is no such prompt, version or alias."""


class Connection:
    """One tracking store, and whether it is worth asking."""

    def __init__(self, tracking_uri: str) -> None:
        parts = urlsplit(tracking_uri)
        self.is_remote = parts.scheme in ("http", "https")
        # Without the password that an address can hold.
        self._address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._next_probe: float | None = None
        self._warned = False

    def run(self, work: Callable[[], T], deadline_s: float) -> T:
        """Return what `work` returns; a store in a local file gets all the time that it needs.

        The caller's context goes along, so that an active span is active in `work`. After a remote store's failure
        nobody waits again: a probe in the background finds out when it is back.

        Raises:
            UnreachableError: it took longer than the deadline, failed on its way, or failed before and isn't back.
                The project's own errors pass, and so does MLflow's word that there is no such thing.
        """
        if self._next_probe is not None:
            self._probe_when_due()
            raise UnreachableError("MLflow was out of reach before")
        try:
            return _within(deadline_s, work) if self.is_remote else work()
        except UnreachableError as error:
            self.note_failure(str(error))
            raise
        except OptophoneError:
            raise
        except Exception as error:
            if getattr(error, "error_code", None) in NOT_FOUND:
                raise
            reason = root_cause(error)
            self.note_failure(str(reason) or type(reason).__name__)
            raise UnreachableError(f"MLflow does not answer: {error}") from error

    def answers(self, deadline_s: float) -> bool:
        """Tell whether the store is there now."""
        import mlflow  # noqa: PLC0415 - is there already

        try:
            _within(deadline_s, lambda: mlflow.search_experiments(max_results=1))
        except Exception:  # whatever it is, the store does not answer
            return False
        return True

    def note_failure(self, reason: str) -> None:
        """Leave a remote store alone for a while, and say so once a process."""
        if self.is_remote:
            self._next_probe = time.monotonic() + _PAUSE_S
        if not self._warned:
            self._warned = True
            line = reason.partition("\n")[0][:200]
            _logger.warning("MLflow at %s is out of reach (%s); going on without it", self._address, line)

    def _probe_when_due(self) -> None:
        if self._next_probe is not None and time.monotonic() >= self._next_probe:
            self._next_probe = time.monotonic() + _PAUSE_S
            threading.Thread(target=self._probe, name="optophone-probe", daemon=True).start()

    def _probe(self) -> None:
        if self.answers(_PAUSE_S):
            self._next_probe = None


@cache
def connect(tracking_uri: str) -> Connection:
    """Set MLflow up for this process, once for each store."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: PLC0415 - takes seconds

    # mlflow.genai.load_prompt hides this warning of its own inner call, but not from other threads.
    warnings.filterwarnings("ignore", message=".*API is moved to the `mlflow.genai` namespace", category=FutureWarning)
    mlflow.set_tracking_uri(tracking_uri)
    if tracking_uri.startswith(_SQLITE):
        file = Path(tracking_uri.removeprefix(_SQLITE))
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _use_write_ahead_log(file)
    return Connection(tracking_uri)


@contextmanager
def patient_requests() -> Iterator[None]:
    """Give a busy server more time, where nobody sits waiting for it; a time-out that users have set stays.

    It holds for the whole process, and for those that are started inside.
    """
    before = os.environ.get(_TIMEOUT)
    if before in (None, _DEFAULTS[_TIMEOUT]):
        os.environ[_TIMEOUT] = _PATIENT_TIMEOUT
    try:
        yield
    finally:
        os.environ[_TIMEOUT] = before or _DEFAULTS[_TIMEOUT]


def _use_write_ahead_log(file: Path) -> None:
    """Let readers and the writer of a SQLite store not wait for each other, nor a write for two visits to the disk.

    The mode stays with the file. A power cut may cost the last transactions, never the database (sqlite.org/wal.html).
    """
    from sqlalchemy import event  # noqa: PLC0415 - comes with MLflow
    from sqlalchemy.engine import Engine  # noqa: PLC0415

    def on_connect(connection: Any, _: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        (_, _, name), *_ = connection.execute("PRAGMA database_list").fetchall()
        if name and Path(name) == file.resolve():
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")

    event.listen(Engine, "connect", on_connect)


def root_cause(error: BaseException) -> BaseException:
    """Return what it all began with: "Connection refused" instead of three libraries' wrapping of it."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error


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
        raise UnreachableError(f"no answer within {deadline_s:g} s")
    succeeded, result = outcome[0]
    if succeeded:
        return result  # type: ignore[no-any-return]
    raise result
