"""The agent as MLflow calls it, around the real graph."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.pyfunc.model import PythonModelContext
from mlflow.types.responses import ResponsesAgentResponse
from pdfs import text_pdf

from chat_models.scripted import ScriptedChatModel
from graph.app import graph
from graph.context import Context
from graph.tracing.queue import flush_traces
from graph.tracing.tracers import last_trace_id
from schemas.errors import UsageError
from serving.responses_agent import OptophoneAgent

Script = Callable[..., tuple[str, ScriptedChatModel]]

RECEIPT = text_pdf("ACME STORE", "Date: 25/12/2018", "Total: 8.00")
PROMPT = {
    "uri": "prompts:/optophone-extract/7",
    "text": "Travelled: {{schema_name}}{{schema_description}}{{additional_rules}}",
    "chat_model": None,
    "temperature": None,
}


def _agent(context: Context) -> OptophoneAgent:
    agent = OptophoneAgent()
    agent.configure(context, [str(context.chat_model)])
    return agent


def _request(document: str = RECEIPT, **choices: Any) -> dict[str, Any]:
    part = {"type": "input_file", "filename": "receipt.pdf", "file_data": document}
    return {"input": [{"role": "user", "content": [part]}], "custom_inputs": choices}


def _text(answer: ResponsesAgentResponse) -> str:
    messages = [item for item in answer.model_dump()["output"] if item["type"] == "message"]
    return "".join(part["text"] for message in messages for part in message["content"])


def _stream(agent: OptophoneAgent, request: dict[str, Any]) -> list[dict[str, Any]]:
    return [event.model_dump(exclude_none=True) for event in agent.predict_stream(request)]


def test_answer_is_what_the_graph_finds() -> None:
    """Custom outputs are the whole result and nothing of the state behind it; the text is the extraction."""
    context = Context(chat_model="local", target_schema="receipt")
    answer = _agent(context).predict(_request())
    assert isinstance(answer, ResponsesAgentResponse)
    found = graph.invoke({"document": RECEIPT}, context=context)
    assert answer.custom_outputs == json.loads(json.dumps(found))
    assert json.loads(_text(answer)) == answer.custom_outputs["extraction"]
    assert answer.custom_outputs["extraction"]["total"] == 8.0
    assert (answer.status, answer.model) == ("completed", "local")


def test_stream_tells_each_step_and_ends_with_the_answer() -> None:
    """Sentences as they happen, numbered events, one whole response at the end."""
    agent = _agent(Context(chat_model="local", target_schema="receipt"))
    events = _stream(agent, _request())
    told = [event for event in events if event["type"] == "response.reasoning_summary_text.delta"]
    assert [(event["custom_outputs"]["node"], event["delta"]) for event in told] == [
        ("preprocess", "reading the pages\n"),
        ("extract", "asking the chat model\n"),
        ("validate", "checking the answer\n"),
        ("validate", "all is valid\n"),
    ]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert (events[0]["type"], events[-1]["type"]) == ("response.created", "response.completed")
    last = events[-1]["response"]
    assert last["custom_outputs"] == agent.predict(_request()).custom_outputs
    assert last["output"] == [event["item"] for event in events if event["type"] == "response.output_item.done"]
    (text,) = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert json.loads(text) == last["custom_outputs"]["extraction"]


def test_answer_that_does_not_fit_is_incomplete(script: Script) -> None:
    """The attempts are used up; what there is comes along, and so does what is wrong."""
    name, _ = script('{"total": "much"}')
    agent = _agent(Context(chat_model=name, target_schema="receipt", max_attempts=1))
    answer = agent.predict(_request())
    assert answer.status == "incomplete"
    assert json.loads(_text(answer))["total"] == "much"
    assert answer.custom_outputs is not None
    assert answer.custom_outputs["status"] == "exhausted"
    assert answer.custom_outputs["validation_errors"]


def test_page_that_cannot_be_read_is_a_failure_with_its_reason() -> None:
    """An answer, not an exception: the next page may be fine."""
    agent = _agent(Context(chat_model="local"))
    answer = agent.predict(_request("AAAA"))
    assert (answer.status, _text(answer)) == ("failed", "")
    assert answer.error is not None
    assert (answer.error.code, answer.error.message) == (
        "unreadable",
        "cannot read the uploaded document: it is no PNG, JPEG, WebP, BMP, TIFF or PDF; convert it to one of these",
    )
    assert _stream(agent, _request("AAAA"))[-1]["type"] == "response.failed"


def test_wrong_request_is_told_before_anything_runs() -> None:
    """The caller gets the sentence."""
    agent = _agent(Context(chat_model="local"))
    with pytest.raises(UsageError, match="expected one input_image or input_file, got none"):
        agent.predict({"input": [{"role": "user", "content": "hello"}]})


def test_prompts_travel_with_the_model(script: Script) -> None:
    """Their text is the model's own, whatever a registry has under the name; results name the version it came from."""
    name, chat_model = script('{"pairs": []}')
    config = {"context": Context(chat_model=name).model_dump_json(), "prompts": {"extract_prompt": PROMPT}}
    agent = OptophoneAgent()
    agent.load_context(PythonModelContext({}, {**config, "chat_models": [name]}))
    answer = agent.predict(_request())
    assert answer.custom_outputs is not None
    assert answer.custom_outputs["prompts"] == ["prompts:/optophone-extract/7"]
    asked = chat_model.requests[0][-1].content
    assert asked[0]["text"].startswith("Travelled: form")


def test_half_a_sign_does_not_end_the_answer(script: Script) -> None:
    """UTF-8 has no lone surrogates, and chat models write them."""
    name, _ = script('{"pairs": [{"key": "Name", "values": ["A\\ud800"]}]}')
    answer = _agent(Context(chat_model=name, max_attempts=1)).predict(_request())
    assert _text(answer) == '{"pairs": [{"key": "Name", "values": ["A?"]}]}'


@pytest.mark.parametrize("way", ["predict", "predict_stream"])
def test_page_stands_in_the_trace_once(way: str) -> None:
    """The agent's span names it; MLflow would store each copy."""
    agent = _agent(Context(chat_model="local", target_schema="receipt"))
    bare = RECEIPT.partition(",")[2]
    list(getattr(agent, way)(_request(bare)))
    flush_traces()
    trace = MlflowClient().get_trace(str(last_trace_id()))
    root = trace.data.spans[0]
    assert root.name == way
    assert root.inputs["request"]["input"][0]["content"][0]["file_data"] == "data:…"
    assert bare not in str(trace.to_dict())
    assert [span.name for span in trace.data.spans if span.parent_id == root.span_id] == ["optophone"]
