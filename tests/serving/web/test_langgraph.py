"""The application and its tokens under `langgraph dev`."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pdfs import pdf_of, text_pdf
from processes import langgraph_server

pytestmark = pytest.mark.slow

READ, EXTRACT = "0123456789abcdef" * 2 + "r", "0123456789abcdef" * 2 + "e"


@pytest.fixture(scope="module")
def client(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The server with two tokens."""
    tokens = f"ann:read:{READ},bob:extract:{EXTRACT}"
    data_dir = tmp_path_factory.mktemp("server")
    with langgraph_server(root, data_dir, OPTOPHONE_API_TOKENS=tokens) as url, httpx.Client(base_url=url) as client:
        yield client


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _run(client: httpx.Client, document: str, token: str | None) -> httpx.Response:
    body = {"assistant_id": "optophone", "input": {"document": document}, "context": {"chat_model": "local"}}
    return client.post("/runs/wait", json=body, headers=_bearer(token) if token else {}, timeout=60)


@pytest.mark.parametrize("token", [None, "0" * 33])
@pytest.mark.parametrize("path", ["/assistants/search", "/threads", "/runs/wait", "/api/v1/extractions"])
def test_every_route_wants_a_token(client: httpx.Client, path: str, token: str | None) -> None:
    """The server's own routes and the application's alike; Studio's way round is closed."""
    for headers in ({}, {"x-auth-scheme": "langsmith"}):
        answer = client.post(path, json={}, headers={**headers, **(_bearer(token) if token else {})})
        assert answer.status_code == 401


def test_role_bounds_the_servers_own_routes(client: httpx.Client) -> None:
    """Who may read may search, and run nothing."""
    assert client.post("/assistants/search", json={}, headers=_bearer(READ)).status_code == 200
    assert _run(client, text_pdf("Name: Alice"), READ).status_code == 403
    assert _run(client, text_pdf("Name: Alice"), EXTRACT).json()["status"] == "valid"


@pytest.mark.parametrize("document", ["/etc/passwd", "file:///etc/passwd"])
def test_no_path_is_read(client: httpx.Client, document: str) -> None:
    """Whoever asks."""
    assert _run(client, document, EXTRACT).json()["status"] == "unreadable"


def test_application_works_there_too(client: httpx.Client) -> None:
    """Uploaded, extracted by its queue, followed; beside the server's own routes."""
    uploaded = client.post(
        "/api/v1/documents", files={"file": ("a.pdf", pdf_of("Name: Bob"))}, headers=_bearer(EXTRACT)
    )
    assert uploaded.status_code == 201
    body = {"document": uploaded.json()["document"], "chat_model": "local"}
    done = client.post("/api/v1/extractions?wait=50", json=body, headers=_bearer(EXTRACT), timeout=60)
    assert (done.status_code, done.json()["status"]) == (200, "valid")
    events = client.get(f"/api/v1/extractions/{done.json()['id']}/events", headers=_bearer(READ))
    assert events.text.count("event: end") == 1
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/ok").json()["ok"] is True
