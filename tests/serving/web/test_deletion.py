"""What is deleted is gone: bytes, rows, traces, runs."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import mlflow
import pytest
from fastapi.testclient import TestClient
from langgraph.cache.sqlite import SqliteCache
from openai_server import Reply, openai_server
from PIL import Image

from graph.answer_cache import AnswerCache
from graph.audit import read
from graph.settings import get_settings, get_store
from graph.tracing.queue import flush_traces
from schemas.errors import UnreachableError

Upload = Callable[..., str]
Serve = Callable[..., TestClient]


def _files(data_dir: Path) -> set[Path]:
    return {
        path
        for path in data_dir.rglob("*")
        if path.is_file()
        and not path.name.startswith(("mlflow.db", "service.db", "answers.db"))
        and path.stat().st_size
    }


def _wait_for_run(client: TestClient, id: str) -> str:
    ledger = client.app.state.service.ledger  # type: ignore[attr-defined]
    for _ in range(100):
        if run_id := ledger.get(id).run_id:
            return str(run_id)
        time.sleep(0.1)
    pytest.fail("the request log has no run")


def test_nothing_of_a_deleted_document_is_left(serve: Serve, upload: Upload, data_dir: Path) -> None:
    """The original, pages, words, extractions, traces with their page images, runs with their pictures."""
    client = serve(request_log=True)
    flush_traces()
    before = _files(data_dir)
    ref = upload(client)
    done = client.post("/api/v1/extractions?wait=30", json={"document": ref}).json()
    run_id = _wait_for_run(client, done["id"])
    flush_traces()
    names = {path.name for path in _files(data_dir) - before}
    assert "highlighted.png" in names
    assert client.delete(f"/api/v1/documents/{ref}").status_code == 204
    assert _files(data_dir) == before
    assert mlflow.get_trace(done["trace_id"], silent=True) is None
    with pytest.raises(mlflow.MlflowException, match=run_id):
        mlflow.get_run(run_id)
    for path in (f"documents/{ref}", f"documents/{ref}/pages/0.png", f"extractions/{done['id']}"):
        assert client.get(f"/api/v1/{path}").status_code == 404
    assert client.delete(f"/api/v1/documents/{ref}").status_code == 404
    assert [event[1:] for event in read(object=ref)] == [("deleted", "local", ref, "")]


def test_kept_answers_about_it_are_gone(client: TestClient, upload: Upload) -> None:
    """What `optophone batch` keeps for later runs; answers about other pages stay."""
    ref = upload(client)
    [page] = client.app.state.service.ledger.document(ref).pages  # type: ignore[attr-defined]
    kept = {((image,), "key"): ([("answer", "Alice")], None) for image in (page["image"], "sha256:other")}
    SqliteCache.set(AnswerCache(get_settings().answers), kept)
    assert client.delete(f"/api/v1/documents/{ref}").status_code == 204
    left = SqliteCache.get(AnswerCache(get_settings().answers), tuple(kept))
    assert list(left) == [(("sha256:other",), "key")]


def test_page_that_another_document_has_stays(client: TestClient, upload: Upload) -> None:
    """The same picture as PNG and as BMP is one page image."""
    image = Image.effect_noise((40, 40), 80)
    first, second = BytesIO(), BytesIO()
    image.save(first, "PNG")
    image.save(second, "BMP")
    kept, gone = upload(client, first.getvalue()), upload(client, second.getvalue())
    assert client.delete(f"/api/v1/documents/{gone}").status_code == 204
    assert client.get(f"/api/v1/documents/{kept}/pages/0.png").status_code == 200
    assert gone not in get_store()


class _InTheMiddle:
    """A service, and an extraction of its that asks a provider, who answers once it may."""

    def __init__(self, client: TestClient, upload: Upload, may_answer: threading.Event) -> None:
        self.client, self.ref, self.may_answer = client, upload(client), may_answer
        self.id = client.post("/api/v1/extractions", json={"document": self.ref}).json()["id"]

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        """Wait half a minute at most."""
        deadline = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < deadline, self.row
            time.sleep(0.05)

    @property
    def row(self) -> Any:
        """What the ledger holds of the extraction."""
        return self.client.app.state.service.ledger.get(self.id)  # type: ignore[attr-defined]


@pytest.fixture
def in_the_middle(serve: Serve, upload: Upload, monkeypatch: pytest.MonkeyPatch) -> Iterator[_InTheMiddle]:
    """An extraction that runs."""
    may_answer = threading.Event()

    def answer(_: dict[str, Any]) -> Reply:
        may_answer.wait(30)
        return Reply('{"pairs": [{"key": "Name", "values": ["Alice Smith"]}]}')

    with openai_server(answer) as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", provider.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        running = _InTheMiddle(serve(chat_models="openai:gpt-4o-mini"), upload, may_answer)
        running.wait_for(lambda: len(provider.requests) == 1)
        yield running
        may_answer.set()


def _is_away(*_: Any) -> None:
    raise UnreachableError("MLflow does not answer")


@pytest.mark.parametrize("error", [UnreachableError("away"), RuntimeError("odd")])
def test_extraction_goes_on_where_its_document_could_not_be_deleted(
    in_the_middle: _InTheMiddle, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """It was ended for the deletion, and is queued again as if it had not begun."""

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr("serving.web.deletion.forget_traces", fail)
    with suppress(RuntimeError):
        answer = in_the_middle.client.delete(f"/api/v1/documents/{in_the_middle.ref}")
        assert (answer.status_code, "is not deleted" in answer.json()["error"]["message"]) == (503, True)
    in_the_middle.may_answer.set()
    in_the_middle.wait_for(lambda: in_the_middle.row.has_ended)
    assert (in_the_middle.row.status, in_the_middle.row.starts) == ("valid", 1)


def test_what_cannot_be_recorded_is_not_begun(in_the_middle: _InTheMiddle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the audit trail no trace goes, and what runs isn't ended."""
    forgotten: list[Any] = []
    monkeypatch.setattr("serving.web.deletion.record", _is_away)
    monkeypatch.setattr("serving.web.deletion.forget_traces", lambda *given: forgotten.append(given))
    assert in_the_middle.client.delete(f"/api/v1/documents/{in_the_middle.ref}").status_code == 503
    assert (forgotten, in_the_middle.row.status) == ([], "running")
    in_the_middle.may_answer.set()
    in_the_middle.wait_for(lambda: in_the_middle.row.status == "valid")


def test_old_documents_are_forgotten(serve: Serve, upload: Upload) -> None:
    """At each start and every hour, once the retention is over."""
    client = serve(retention_days=1e-9)
    ref = upload(client)
    client.__exit__()
    again = serve(retention_days=1e-9)
    for _ in range(100):
        if again.get(f"/api/v1/documents/{ref}").status_code == 404:
            (event,) = read(object=ref)
            assert event[1:] == ("deleted", "retention", ref, "older than 1e-09 days")
            return
        time.sleep(0.1)
    pytest.fail("the document is still there")
