"""The agent server in this process: who is let in, and what is told of a mistake."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pdfs import text_pdf

from chat_models.scripted import ScriptedChatModel
from serving.web.agent import make_agent_app
from serving.web.settings import ServiceSettings

Serve = Callable[..., TestClient]
Script = Callable[..., tuple[str, ScriptedChatModel]]

READ, EXTRACT = "r" * 32, "e" * 32
TOKENS = f"ann:read:{READ},bob:extract:{EXTRACT}"
FORM = text_pdf("Name: Alice Smith")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start the agent server with these settings."""
    with ExitStack() as stack:

        def start(host: str = "127.0.0.1", client: str = "127.0.0.1", **settings: Any) -> TestClient:
            app = make_agent_app(ServiceSettings(**settings))
            return stack.enter_context(TestClient(app, base_url=f"http://{host}", client=(client, 5000)))

        yield start


def _body(document: str = FORM, **more: Any) -> dict[str, Any]:
    part = {"type": "input_file", "filename": "form.pdf", "file_data": document}
    return {"model": "optophone", "input": [{"role": "user", "content": [part]}], **more}


def _error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["message"]


def test_page_is_answered_with_its_trace(serve: Serve) -> None:
    """The trace's id comes where the client asks for it, by MLflow's own header."""
    from mlflow import MlflowClient

    from graph.tracing.queue import flush_traces

    client = serve()
    assert "metadata" not in client.post("/responses", json=_body()).json()
    answer = client.post("/responses", json=_body(), headers={"x-mlflow-return-trace-id": "true"}).json()
    assert answer["custom_outputs"]["extraction"] == {"pairs": [{"key": "Name", "values": ["Alice Smith"]}]}
    flush_traces()
    trace = MlflowClient().get_trace(answer["metadata"]["trace_id"])
    names = {span.span_id: span.name for span in trace.data.spans}
    parents = {span.name: names.get(span.parent_id) for span in trace.data.spans}
    assert {"predict": None, "optophone": "predict", "extract": "optophone"}.items() <= parents.items()
    assert trace.data.spans[0].inputs["input"][0]["content"][0]["file_data"] == "data:…"
    assert FORM not in str(trace.to_dict())


@pytest.mark.parametrize("path", ["/responses", "/invocations", "/agent/info"])
def test_nothing_is_said_without_a_fitting_token(serve: Serve, path: str) -> None:
    """The service's own tokens and roles hold."""
    client = serve(api_tokens=TOKENS, host="service.example", client="10.0.0.9")
    method = "GET" if path == "/agent/info" else "POST"

    def ask(**headers: str) -> int:
        body = None if method == "GET" else _body()
        return client.request(method, path, json=body, headers=headers).status_code

    assert ask() == 401
    assert ask(Authorization="Bearer " + "x" * 32) == 401
    assert ask(Authorization=f"Bearer {READ}") == 403
    assert ask(Authorization=f"Bearer {EXTRACT}") == 200
    assert client.get("/health").status_code == 200


def test_without_tokens_only_this_machine_is_let_in(serve: Serve) -> None:
    """Neither another address, nor a page that had its own name point here, nor another site's page."""
    assert serve(client="10.0.0.9").post("/responses", json=_body()).status_code == 401
    assert serve(host="evil.example").post("/responses", json=_body()).status_code == 401
    foreign = serve().post("/responses", json=_body(), headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (_body(document=""), "nothing is fetched"),
        ({"input": "hello"}, "expected one input_image or input_file, got none"),
        ({"input": [{"role": "user", "content": "hello"}]}, "expected one input_image or input_file, got none"),
        (_body(custom_inputs={"chat_model": "openai:gpt-5"}), "expected a chat model of"),
        (_body(custom_inputs={"target_schema": "/etc/x.json"}), "unknown schema"),
        ({}, "input: Field required"),
    ],
)
def test_clients_mistake_is_a_status_400(serve: Serve, body: dict[str, Any], said: str, stream: bool) -> None:
    """Also where a stream was asked for: nothing has begun."""
    status, message = _error(serve().post("/responses", json={**body, "stream": stream}))
    assert status == 400
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'"x"', b"\xff", b"[" * 100_000])
def test_body_that_is_no_object_is_a_status_400(serve: Serve, body: bytes) -> None:
    """Nothing that can be sent is a fault of the server."""
    status, message = _error(serve().post("/responses", content=body))
    assert (status, message.startswith("expected")) == (400, True)


def test_too_much_is_refused_while_it_arrives(serve: Serve) -> None:
    """The limit is that of a document, in base64."""
    status, message = _error(serve().post("/responses", content=b"x" * 70_000_000))
    assert (status, "more bytes" in message) == (413, True)


def test_too_many_requests_wait(serve: Serve) -> None:
    """The service's own limit holds."""
    client = serve(requests_per_minute=2)
    assert [client.get("/agent/info").status_code for _ in range(3)] == [200, 200, 429]


def test_error_of_the_run_is_a_sentence(serve: Serve, script: Script) -> None:
    """As a status 500, or as the stream's last event."""
    name, _ = script()
    said = "the script has 0 answers and was asked once more; add one"
    assert _both_ways(serve(chat_models=name), name) == {("chat_model", said)}


def test_unknown_error_is_not_told(
    serve: Serve, script: Script, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What it says may be anything: it stays in the trace."""

    def fail(*_: Any) -> None:
        raise RuntimeError("private words of the page")

    monkeypatch.setattr("nodes.extract.load_prompt", fail)
    name, _ = script()
    said = "the extraction failed inside the service; its trace has the reason"
    assert _both_ways(serve(chat_models=name), name) == {("internal", said)}
    assert "RuntimeError" in caplog.text
    assert "private words" not in caplog.text


def _both_ways(client: TestClient, chat_model: str) -> set[tuple[str, str]]:
    """Ask for the whole and for a stream; return code and message of what went wrong."""
    body = _body(custom_inputs={"chat_model": chat_model})
    status, message = _error(client.post("/responses", json=body))
    assert status == 500
    *_, event, end = client.post("/responses", json={**body, "stream": True}).text.split("\n\n")[:-1]
    assert end == "data: [DONE]"
    streamed = json.loads(event.removeprefix("data: "))
    assert (streamed["type"], streamed["message"]) == ("error", message)
    return {(streamed["code"], message)}
