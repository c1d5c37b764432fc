"""Data sets in MLflow, on a real SQLite store."""

import json

from evaluation.datasets.evaluation_dataset import to_mlflow_dataset
from evaluation.datasets.load import Dataset
from evaluation.datasets.sample import Sample
from graph.settings import get_settings, get_store
from prompts.connection import connect


def rows_of(name):
    """Read the dataset back."""
    from mlflow.genai.datasets import get_dataset

    return get_dataset(name=name).to_df().to_dict("records")


def test_samples_become_records_with_references(tmp_path):
    """The original lies in the document store, never in MLflow; what is there already gets the new expectation."""
    connect(get_settings().tracking_uri)
    scan = tmp_path / "a.png"
    scan.write_bytes(b"bytes of a scan")
    stored = get_store().put(b"bytes of a reviewed one")
    samples = [
        Sample(str(scan), {"total": 9.5}, {"dataset": "folder", "stem": "a"}),
        Sample(stored, {"pairs": []}, {"dataset": "reviewed", "schema": "form", "stem": "b", "trace_id": "tr-1"}),
    ]
    to_mlflow_dataset(Dataset("folder:x", samples, []), "mixed")
    reference = get_store().put(scan.read_bytes())
    rows = {row["inputs"]["document"]: row for row in rows_of("mixed")}
    assert rows.keys() == {reference, stored}
    assert rows[reference]["expectations"] == {"extraction": {"total": 9.5}}
    tags = {name: value for name, value in rows[stored]["tags"].items() if not name.startswith("mlflow.")}
    assert tags == {"dataset": "reviewed", "schema": "form", "stem": "b"}
    assert "scan" not in json.dumps(rows, default=str)
    to_mlflow_dataset(Dataset("folder:x", [Sample(str(scan), {"total": 8.5}, samples[0].metadata)], []), "mixed")
    rows = {row["inputs"]["document"]: row for row in rows_of("mixed")}
    assert rows.keys() == {reference, stored}
    assert rows[reference]["expectations"] == {"extraction": {"total": 8.5}}
