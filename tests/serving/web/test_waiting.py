"""Extractions that wait for a person: asked, answered, taken over, deleted."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlflow
import pytest
from fastapi.testclient import TestClient
from langgraph.types import Command
from leaks import read_apart

from chat_models.scripted import ScriptedChatModel
from evaluation.datasets.reviewed import load_reviewed
from evaluation.monitoring.query import RunQuery
from evaluation.monitoring.runs import find_runs
from graph.app import graph
from graph.audit import read
from graph.checkpoints import open_checkpointer
from graph.settings import get_settings
from graph.tracing.queue import flush_traces
from schemas.errors import UnreachableError

Upload = Callable[..., str]
Serve = Callable[..., TestClient]
Script = Callable[..., tuple[str, ScriptedChatModel]]
EXTRACTIONS = "/api/v1/extractions"
TOKENS = {role: f"{role}-{'x' * 32}" for role in ("read", "extract", "review")}
FIELD = "/pairs/0/values/0"


def _answer(name: str) -> str:
    return json.dumps({"pairs": [{"key": "Name", "values": [name]}]})


class Asked:
    """A service, and an extraction of its that waits for a person: the page says Alice Smith, the answer does not."""

    def __init__(self, client: TestClient, ref: str, chat_model: str, **more: Any) -> None:
        self.client, self.document = client, ref
        body = {"document": ref, "chat_model": chat_model, "max_attempts": 1, "review": "on_doubt", **more}
        self.extraction = client.post(f"{EXTRACTIONS}?wait=30", json=body).json()
        self.id = self.extraction["id"]
        self.url = f"{EXTRACTIONS}/{self.id}"

    def get(self) -> Any:
        """Look at it."""
        return self.client.get(self.url).json()

    def answer(self, value: Any = None, path: str = FIELD, **more: Any) -> Any:
        """Answer it over HTTP; without a value, confirm what is there."""
        values = [] if value is None else [{"path": path, "value": value}]
        return self.client.post(f"{self.url}/review?wait=30", json={"values": values, **more})

    def threads(self) -> set[str]:
        """The waiting runs of the service."""
        with open_checkpointer(get_settings()) as checkpointer:
            found = checkpointer.list(None, filter={"owner": "service"})
            return {one.config["configurable"]["thread_id"] for one in found}

    def answer_elsewhere(self, value: str) -> None:
        """Answer as a terminal does, which knows nothing of the service."""
        answer = {"values": [{"path": FIELD, "value": value}], "reviewer": "bob"}
        with open_checkpointer(get_settings()) as checkpointer:
            config: Any = {"configurable": {"thread_id": self.id}}
            graph.copy({"checkpointer": checkpointer}).invoke(Command(resume=answer), config, durability="exit")


@pytest.fixture
def asked(serve: Serve, upload: Upload, script: Script) -> Asked:
    """One that waits."""
    name, _ = script(_answer("Malice Smythe"))
    client = serve(chat_models=name)
    return Asked(client, upload(client), name)


def test_doubtful_extraction_waits(asked: Asked) -> None:
    """It has no result yet, says what is asked, is listed as waiting and counted; nothing runs."""
    asked_for = asked.extraction["waits_for"]
    assert (asked.extraction["status"], asked.extraction["result"]) == ("waiting", None)
    assert [field["path"] for field in asked_for["fields"]] == [FIELD]
    assert asked_for["fields"][0]["errors"] == []
    assert asked_for["fields"][0]["reason"].startswith("does not stand on the page")
    candidate = asked.extraction["candidate"]
    assert candidate["extraction"] == {"pairs": [{"key": "Name", "values": ["Malice Smythe"]}]}
    assert [field["grounding"] for field in candidate["fields"]] == ["found", "missing"]
    assert asked.get() == asked.extraction
    listed = asked.client.get(f"{EXTRACTIONS}?status=waiting").json()["items"]
    assert [item["id"] for item in listed][:1] == [asked.id]
    assert 'optophone_documents{status="waiting"} ' in asked.client.get("/metrics").text
    assert asked.client.get(f"{asked.url}/export").status_code == 409


def test_what_is_wrong_with_the_whole_answer_is_told_too(serve: Serve, upload: Upload, script: Script) -> None:
    """Beside the questions, and in the list."""
    name, _ = script('{"name": "Malice Smythe"}')
    client = serve(chat_models=name)
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "age": {}}, "minProperties": 2}
    asked = Asked(client, upload(client), name, json_schema=schema)
    assert [field["path"] for field in asked.extraction["waits_for"]["fields"]] == ["/name"]
    said = ["{'name': 'Malice Smythe'} does not have enough properties"]
    assert asked.extraction["waits_for"]["errors"] == said
    listed = {item["id"]: item["waits_for"] for item in client.get("/api/v1/reviews").json()["items"]}
    assert listed[asked.id]["errors"] == said


def test_waiting_reviews_are_listed_newest_first(asked: Asked, upload: Upload, script: Script) -> None:
    """By pages, each with what is asked."""
    asked.client.app.state.service.chat_models.append(name := script(_answer("Bob"))[0])  # type: ignore[attr-defined]
    newer = Asked(asked.client, upload(asked.client, name="newer.pdf"), name)
    first = asked.client.get("/api/v1/reviews?limit=1").json()
    assert [item["id"] for item in first["items"]] == [newer.id]
    assert first["total"] >= 2
    assert first["items"][0]["waits_for"] == newer.extraction["waits_for"]
    second = asked.client.get(f"/api/v1/reviews?limit=1&before={first['next']}").json()
    assert [item["id"] for item in second["items"]] == [asked.id]


def test_run_without_doubt_waits_for_nobody(serve: Serve, upload: Upload, script: Script) -> None:
    """And leaves nothing in the checkpointer."""
    name, _ = script(_answer("Alice Smith"))
    client = serve(chat_models=name)
    asked = Asked(client, upload(client), name)
    assert (asked.extraction["status"], asked.extraction["waits_for"]) == ("valid", None)
    assert asked.id not in asked.threads()
    assert not asked.extraction["is_reviewed"]


def test_answer_ends_the_extraction_and_is_ground_truth(asked: Asked) -> None:
    """The run goes on with it; who answered is the caller, and not who the answer says."""
    answer = asked.answer("Alice Smith", comment="read aloud", reviewer="the pope")
    assert answer.status_code == 200, answer.text
    ended = answer.json()
    (event,) = read(object=ended["document"])
    assert event[1:] == ("corrected", "local", ended["document"], f"extraction {ended['id']}, which waited")
    assert (ended["status"], ended["waits_for"]) == ("valid", None)
    assert ended["result"]["extraction"] == {"pairs": [{"key": "Name", "values": ["Alice Smith"]}]}
    assert ended["result"]["review"]["reviewer"] == "local"
    review = ended["review"]
    assert (review["reviewer"], review["comment"], ended["is_reviewed"]) == ("local", "read aloud", True)
    assert [(field["path"], field["state"]) for field in review["fields"]] == [(FIELD, "corrected")]
    assert asked.id not in asked.threads()
    samples, _ = load_reviewed(get_settings().tracking_uri)
    assert [one.expected for one in samples if one.document == asked.document] == [ended["result"]["extraction"]]
    (feedback,) = mlflow.get_trace(ended["trace_id"]).search_assessments("is_correct")
    assert (feedback.value, feedback.source.source_id) == (False, "local")
    assert asked.answer("again").status_code == 409


def test_run_that_goes_on_is_found_by_the_documents_name(asked: Asked) -> None:
    """So is the trace of what it waited with: both are the upload's."""
    ended = asked.answer("Alice Smith").json()
    flush_traces()
    newest = find_runs(RunQuery(document="form.pdf", chat_model=ended["result"]["chat_model"]))
    assert [(run.trace_id, run.status) for run in newest] == [
        (ended["trace_id"], "valid"),
        (asked.extraction["trace_id"], "waiting"),
    ]


