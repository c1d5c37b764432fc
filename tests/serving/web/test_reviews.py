"""Corrections: stored here and as ground truth in MLflow; and exports."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import mlflow
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from chat_models.scripted import ScriptedChatModel
from evaluation.datasets.reviewed import load_reviewed
from graph.audit import read
from graph.settings import get_settings

Upload = Callable[..., str]
Serve = Callable[..., TestClient]
Script = Callable[..., tuple[str, ScriptedChatModel]]
EXTRACTIONS = "/api/v1/extractions"
RIGHT = {"pairs": [{"key": "Name", "values": ["Alicia Smith"]}]}


@pytest.fixture
def done(client: TestClient, upload: Upload) -> Any:
    """An extraction that ended."""
    return client.post(f"{EXTRACTIONS}?wait=30", json={"document": upload(client), "chat_model": "local"}).json()


def _correct(client: TestClient, id: str, extraction: Any, **more: Any) -> Any:
    return client.post(f"{EXTRACTIONS}/{id}/corrections", json={"extraction": extraction, **more})


def test_correction_becomes_ground_truth(client: TestClient, done: Any) -> None:
    """An expectation and a person's feedback on the trace, which training and evaluation read as `reviewed`."""
    field = {"path": "/pairs/0/values/0", "state": "corrected", "page_index": 0, "bbox": [0.1, 0.1, 0.2, 0.2]}
    answer = _correct(client, done["id"], RIGHT, fields=[field], comment="a misread name")
    assert answer.status_code == 200
    review = answer.json()["review"]
    assert (review["extraction"], review["fields"], review["reviewer"]) == (RIGHT, [field], "local")
    assert answer.json()["is_reviewed"]
    assert client.get(f"{EXTRACTIONS}/{done['id']}").json() == answer.json()
    samples, _ = load_reviewed(get_settings().tracking_uri)
    assert [sample.expected for sample in samples if sample.document == done["document"]] == [RIGHT]
    (feedback,) = mlflow.get_trace(done["trace_id"]).search_assessments("is_correct")
    assert (feedback.value, feedback.rationale, feedback.source.source_id) == (False, "a misread name", "local")
    assert json.loads(feedback.metadata["fields"]) == {"corrected": 1}


def test_review_is_in_the_audit_trail(client: TestClient, done: Any) -> None:
    """Who said of which document's extraction that it is right, or put it right; the values stand elsewhere."""
    for extraction in (RIGHT, done["result"]["extraction"]):
        assert _correct(client, done["id"], extraction).status_code == 200
    evidence = f"extraction {done['id']}, trace {done['trace_id']}"
    found = [(event.action, event.actor, event.evidence) for event in read(object=done["document"])]
    assert found == [("reviewed", "local", evidence), ("corrected", "local", evidence)]


@pytest.mark.parametrize(
    ("extraction", "path"),
    [({"pairs": 3}, "/pairs"), ({"pairs": [{"key": 1, "values": []}]}, "/pairs/0/key"), ({}, "/pairs")],
)
def test_correction_that_does_not_fit_is_refused(client: TestClient, done: Any, extraction: Any, path: str) -> None:
    """422 with each place that is wrong; nothing is stored."""
    answer = _correct(client, done["id"], extraction)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "schema")
    assert answer.json()["errors"][0]["path"] == path
    assert not client.get(f"{EXTRACTIONS}/{done['id']}").json()["is_reviewed"]


@pytest.mark.parametrize("text", ['{"extraction": {"pairs": NaN}}', '{"extraction": {"pairs": ["\\ud800"]}}'])
def test_correction_that_is_no_json_is_refused(client: TestClient, done: Any, text: str) -> None:
    """Python would take it, and no answer could carry it."""
    headers = {"Content-Type": "application/json"}
    answer = client.post(f"{EXTRACTIONS}/{done['id']}/corrections", content=text, headers=headers)
    assert answer.status_code == 422


def test_form_may_break_the_rules(client: TestClient, upload: Upload) -> None:
    """A receipt whose sum is wrong is reviewed as it stands."""
    ref = upload(client)
    done = client.post(f"{EXTRACTIONS}?wait=30", json={"document": ref, "schema": "receipt"}).json()
    properties = client.get("/api/v1/schemas").json()[1]["json_schema"]["properties"]
    receipt = dict.fromkeys(properties) | done["result"]["extraction"] | {"total": 8.0}
    assert _correct(client, done["id"], receipt).status_code == 200


def test_unfinished_extraction_has_nothing_to_correct(client: TestClient, upload: Upload) -> None:
    """409, and the same for an export."""
    client.app.state.service.jobs.submit = lambda id: None  # type: ignore[attr-defined]
    ref = upload(client)
    id = client.post(EXTRACTIONS, json={"document": ref}).json()["id"]
    assert _correct(client, id, RIGHT).status_code == 409
    assert client.get(f"{EXTRACTIONS}/{id}/export").status_code == 409
    client.delete(f"/api/v1/documents/{ref}")


def test_export_is_what_was_corrected(client: TestClient, done: Any) -> None:
    """JSON as it stands; a table with each value's place; a page with the values boxed."""
    export = f"{EXTRACTIONS}/{done['id']}/export"
    assert client.get(export).json() == done["result"]["extraction"]
    rows = list(csv.DictReader(io.StringIO(client.get(f"{export}?format=csv").text)))
    assert (rows[1]["path"], rows[1]["value"], rows[1]["state"]) == ("/pairs/0/values/0", "Alice Smith", "found")
    assert 0 < float(rows[1]["x0"]) < float(rows[1]["x1"]) < 1
    picture = client.get(f"{export}?format=png")
    assert Image.open(io.BytesIO(picture.content)).width == 1112
    assert client.get(f"{export}?format=png&page=1").status_code == 404
    field = {"path": "/pairs/0/values/0", "state": "corrected", "page_index": 0, "bbox": [0.1, 0.1, 0.2, 0.2]}
    _correct(client, done["id"], RIGHT, fields=[field])
    assert client.get(export).json() == RIGHT
    rows = list(csv.DictReader(io.StringIO(client.get(f"{export}?format=csv").text)))
    assert (rows[0]["value"], rows[0]["state"]) == ("Name", "found")
    assert (rows[1]["value"], rows[1]["state"], rows[1]["x1"]) == ("Alicia Smith", "corrected", "0.2")


def test_table_runs_nothing_in_a_spreadsheet(serve: Serve, upload: Upload, script: Script) -> None:
    """A value that looks like a formula gets an apostrophe; a negative number is a number."""
    values = ["=HYPERLINK(1)", "@SUM(1)", "+cmd", "-1+cmd", "-5.20", "plain"]
    name, _ = script(json.dumps({"pairs": [{"key": "Name", "values": values}]}))
    client = serve(chat_models=name)
    done = client.post(f"{EXTRACTIONS}?wait=30", json={"document": upload(client), "chat_model": name}).json()
    answer = client.get(f"{EXTRACTIONS}/{done['id']}/export?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["value"] for row in rows[1:]] == ["'=HYPERLINK(1)", "'@SUM(1)", "'+cmd", "'-1+cmd", "-5.20", "plain"]
    assert answer.headers["content-disposition"] == 'attachment; filename="extraction.csv"'
