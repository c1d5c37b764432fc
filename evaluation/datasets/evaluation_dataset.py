"""Keep a data set in MLflow, where its pages show it and its evaluations name it."""

from pathlib import Path
from typing import Any

from evaluation.datasets.load import Dataset
from evaluation.datasets.reviewed import EXPECTATION
from evaluation.datasets.sample import Sample
from graph.settings import get_settings, get_store
from prompts.connection import connect

_TAGS = ("dataset", "schema", "stem")
# A thousand records take seconds; a server that takes longer than this is out of reach.
_DEADLINE_S = 60.0


def to_mlflow_dataset(dataset: Dataset, name: str) -> Any:
    """Store the documents, and merge the samples into MLflow's evaluation dataset of that name; made where it is new.

    A record's inputs hold the document's reference, its expectations the extraction: samples of one and the same
    document become one record, and a record that is there already gets the new expectation. Returns MLflow's dataset.

    Raises:
        UnreachableError: MLflow does not answer.
    """
    records = [_to_record(sample) for sample in dataset.samples]
    return connect(get_settings().tracking_uri).run(lambda: _merge(name, records), _DEADLINE_S)


def _to_record(sample: Sample) -> dict[str, Any]:
    return {
        "inputs": {"document": _reference(sample.document)},
        "expectations": {EXPECTATION: dict(sample.expected)},
        "tags": {tag: sample.metadata[tag] for tag in _TAGS if tag in sample.metadata},
    }


def _reference(document: str) -> str:
    return document if document.startswith("sha256:") else get_store().put(Path(document).read_bytes())


def _merge(name: str, records: list[dict[str, Any]]) -> Any:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - takes seconds
    from mlflow.genai.datasets import create_dataset, get_dataset  # noqa: PLC0415

    try:
        found = get_dataset(name=name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        found = create_dataset(name=name)
    return found.merge_records(records)
