"""Corrections that reviewers leave on traces, on a real SQLite store."""

import copy

import mlflow
import pytest
from pdfs import text_pdf

from evaluation.datasets.load import load_dataset
from evaluation.datasets.reviewed import EXPECTATION, log_correction
from graph.app import graph
from graph.settings import get_settings
from graph.tracing.enable import enable_tracing
from graph.tracing.queue import flush_traces
from graph.tracing.tracers import last_trace_id
from schemas.errors import UsageError

FORM = text_pdf("Name: Ada Lovelace", "", "Town: London")


@pytest.fixture
def experiment(monkeypatch, request):
    """An experiment of the test's own, whose traces no other test sees."""
    name = request.node.name
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
    enable_tracing(get_settings())
    yield name
    monkeypatch.undo()
    enable_tracing(get_settings())


def extract(document, schema="form"):
    """Read a document by the local reader; returns the trace's id and the result."""
    result = graph.invoke({"document": document}, context={"target_schema": schema, "chat_model": "local"})
    return last_trace_id(), result


def test_the_newest_correction_of_each_document_is_expected(experiment):
    """A real extraction, corrected three times over two runs, and a receipt beside it."""
    first, result = extract(FORM)
    second, _ = extract(FORM)
    receipt, receipt_result = extract(text_pdf("ACME STORE", "Total 8.00"), "receipt")
    flush_traces()
    right = copy.deepcopy(result["extraction"])
    right["pairs"][0]["values"] = ["corrected"]
    log_correction(second, {"pairs": []}, "ada")
    log_correction(first, {"pairs": right["pairs"][:1]}, "ada")
    log_correction(first, right, "grace")
    log_correction(receipt, {"company": "ACME STORE", "total": 8.0}, "ada")
    dataset = load_dataset("reviewed")
    assert dataset.skipped == []
    by_document = {sample.document: sample for sample in dataset.samples}
    assert by_document.keys() == {result["document"], receipt_result["document"]}
    sample = by_document[result["document"]]
    assert sample.expected == right
    assert sample.metadata == {
        "dataset": "reviewed", "schema": "form", "stem": result["document"][7:19], "trace_id": first,
        "reviewer": "grace",
    }  # fmt: skip
    assert by_document[receipt_result["document"]].metadata["schema"] == "receipt"
    assert load_dataset("corrections").samples == dataset.samples


def test_corrections_that_cannot_be_used_are_skipped(experiment):
    """One that is no extraction, one of another schema's shape, one on a trace that is no extraction's."""
    (not_json, result), (misfit, _), (as_text, _), (noted, _) = (extract(FORM) for _ in range(4))
    with mlflow.start_span("other"):
        pass
    other = mlflow.get_last_active_trace_id()
    flush_traces()
    mlflow.log_expectation(trace_id=not_json, name=EXPECTATION, value="looks right")
    mlflow.log_expectation(trace_id=as_text, name=EXPECTATION, value='{"pairs": []}')
    mlflow.log_expectation(trace_id=noted, name="note", value="no correction")
    log_correction(misfit, {"company": "ACME"}, "ada")
    log_correction(other, {"pairs": []}, "ada")
    dataset = load_dataset("reviewed")
    assert [(sample.document, sample.expected) for sample in dataset.samples] == [(result["document"], {"pairs": []})]
    reasons = {one.name: one.reason for one in dataset.skipped}
    assert reasons.keys() == {not_json, misfit, other}
    assert "expected the right extraction as JSON" in reasons[not_json]
    assert "doesn't fit the schema 'form'" in reasons[misfit]
    assert "expected the trace of an extraction" in reasons[other]


def test_no_correction_is_told(experiment):
    """With what to do about it."""
    with pytest.raises(UsageError, match="found none; correct an extraction in MLflow first"):
        load_dataset("reviewed")
