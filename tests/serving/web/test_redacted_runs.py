"""The request log and corrections with redaction on."""

import json
import time
from collections.abc import Callable
from typing import Any

import mlflow
import pytest
from fastapi.testclient import TestClient
from mlflow import MlflowClient
from pdfs import pdf_of
from PIL import Image
from redacting import redacting

from chat_models.scripted import ScriptedChatModel
from documents.redaction import REDACTED
from evaluation.datasets.load import load_dataset
from evaluation.datasets.reviewed import load_reviewed
from graph.settings import get_settings
from schemas.errors import UsageError

Upload = Callable[..., str]
Serve = Callable[..., TestClient]
Script = Callable[..., tuple[str, ScriptedChatModel]]
ANSWER = {"pairs": [{"key": "Name", "values": ["Alice Quagmire"]}, {"key": "Town", "values": ["Leeds"]}]}


def _extract(client: TestClient, upload: Upload, chat_model: str) -> tuple[Any, Any]:
    """Read a form; give the extraction and its run."""
    ref = upload(client, pdf_of("Name: Alice Quagmire", "Town: Leeds"), name="alice_quagmire.pdf")
    wanted = {"document": ref, "chat_model": chat_model}
    done = client.post("/api/v1/extractions?wait=30", json=wanted).json()
    for _ in range(100):
        if run_id := client.app.state.service.ledger.get(done["id"]).run_id:  # type: ignore[attr-defined]
            return done, mlflow.get_run(run_id)
        time.sleep(0.1)
    pytest.fail("the request log has no run")


def test_run_has_neither_the_value_nor_the_name_that_tells_it(serve: Serve, upload: Upload, script: Script) -> None:
    """Words, picture and name are without it, and whole otherwise; the answer of the service is whole."""
    name, _ = script(json.dumps(ANSWER))
    with redacting("key:Name"):
        done, run = _extract(serve(request_log=True, chat_models=name), upload, name)
    assert done["result"]["extraction"] == ANSWER
    assert run.data.params["words"] == f"Name: {REDACTED} {REDACTED} Town: Leeds"
    assert run.info.run_name == f"{REDACTED}.pdf"
    path = MlflowClient().download_artifacts(run.info.run_id, "highlighted.png")
    (field,) = [field for field in done["result"]["fields"] if field["value"] == "Alice Quagmire"]
    with Image.open(path) as picture:
        # The legend stands below the page.
        x, y = (field["bbox"][0] + field["bbox"][2]) / 2 * 1112, (field["bbox"][1] + field["bbox"][3]) / 2
        patch = picture.convert("L").crop((int(x) - 5, int(y * 556) - 3, int(x) + 5, int(y * 556) + 3))
        assert patch.getextrema()[1] < 80


def test_run_without_a_place_has_no_words_and_no_picture(serve: Serve, upload: Upload, script: Script) -> None:
    """What nobody found may stand anywhere, in the document's name too; the run says so."""
    name, _ = script('{"pairs": [{"key": "Town", "values": ["Leeds"]}]}')
    with redacting("key:Name"):
        _, run = _extract(serve(request_log=True, chat_models=name), upload, name)
    assert (run.data.params["words"], run.info.run_name) == ("", "document")
    assert run.data.tags["left_out"] == "words and picture: key:Name may stand anywhere on the pages"
    assert MlflowClient().list_artifacts(run.info.run_id) == []


def test_redacted_correction_is_no_ground_truth(serve: Serve, upload: Upload, script: Script) -> None:
    """The values before and after stay out of it and of its comment; training and evaluation leave it out."""
    name, _ = script(json.dumps(ANSWER))
    right = {"pairs": [{"key": "Name", "values": ["Alicia Bogmire"]}]}
    with redacting("key:Name"):
        client = serve(request_log=True, chat_models=name)
        done, _ = _extract(client, upload, name)
        sent = {"extraction": right, "comment": "not Alice Quagmire but Alicia Bogmire"}
        answer = client.post(f"/api/v1/extractions/{done['id']}/corrections", json=sent)
    assert answer.json()["review"]["extraction"] == right
    trace = mlflow.get_trace(done["trace_id"])
    (expectation,) = trace.search_assessments("extraction", type="expectation")
    assert expectation.value == {"pairs": [{"key": "Name", "values": [REDACTED]}]}
    assert trace.search_assessments("is_correct")[0].rationale == f"not {REDACTED} but {REDACTED}"
    _, skipped = load_reviewed(get_settings().tracking_uri)
    assert any("was redacted" in one.reason for one in skipped)


def test_ground_truth_is_not_read_with_redaction_on() -> None:
    """Reports, figures and traces of an evaluation would quote it."""
    with redacting("/company"), pytest.raises(UsageError, match="run this command without them"):
        load_dataset("generated:2")
