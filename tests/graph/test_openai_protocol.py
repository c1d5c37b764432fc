"""The whole way to a provider: a local server that speaks OpenAI's chat-completions protocol."""

import asyncio
import json
from collections.abc import Iterator, Sequence

import mlflow
import pytest
from openai_server import OpenAIServer, Reply, openai_server
from pdfs import text_pdf

from graph.app import graph
from graph.builder import make_graph
from graph.tracing.queue import flush_traces
from graph.tracing.tracers import last_trace_id
from nodes.extract import RETRY_POLICY

RECEIPT = text_pdf("ACME STORE", "Date: 25/12/2018", "Total 8.00")


def _repair(path: str, value: object) -> Reply:
    return Reply(json.dumps({"repairs": [{"path": path, "value": value}]}))


def _asked(server: OpenAIServer) -> Sequence[Sequence[str]]:
    """The pointers that each request's response format lets the chat model answer for."""
    asked = []
    for request in server.requests:
        schema = request["response_format"]["json_schema"]["schema"]
        items = schema["properties"].get("repairs", {}).get("items", {})
        variants = items.get("anyOf", [items])
        asked.append([path for item in variants if item for path in item["properties"]["path"]["enum"]])
    return asked


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[OpenAIServer]:
    """A server with the replies of the test's parameter, set as OpenAI's address."""
    with openai_server(request.param) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0000")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


FOUR_ANSWERS = [
    Reply("I could not find a receipt, sorry."),
    Reply('{"company": "ACME STORE", "date": "25/12/2018", "total": "eight"}'),
    _repair("/total", 8.5),
    _repair("/total", 8.0),
]


@pytest.mark.parametrize("provider", [FOUR_ANSWERS], indirect=True)
def test_four_answers_of_rising_quality_end_valid(provider: OpenAIServer) -> None:
    """No JSON, then a broken type, then a value that isn't on the page, then the right one."""
    # A model name of its own: chat models are made once a process, and each test has another address.
    result = graph.invoke(
        {"document": RECEIPT},
        context={
            "target_schema": "receipt",
            "chat_model": "openai:gpt-4o-mini-2024-07-18",
            "grounding": "require",
            "max_attempts": 4,
        },
    )
    assert (result["status"], result["attempts"]) == ("valid", 4)
    assert result["extraction"] == {"company": "ACME STORE", "date": "25/12/2018", "total": 8.0}
    assert result["usage"] == {
        "input_tokens": 4000,
        "output_tokens": 400,
        "total_tokens": 4400,
        # gpt-4o-mini: 0.15 $ a million tokens in, 0.60 $ out
        "cost_usd": pytest.approx(4000 * 0.15e-6 + 400 * 0.60e-6),
    }
    assert _asked(provider) == [[], [], ["/total"], ["/total"]]
    assert '"/total"' in provider.texts(3)[0]
    assert "/company" not in provider.texts(3)[0]
    flush_traces()
    trace = mlflow.get_trace(last_trace_id() or "")
    spans = sorted(trace.data.spans, key=lambda span: span.start_time_ns)
    root = next(span for span in spans if span.parent_id is None)
    rounds = [span.name for span in spans if span.parent_id == root.span_id]
    assert rounds == ["preprocess"] + ["extract", "validate", "refine"] * 3 + ["extract", "validate"]
    names = {span.span_id: span.name for span in spans}
    assert [names[span.parent_id] for span in spans if span.span_type == "CHAT_MODEL"] == ["extract"] * 4
    assert trace.info.token_usage == {"input_tokens": 4000, "output_tokens": 400, "total_tokens": 4400}


@pytest.mark.parametrize("provider", [[Reply('{"company": null}')]], indirect=True)
def test_request_asks_for_strict_json_with_image_and_text(provider: OpenAIServer) -> None:
    """The provider's own JSON Schema mode, one image in high detail, and the page's text."""
    context = {"target_schema": "receipt", "chat_model": "openai:gpt-4o-2024-08-06"}
    graph.invoke({"document": RECEIPT}, context=context)
    (request,) = provider.requests
    assert request["response_format"]["json_schema"]["strict"] is True
    kinds = [part["type"] for part in request["messages"][-1]["content"]]
    assert kinds == ["text", "text", "image_url"]
    image = request["messages"][-1]["content"][-1]["image_url"]
    assert image["url"].startswith("data:image/jpeg;base64,/9j/")
    assert image["detail"] == "high"
    assert "additional_kwargs" not in json.dumps(request)
    assert "sha256:" not in json.dumps(request)


