"""The application in this process, as a client on this machine sees it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pdfs import pdf_of

from serving.web.app import make_app
from serving.web.settings import ServiceSettings

Serve = Callable[..., TestClient]
_numbers = count()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start the application with these settings; without the request log unless asked for."""
    with ExitStack() as stack:

        def start(host: str = "127.0.0.1", client: str = "127.0.0.1", **settings: Any) -> TestClient:
            app = make_app(ServiceSettings(**{"request_log": False, **settings}))
            return stack.enter_context(TestClient(app, base_url=f"http://{host}", client=(client, 5000)))

        yield start


@pytest.fixture
def client(serve: Serve) -> TestClient:
    """The application as it starts on a laptop."""
    return serve()


@pytest.fixture
def pdf() -> bytes:
    """A form of one question that no other test uses, with its own text."""
    return pdf_of("Name: Alice Smith", f"Form No: {next(_numbers)}-{id(object())}")


@pytest.fixture
def upload(pdf: bytes) -> Callable[..., str]:
    """Upload that form, or other bytes; gives the reference."""

    def send(client: TestClient, data: bytes | None = None, name: str = "form.pdf") -> str:
        answer = client.post("/api/v1/documents", files={"file": (name, data or pdf)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["document"])

    return send
