"""Log each extraction as a run in MLflow, below the run of the service's start; never in a client's way.

A thread of its own does it, one extraction at a time: MLflow's database takes some ten writes a second. What it has not
done when the process ends is done after the next start: the ledger knows which runs are missing.
"""

import logging
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from documents.load import load_document
from documents.page import Word
from documents.store import DocumentStore
from documents.words import page_words
from graph.settings import get_settings
from graph.tracing.experiment import experiment_name
from graph.tracing.tags import DOCUMENT_TAG
from prompts.connection import connect
from schemas.errors import UnreachableError
from serving.highlights import highlighted_pages
from serving.web.database import DatabaseUnavailableError
from serving.web.ledger import Ledger, LedgerClosedError
from serving.web.redacted_run import RunRedactor
from serving.web.tables import StoredExtraction, now

_logger = logging.getLogger("optophone")
T = TypeVar("T")

# MLflow's own limit on a parameter.
_MAX_PARAM_CHARS = 6000
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
        if self._service_run:
            self._try(lambda: _with_mlflow(lambda: _client().set_terminated(self._service_run)))

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
            client = _client()
            run = client.create_run(_experiment_id(client), run_name="service")
            client.log_param(run.info.run_id, "service_started_at", self._started_at)
            client.log_param(run.info.run_id, "model_source", self._model_source)
            self._service_run = run.info.run_id

    def _log(self, id: str) -> None:
        with self._lock:
            extraction = self._ledger.get(id)
            if extraction is not None and extraction.run_id is None:
                entry = _prepare(extraction, self._store)
                run_id = _with_mlflow(lambda: self._write(entry))
                self._ledger.change(id, run_id=run_id)

    def _write(self, entry: "_Entry") -> str:
        with self._writing:  # to its end, also where that comes after the deadline
            self._begin_service_run()
            return _write_run(entry, self._service_run)


@dataclass(frozen=True)
class _Entry:
    """What the run of one extraction holds."""

    name: str
    tags: dict[str, str]
    params: dict[str, str]
    accuracy: float | None
    """Mean score of the words; None where there are none."""
    picture: bytes | None
    trace_id: str | None
    status: str
    """MLflow's word for how it ended."""


def _prepare(extraction: StoredExtraction, store: DocumentStore) -> _Entry:
    """Read and redact what the run is to hold."""
    redactor = RunRedactor(extraction, _words(extraction, store))
    words = redactor.words()
    tags = {
        DOCUMENT_TAG: extraction.document,
        "extraction": extraction.id,
        "status": extraction.status,
        "trace_id": extraction.trace_id or "",
    }
    if redactor.unplaced:
        tags["left_out"] = f"words and picture: {redactor.unplaced} may stand anywhere on the pages"
    return _Entry(
        name=redactor.name,
        tags=tags,
        params={"num_words": str(len(words)), "words": " ".join(word.text for word in words)[:_MAX_PARAM_CHARS]},
        accuracy=sum(word.score for word in words) / len(words) if words else None,
        picture=None if redactor.unplaced else _picture(extraction, store, redactor),
        trace_id=extraction.trace_id,
        status="FAILED" if extraction.status == "failed" else "FINISHED",
    )


def _words(extraction: StoredExtraction, store: DocumentStore) -> list[list[Word]]:
    """Return the words of each page."""
    if extraction.result is None or extraction.result["status"] == "unreadable":
        return []
    document = load_document(extraction.document, store, get_settings().limits, allow_paths=False)
    return [page_words(page, store) for page in document["pages"]]


def _picture(extraction: StoredExtraction, store: DocumentStore, redactor: RunRedactor) -> bytes | None:
    """Return the first page with its values boxed."""
    if extraction.result is None or extraction.result["status"] == "unreadable":
        return None
    result: Any = extraction.result
    return next(highlighted_pages(result, store, get_settings().limits, redactor.picture))


def _with_mlflow(work: Callable[[], T]) -> T:
    return connect(get_settings().tracking_uri).run(work, _DEADLINE_S)


def _write_run(entry: _Entry, parent: str | None) -> str:
    """Make the run; return its id."""
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - takes seconds

    client = _client()
    tags = {"mlflow.parentRunId": parent or "", **entry.tags}
    run_id: str = client.create_run(_experiment_id(client), run_name=entry.name, tags=tags).info.run_id
    metrics = [] if entry.accuracy is None else [Metric("avg_accuracy", entry.accuracy, int(time.time() * 1000), 0)]
    client.log_batch(run_id, metrics=metrics, params=[Param(name, text) for name, text in entry.params.items()])
    if entry.trace_id:
        client.link_traces_to_run([entry.trace_id], run_id)
    if entry.picture:
        _log_picture(client, run_id, entry.picture)
    client.set_terminated(run_id, status=entry.status)
    return run_id


def _log_picture(client: Any, run_id: str, picture: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="optophone-") as folder:
        path = Path(folder) / "highlighted.png"
        path.write_bytes(picture)
        client.log_artifact(run_id, str(path))


def _client() -> Any:
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    return MlflowClient()


def _experiment_id(client: Any) -> str:
    experiment = client.get_experiment_by_name(experiment_name())
    return str(experiment.experiment_id if experiment else client.create_experiment(experiment_name()))