@pytest.mark.parametrize(
    "provider",
    [[Reply('{"company": "ACME STORE", "line_items": [{"description": "x', finish_reason="length"), Reply("{}")]],
    indirect=True,
)
def test_truncated_answer_keeps_what_is_complete(provider: OpenAIServer) -> None:
    """The provider's length limit costs the part it cut, not the answer, and usage is known."""
    context = {"target_schema": "receipt", "chat_model": "openai:gpt-4o-2024-11-20", "max_attempts": 1}
    result = graph.invoke({"document": RECEIPT}, context=context)
    assert result["extraction"] == {"company": "ACME STORE"}
    assert [(error["path"], error["kind"]) for error in result["validation_errors"]] == [("/line_items", "parse")]
    assert result["usage"]["total_tokens"] == 1100


@pytest.mark.parametrize("provider", [[Reply(None, refusal="I can't help with that.")]], indirect=True)
def test_refusal_is_named(provider: OpenAIServer) -> None:
    """A refusal is an error of its own kind with the chat model's words."""
    context = {"target_schema": "receipt", "chat_model": "openai:gpt-4o-2024-05-13", "max_attempts": 1}
    result = graph.invoke({"document": RECEIPT}, context=context)
    assert [(error["kind"], error["message"]) for error in result["validation_errors"]] == [
        ("refusal", "the chat model declined: I can't help with that.")
    ]


OUTAGES = [Reply(is_dropped=True), Reply(status=503, error={"message": "overloaded"}), Reply('{"total": 8.0}')]


@pytest.mark.parametrize("provider", [OUTAGES], indirect=True)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_lost_connection_and_overload_are_retried(provider: OpenAIServer, asynchronous: bool) -> None:
    """What the provider's package raises where no answer came is recognised, whichever HTTP client it uses."""
    impatient = make_graph(RETRY_POLICY._replace(initial_interval=0.01, jitter=False))
    context = {"target_schema": "receipt", "chat_model": "openai:gpt-4o-mini"}
    if asynchronous:
        result = asyncio.run(impatient.ainvoke({"document": RECEIPT}, context=context))
    else:
        result = impatient.invoke({"document": RECEIPT}, context=context)
    assert (result["status"], result["attempts"], len(provider.requests)) == ("valid", 1, 3)


@pytest.mark.parametrize("provider", [[Reply('{"total": 8.0}')] * 3], indirect=True)
def test_each_event_loop_can_ask(provider: OpenAIServer) -> None:
    """asyncio.run twice, then a synchronous call: the provider's client is not bound to the first loop."""
    context = {"target_schema": "receipt", "chat_model": "openai:gpt-4o-mini"}
    for _ in range(2):
        assert asyncio.run(graph.ainvoke({"document": RECEIPT}, context=context))["status"] == "valid"
    assert graph.invoke({"document": RECEIPT}, context=context)["status"] == "valid"


@pytest.mark.parametrize("provider", [[Reply('{"total": "eight"}'), _repair("/total", 8.0)]], indirect=True)
@pytest.mark.parametrize(("chat_model", "temperatures"), [("gpt-4o-mini", [0.0, 0.0]), ("gpt-4o", [None, None])])
def test_temperature_of_the_prompt_version_is_for_its_own_chat_model(
    provider: OpenAIServer, chat_model: str, temperatures: list[float | None]
) -> None:
    """Both prompts store 0 for gpt-4o-mini; another chat model, which may refuse it, is asked without one."""
    graph.invoke({"document": RECEIPT}, context={"target_schema": "receipt", "chat_model": f"openai:{chat_model}"})
    assert [request.get("temperature") for request in provider.requests] == temperatures
