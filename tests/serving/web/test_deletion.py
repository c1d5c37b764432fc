"""What is deleted is gone: bytes, rows, traces, runs."""

import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import mlflow
import pytest
from fastapi.testclient import TestClient
from langgraph.cache.sqlite import SqliteCache
from PIL import Image

from graph.answer_cache import AnswerCache
from graph.audit import read
from graph.settings import get_settings, get_store
from graph.tracing.queue import flush_traces

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
