"""Log each extraction as a run in MLflow, below the run of the service's start; never in a client's way.

A thread of its own does it, one extraction at a time: MLflow's database takes some ten writes a second. What it has not
done when the process ends is done after the next start: the ledger knows which runs are missing.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from documents.store import DocumentStore
from graph.settings import get_settings
from prompts.connection import connect
from schemas.errors import UnreachableError
from serving.web.database import DatabaseUnavailableError
from serving.web.ledger import Ledger, LedgerClosedError
from serving.web.logged_run import Entry, end_service_run, read_entry, write_run, write_service_run
from serving.web.tables import StoredExtraction, now

_logger = logging.getLogger("optophone")
T = TypeVar("T")

# A picture of a few megabytes over a network.
_DEADLINE_S = 60.0
# What waits for longer is logged after the next start.
_STOP_WAIT_S = 5.0
# How long a store that didn't answer is left alone.
_PAUSE_S = 60.0
# Then the next extraction has its turn, and this one after the next start.
_TRIES = 3


class RequestLog:
    """The runs in MLflow; where it is off, extractions are marked as not to be logged."""

    def __init__(self, ledger: Ledger, store: DocumentStore, *, is_on: bool, model_source: str) -> None:
        self._ledger, self._store = ledger, store
        self._is_on, self._model_source = is_on, model_source
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="optophone-request-log", daemon=True)
        self._stopping = threading.Event()
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._started_at = now()  # before the first request; the run is made when MLflow has time
        self._service_run: str | None = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Log nothing meanwhile: what is deleted must not be written again."""
        with self._lock, self._writing:
            yield

    def start(self) -> None:
        """Begin, with what an earlier process left."""
        if self._is_on:
            for id in self._ledger.unlogged():
                self._waiting.put(id)
            self._thread.start()

    def add(self, extraction: StoredExtraction) -> None:
        """Log an extraction that ended, soon."""
        if self._is_on:
            self._waiting.put(extraction.id)

    def stop(self) -> None:
        """End after what is being logged; the ledger knows the rest."""
        if self._is_on:
            self._stopping.set()
            self._waiting.put(None)
            self._thread.join(_STOP_WAIT_S)

    def _work(self) -> None:
        self._try(lambda: _with_mlflow(self._begin_service_run))
        while (id := self._waiting.get()) is not None and not self._stopping.is_set():
            for _ in range(_TRIES):
                if self._try(partial(self._log, id)) or self._stopping.wait(_PAUSE_S):
                    break
        if run_id := self._service_run:
            self._try(lambda: _with_mlflow(lambda: end_service_run(run_id)))

    def _try(self, work: Callable[[], object]) -> bool:
        """Tell whether MLflow and the ledger could be reached; what else goes wrong is this extraction's alone."""
        try:
            work()
        except (UnreachableError, DatabaseUnavailableError, LedgerClosedError):
            return False
        except Exception as error:
            _logger.warning("an extraction is missing in the request log: %s", type(error).__name__)
        return True

    def _begin_service_run(self) -> None:
        if self._service_run is None:
            self._service_run = write_service_run(self._started_at, self._model_source)

    def _log(self, id: str) -> None:
        with self._lock:
            extraction = self._ledger.get(id)
            if extraction is not None and extraction.run_id is None:
                entry = read_entry(extraction, self._store)
                run_id = _with_mlflow(lambda: self._write(entry))
                self._ledger.change(id, run_id=run_id)

    def _write(self, entry: Entry) -> str:
        with self._writing:  # to its end, also where that comes after the deadline
            self._begin_service_run()
            return write_run(entry, self._service_run)


def _with_mlflow(work: Callable[[], T]) -> T:
    return connect(get_settings().tracking_uri).run(work, _DEADLINE_S)
