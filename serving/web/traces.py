"""What MLflow keeps of a document: its traces with the page images, and the runs of the request log."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from graph.settings import get_settings
from graph.tracing.experiment import experiment_name
from graph.tracing.queue import flush_traces
from graph.tracing.tags import DOCUMENT_TAG
from prompts.connection import connect
from schemas.errors import UnreachableError

# Somebody waits for the answer, but a store may hold many traces.
_DEADLINE_S = 30.0


def find_trace_page(seen_at: str | None = None) -> str | None:
    """Return the address of a trace's page with {trace_id} in it; None without an MLflow server that answers.

    Args:
        seen_at: where browsers reach the server, if not at the address that this process uses.
    """
    uri = get_settings().tracking_uri
    if not connect(uri).is_remote:
        return None
    parts = urlsplit(seen_at or uri)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")  # without a password
    try:
        experiment = connect(uri).run(_experiment, get_settings().registry_timeout_s)
    except UnreachableError:
        return None
    page = f"{address}/#/experiments/{experiment.experiment_id}/traces?selectedEvaluationId="
    return page.replace("{", "{{").replace("}", "}}") + "{trace_id}" if experiment else None


def _experiment() -> Any:
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    return MlflowClient().get_experiment_by_name(experiment_name())


def find_trace(thread: str) -> str | None:
    """Return the newest trace of a run that waited, whichever process it is of.

    Raises:
        UnreachableError: MLflow doesn't answer.
    """
    return connect(get_settings().tracking_uri).run(lambda: _find(thread), _DEADLINE_S)


def _find(thread: str) -> str | None:
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    flush_traces()
    experiment = _experiment()
    if experiment is None:
        return None
    found = MlflowClient().search_traces(
        locations=[experiment.experiment_id],
        filter_string=_of_thread(thread),
        order_by=["timestamp_ms DESC"],
        max_results=1,
        include_spans=False,
    )
    return found[0].info.trace_id if found else None


def _of_thread(thread: str) -> str:
    return f"metadata.`mlflow.trace.session` = '{thread}'"


def forget_traces(document: str, threads: Iterable[str] = ()) -> None:
    """Delete a document's traces and runs, and the files beside them.

    Args:
        document: its reference, which the service's own traces and runs are tagged with.
        threads: those of its runs that waited: who answered elsewhere left traces too.

    Raises:
        UnreachableError: MLflow doesn't answer.
    """
    connect(get_settings().tracking_uri).run(lambda: _forget(document, threads), _DEADLINE_S)


def _forget(document: str, threads: Iterable[str]) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    flush_traces()
    experiment = _experiment()
    if experiment is None:
        return
    locations = [experiment.experiment_id]
    tagged = f"tags.`{DOCUMENT_TAG}` = '{document}'"
    for wanted in (tagged, *map(_of_thread, threads)):
        while found := client.search_traces(locations=locations, filter_string=wanted, include_spans=False):
            for trace in found:
                _delete_files(trace.info.tags.get("mlflow.artifactLocation"))
            client.delete_traces(experiment.experiment_id, trace_ids=[trace.info.trace_id for trace in found])
    while runs := client.search_runs(locations, filter_string=tagged):
        for run in runs:
            _delete_run(client, run)


def _delete_run(client: Any, run: Any) -> None:
    """Delete a run; for good where the store is a database of our own, as `mlflow gc` does."""
    from mlflow.tracking._tracking_service.utils import _get_store  # noqa: PLC0415

    _delete_files(run.info.artifact_uri)
    client.delete_run(run.info.run_id)
    store = _get_store()  # type: ignore[no-untyped-call]
    if hasattr(store, "_hard_delete_run"):
        store._hard_delete_run(run.info.run_id)


def _delete_files(uri: str | None) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository  # noqa: PLC0415

    if uri:
        get_artifact_repository(uri).delete_artifacts()  # type: ignore[no-untyped-call]