def test_answer_that_is_still_wrong_is_asked_again(serve: Serve, upload: Upload, script: Script) -> None:
    """With what is wrong with it; a value that doesn't fit the schema is no error of the request."""
    name, _ = script('{"total": "eight"}')
    client = serve(chat_models=name)
    asked = Asked(client, upload(client), name, schema="receipt")
    answer = asked.answer("nine", path="/total")
    assert answer.status_code == 200
    assert answer.json()["status"] == "waiting"
    assert answer.json()["waits_for"]["fields"][0]["errors"] == ['expected number or null, got "nine"']
    assert asked.answer(9, path="/total").json()["result"]["extraction"] == {"total": 9}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"values": [{"path": "/pairs/0/key", "value": "x"}]}, "'/pairs/0/key' was not asked"),
        ({"values": [{"path": FIELD, "value": 1}] * 2}, "answered twice"),
        ({"values": [{"path": FIELD}]}, "Field required"),
        ({"value": 1}, "Extra inputs"),
    ],
)
def test_answer_that_does_not_fit_is_refused(asked: Asked, body: Any, said: str) -> None:
    """422 with the reason, and it waits as before."""
    answer = asked.client.post(f"{asked.url}/review", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["error"]["message"]
    assert asked.get() == asked.extraction


def test_only_who_waits_is_answered(serve: Serve, upload: Upload, script: Script) -> None:
    """409 for what has ended, 404 for what is unknown, 403 for who may not review."""
    name, _ = script(_answer("Alice Smith"))
    client = serve(chat_models=name, api_tokens=",".join(f"{role}:{role}:{token}" for role, token in TOKENS.items()))
    client.headers["Authorization"] = f"Bearer {TOKENS['review']}"
    asked = Asked(client, upload(client), name)
    assert asked.answer("x").status_code == 409
    assert client.post(f"{EXTRACTIONS}/unknown/review", json={}).status_code == 404
    client.headers["Authorization"] = f"Bearer {TOKENS['extract']}"
    assert asked.answer("x").status_code == 403
    assert client.get("/api/v1/reviews").status_code == 200


def test_events_of_what_waits_end(asked: Asked) -> None:
    """Steps, what is asked, and how it is; after the answer the steps of both runs."""

    def told() -> list[tuple[str, Any]]:
        blocks = asked.client.get(f"{asked.url}/events").text.replace("\r\n", "\n").strip().split("\n\n")
        pairs = (block.split("\n") for block in blocks)
        return [(event.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for event, data in pairs]

    before = told()
    assert [event for event, _ in before][-2:] == ["waiting", "end"]
    assert before[-2][1] == asked.extraction["waits_for"]
    assert before[-1][1] == asked.extraction
    assert before[-3][1] == {"node": "refine", "attempt": 1, "message": "waiting for a person: 1 value is in doubt"}
    asked.answer("Alice Smith")
    after = told()
    assert after[: len(before) - 2] == before[:-2]
    steps = [data["message"] for event, data in after[len(before) - 2 :] if event == "progress"]
    assert steps == ["taking the answer", "checking the answer", "all is valid"]
    assert after[-1][1]["status"] == "valid"


def test_answer_from_elsewhere_is_taken_over(asked: Asked) -> None:
    """As soon as somebody looks; who answered there is the reviewer, and their trace the one that counts."""
    asked.answer_elsewhere("Alice Smith")
    ended = asked.get()
    assert (ended["status"], ended["result"]["review"]["reviewer"]) == ("valid", "bob")
    assert ended["review"]["reviewer"] == "bob"
    assert ended["trace_id"] != asked.extraction["trace_id"]
    assert mlflow.get_trace(ended["trace_id"]).search_assessments("extraction", type="expectation")
    assert asked.id not in asked.threads()


def test_answer_from_elsewhere_is_noticed_in_lists(asked: Asked) -> None:
    """What is no longer asked is in no list of waiting reviews, and soon ended."""
    asked.answer_elsewhere("Alice Smith")
    assert asked.id not in [item["id"] for item in asked.client.get("/api/v1/reviews").json()["items"]]
    for _ in range(100):
        (item,) = [item for item in asked.client.get(EXTRACTIONS).json()["items"] if item["id"] == asked.id]
        if item["status"] == "valid":
            return
        time.sleep(0.1)
    pytest.fail("it was not taken over")


def test_two_answers_count_once(asked: Asked) -> None:
    """An answer to a question that somebody else has answered meanwhile is refused."""
    asked.answer_elsewhere("Alice Smith")
    assert asked.answer("Late Comer").status_code == 409
    asked.client.get(f"{asked.url}/events")  # to their end
    assert asked.get()["result"]["extraction"]["pairs"][0]["values"] == ["Alice Smith"]


def test_answer_that_comes_too_late_is_not_recorded(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two who answer the same question at once, the audit trail has who was taken at their word."""
    ledger = asked.client.app.state.service.ledger  # type: ignore[attr-defined]
    go_on = ledger.go_on

    def come_second(id: str, answer: Any) -> Any:
        assert go_on(id, replace(answer, answer={"values": [], "reviewer": "bob", "comment": ""}))
        return go_on(id, answer)

    monkeypatch.setattr(ledger, "go_on", come_second)
    assert asked.answer("Late Comer").status_code == 409
    assert list(read(object=asked.document)) == []


def test_answer_that_cannot_be_recorded_is_not_taken(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits as before, and can be answered again."""

    def fail(*_: Any) -> None:
        raise UnreachableError("MLflow does not answer")

    with monkeypatch.context() as away:
        away.setattr("serving.web.waiting.record", fail)
        assert asked.answer("Wilhelmina").status_code == 503
    assert asked.get() == asked.extraction
    assert asked.answer("Alice Smith").json()["result"]["extraction"]["pairs"][0]["values"] == ["Alice Smith"]
    assert [event.action for event in read(object=asked.document)] == ["corrected"]


def test_value_that_stands_there_already_is_no_correction(asked: Asked) -> None:
    """The audit trail and the result agree on it."""
    ended = asked.answer("Malice Smythe").json()
    assert (ended["result"]["review"]["corrected"], ended["result"]["review"]["confirmed"]) == ([], [FIELD])
    assert [event.action for event in read(object=asked.document)] == ["reviewed"]


def test_waiting_survives_a_restart(asked: Asked, serve: Serve) -> None:
    """It waits as before, is not begun again, and can be answered."""
    asked.client.__exit__()
    asked.client = serve(chat_models=asked.extraction["chat_model"])
    assert asked.get() == asked.extraction
    assert asked.answer().json()["status"] == "valid"


def test_deleted_document_takes_its_thread_along(asked: Asked, data_dir: Path) -> None:
    """And the traces of who answered elsewhere; nothing of its text is left in the checkpointer's files."""
    asked.answer_elsewhere("Wilhelmina Quartermaine")
    ended = asked.get()
    flush_traces()
    asked.client.delete(f"/api/v1/documents/{asked.document}")
    assert asked.id not in asked.threads()
    assert mlflow.get_trace(ended["trace_id"], silent=True) is None
    assert mlflow.get_trace(asked.extraction["trace_id"], silent=True) is None
    files = [file for file in data_dir.iterdir() if file.name.startswith(("checkpoints.db", "service.db"))]
    assert len(files) >= 2
    assert [file.name for file in files if b"Quartermaine" in file.read_bytes()] == []


def test_deleted_document_that_waits_is_gone(serve: Serve, upload: Upload, script: Script, data_dir: Path) -> None:
    """On request or because it is old: it is in no list, and its thread nowhere."""
    name, _ = script(_answer("Xanthippe Fotheringay"))
    client = serve(chat_models=name)
    asked = Asked(client, upload(client), name)
    assert asked.document in client.app.state.service.ledger.documents_before("9999")  # type: ignore[attr-defined]
    client.delete(f"/api/v1/documents/{asked.document}")
    assert client.get(asked.url).status_code == 404
    assert asked.id not in asked.threads()
    assert not any(b"Fotheringay" in read_apart(file) for file in data_dir.glob("checkpoints.db*"))


def test_thread_of_what_has_ended_is_swept_up(asked: Asked, serve: Serve) -> None:
    """A kill may come between the outcome and the thread's end: the next start looks for such."""
    ledger = asked.client.app.state.service.ledger  # type: ignore[attr-defined]
    ledger.change(asked.id, status="exhausted", result={})
    asked.client.__exit__()
    serve()
    assert asked.id not in asked.threads()
