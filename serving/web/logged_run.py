"""The runs of the request log: one of the service's start, and below it one of each extraction."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from documents.load import load_document
from documents.page import Word
from documents.store import DocumentStore
from documents.words import page_words
from graph.settings import get_settings
from graph.tracing.experiment import experiment_name
from graph.tracing.tags import DOCUMENT_TAG
from serving.highlights import highlighted_pages
from serving.web.redacted_run import RunRedactor
from serving.web.tables import StoredExtraction

# MLflow's own limit on a parameter.
_MAX_PARAM_CHARS = 6000


@dataclass(frozen=True)
class Entry:
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


def read_entry(extraction: StoredExtraction, store: DocumentStore) -> Entry:
    """Read and redact what the run of an extraction is to hold; MLflow is not asked."""
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
    return Entry(
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


def write_service_run(started_at: str, model_source: str) -> str:
    """Make the run of the service's start; return its id."""
    client = _client()
    run_id: str = client.create_run(_experiment_id(client), run_name="service").info.run_id
    client.log_param(run_id, "service_started_at", started_at)
    client.log_param(run_id, "model_source", model_source)
    return run_id


def end_service_run(run_id: str) -> None:
    """Say that the service has ended."""
    _client().set_terminated(run_id)


def write_run(entry: Entry, parent: str | None) -> str:
    """Make the run below the service's; return its id."""
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
