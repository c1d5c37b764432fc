"""What MLflow holds of a service's work."""

import threading
import time
from collections.abc import Callable
from typing import Any

import mlflow
import pytest
from fastapi.testclient import TestClient
from mlflow import MlflowClient

from prompts.connection import Connection
from serving.web.database import DatabaseUnavailableError

Upload = Callable[..., str]
Serve = Callable[..., TestClient]


def _logged_run(client: TestClient, id: str) -> Any:
    ledger = client.app.state.service.ledger  # type: ignore[attr-defined]
    for _ in range(100):
        if run_id := ledger.get(id).run_id:
            return mlflow.get_run(run_id)
        time.sleep(0.1)
    pytest.fail("the request log has no run")


def test_extraction_is_a_run_below_the_services(serve: Serve, upload: Upload) -> None:
    """Words, their mean score, the page with its values boxed, and the trace."""
    client = serve(request_log=True)
    done = client.post("/api/v1/extractions?wait=30", json={"document": upload(client), "chat_model": "local"}).json()
    run = _logged_run(client, done["id"])
    words = run.data.params["words"]
    assert words.startswith("Name: Alice Smith Form No:")
    assert run.data.params["num_words"] == str(len(words.split()))
    assert run.data.metrics["avg_accuracy"] == 1.0  # a PDF's own text
    assert run.data.tags["trace_id"] == done["trace_id"]
    mlflow.flush_trace_async_logging()
    linked = mlflow.search_traces(run_id=run.info.run_id, return_type="list")
    assert [trace.info.trace_id for trace in linked] == [done["trace_id"]]
    assert [file.path for file in MlflowClient().list_artifacts(run.info.run_id)] == ["highlighted.png"]
    parent = mlflow.get_run(run.data.tags["mlflow.parentRunId"])
    assert parent.data.params["model_source"] == "local"
    assert parent.data.params["service_started_at"] <= done["created_at"]


def test_service_starts_before_what_it_accepts(serve: Serve, upload: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where MLflow takes its time to make the service's run."""
    is_accepted = threading.Event()

    def make_client() -> MlflowClient:
        is_accepted.wait(30)
        return MlflowClient()

    monkeypatch.setattr("serving.web.request_log._client", make_client)
    client = serve(request_log=True)
    accepted = client.post("/api/v1/extractions", json={"document": upload(client)}).json()
    time.sleep(0.002)  # times are told to the millisecond
    is_accepted.set()
    parent = mlflow.get_run(_logged_run(client, accepted["id"]).data.tags["mlflow.parentRunId"])
    assert parent.data.params["service_started_at"] <= accepted["created_at"]


def test_what_one_process_did_not_log_the_next_one_does(serve: Serve, upload: Upload) -> None:
    """A service that ended too early leaves no gap."""
    client = serve(request_log=True)
    log = client.app.state.service.request_log  # type: ignore[attr-defined]
    log._waiting.put(None)  # its thread ends
    log._thread.join(10)
    done = client.post("/api/v1/extractions?wait=30", json={"document": upload(client)}).json()
    client.__exit__()
    again = serve(request_log=True)
    assert _logged_run(again, done["id"]).data.tags["extraction"] == done["id"]


@pytest.fixture
def blamed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What MLflow was said to be out of reach for."""
    reasons: list[str] = []
    monkeypatch.setattr(Connection, "note_failure", lambda self, reason: reasons.append(reason))
    return reasons


def test_database_that_is_away_is_no_failure_of_mlflow(
    serve: Serve, upload: Upload, monkeypatch: pytest.MonkeyPatch, blamed: list[str]
) -> None:
    """The run is made once the database is back."""
    monkeypatch.setattr("serving.web.request_log._PAUSE_S", 0.1)
    client = serve(request_log=True)
    log = client.app.state.service.request_log  # type: ignore[attr-defined]
    is_away, met = True, threading.Event()
    get = log._ledger.get

    def look(id: str) -> Any:
        if is_away and threading.current_thread() is log._thread:
            met.set()
            raise DatabaseUnavailableError("away")
        return get(id)

    monkeypatch.setattr(log._ledger, "get", look)
    done = client.post("/api/v1/extractions?wait=30", json={"document": upload(client)}).json()
    assert met.wait(30)
    is_away = False
    assert _logged_run(client, done["id"]).data.tags["extraction"] == done["id"]
    assert blamed == []


def test_odd_error_is_one_extractions_alone(
    serve: Serve,
    upload: Upload,
    monkeypatch: pytest.MonkeyPatch,
    blamed: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is said, not tried again, and holds up nobody."""
    client = serve(request_log=True)
    tries: list[str] = []

    def fail(page: Any, *_: Any) -> Any:
        tries.append(page["image"])
        raise RuntimeError("odd")

    with monkeypatch.context() as broken:
        broken.setattr("serving.web.request_log.page_words", fail)
        odd = client.post("/api/v1/extractions?wait=30", json={"document": upload(client)}).json()
        for _ in range(100):
            if any("missing in the request log: RuntimeError" in record.message for record in caplog.records):
                break
            time.sleep(0.1)
    other = client.post("/api/v1/extractions?wait=30", json={"document": upload(client)}).json()
    assert _logged_run(client, other["id"]).data.tags["extraction"] == other["id"]
    assert client.app.state.service.ledger.get(odd["id"]).run_id is None  # type: ignore[attr-defined]
    assert (len(tries), blamed) == (1, [])


def test_one_setting_turns_it_off(serve: Serve, upload: Upload) -> None:
    """No run, now or after a later start with the log on."""
    client = serve(request_log=False)
    done = client.post("/api/v1/extractions?wait=30", json={"document": upload(client)}).json()
    client.__exit__()
    again = serve(request_log=True)
    assert again.app.state.service.ledger.get(done["id"]).run_id == ""  # type: ignore[attr-defined]
