"""What MLflow keeps of a document: its traces with the page images, and the runs of the request log."""

from typing import Any

from graph.settings import get_settings
from graph.tracing import experiment_name, flush_traces
from prompts.connection import connect
from serving.web.running import DOCUMENT_TAG

# Somebody waits for the answer, but a store may hold many traces.
_DEADLINE_S = 30.0


def forget_traces(document: str, run_ids: list[str]) -> None:
    """Delete a document's traces and runs, and the files beside them.

    Raises:
        UnreachableError: MLflow doesn't answer.
    """
    if not get_settings().tracing:
        return
    connect(get_settings().tracking_uri).run(lambda: _forget(document, run_ids), _DEADLINE_S)


def _forget(document: str, run_ids: list[str]) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    flush_traces()
    experiment = client.get_experiment_by_name(experiment_name())
    if experiment is None:
        return
    locations = [experiment.experiment_id]
    tagged = f"tags.`{DOCUMENT_TAG}` = '{document}'"
    while found := client.search_traces(locations=locations, filter_string=tagged, include_spans=False):
        for trace in found:
            _delete_files(trace.info.tags.get("mlflow.artifactLocation"))
        client.delete_traces(experiment.experiment_id, trace_ids=[trace.info.trace_id for trace in found])
    for run_id in run_ids:
        _delete_run(client, run_id)


def _delete_run(client: Any, run_id: str) -> None:
    """Delete a run; for good where the store is a database of our own, as `mlflow gc` does."""
    from mlflow.tracking._tracking_service.utils import _get_store  # noqa: PLC0415

    _delete_files(client.get_run(run_id).info.artifact_uri)
    client.delete_run(run_id)
    store = _get_store()
    if hasattr(store, "_hard_delete_run"):
        store._hard_delete_run(run_id)


def _delete_files(uri: str | None) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository  # noqa: PLC0415

    if uri:
        get_artifact_repository(uri).delete_artifacts()
