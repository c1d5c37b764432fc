"""What a run leaves on its trace to be found by."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from langchain_core.messages import AIMessage
from pdfs import text_pdf

from chat_models.scripted import ScriptedChatModel
from graph.app import graph
from graph.tracing.queue import flush_traces
from graph.tracing.tags import run_figures
from graph.tracing.tracers import last_trace_id

Script = Callable[..., tuple[str, ScriptedChatModel]]
RECEIPT = text_pdf("ACME STORE", "Total 8.00")


def tags() -> dict[str, str]:
    """Those of ours on the newest trace."""
    flush_traces()
    found = mlflow.get_trace(last_trace_id()).info.tags
    return {name: text for name, text in found.items() if name.startswith("optophone.")}


def test_a_result_leaves_what_it_is_found_and_judged_by(script: Script) -> None:
    """Document, schema, status, chat model, prompts, and the figures of all attempts."""
    used = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    answers = '{"company": "ACME STORE", "total": "a"}', '{"repairs": [{"path": "/total", "value": 8.0}]}'
    name, _ = script(*(AIMessage(text, usage_metadata=used) for text in answers))
    result = graph.invoke({"document": RECEIPT}, context={"target_schema": "receipt", "chat_model": name})
    found = tags()
    figures = json.loads(found.pop("optophone.figures"))
    assert found == {
        "optophone.document": result["document"],
        "optophone.schema": "receipt",
        "optophone.status": "valid",
        "optophone.chat_model": name,
        "optophone.prompts": "optophone-extract/3 optophone-refine/1",
    }
    assert figures == run_figures(result)
    assert figures == {
        "values": 2, "placed": 2, "doubtful": 0, "fields": 2, "attempts": 2,
        "input_tokens": 200, "output_tokens": 20, "cost_usd": None,
    }  # fmt: skip


def test_keys_of_a_form_are_no_values(script: Script) -> None:
    """Two pairs, one of them with two values: three values, five texts to find on the page."""
    pairs = [{"key": "ACME", "values": ["STORE", "Total"]}, {"key": "Total", "values": ["8.00"]}]
    name, _ = script(json.dumps({"pairs": pairs}))
    asyncio.run(graph.ainvoke({"document": RECEIPT}, context={"chat_model": name}))
    flush_traces()
    newest = mlflow.search_traces(max_results=1, return_type="list")[0]
    figures = json.loads(newest.info.tags["optophone.figures"])
    assert (figures["values"], figures["fields"]) == (3, 5)


def test_a_failed_run_is_known_by_what_was_asked(script: Script) -> None:
    """It has no figures, but a status, the document, the schema and the chat model."""
    name, _ = script()
    with pytest.raises(Exception, match="script has 0 answers"):
        graph.invoke({"document": RECEIPT}, context={"target_schema": "receipt", "chat_model": name})
    found = tags()
    assert found["optophone.status"] == "failed"
    assert found["optophone.schema"] == "receipt"
    assert found["optophone.chat_model"] == name
    assert found["optophone.document"].startswith("sha256:")
    assert "optophone.figures" not in found


@pytest.mark.parametrize("name", ["scan of it's.png", "caf\udce9.png"])
def test_an_unreadable_file_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    """Whatever signs it has; it has no reference."""
    path = tmp_path / name
    path.write_bytes(b"no image")
    graph.invoke({"document": str(path)}, context={"chat_model": "local"})
    found = tags()
    assert found["optophone.name"] == name.encode("utf-8", "backslashreplace").decode()
    assert found["optophone.status"] == "unreadable"
    assert "optophone.document" not in found


def test_a_run_that_waits_and_goes_on_tells_who_was_asked(script: Script) -> None:
    """The trace until then says that it waits; the one from there on has the result, and the reviewer."""
    from langgraph.checkpoint.memory import InMemorySaver
    from langgraph.types import Command

    from graph.builder import make_graph

    name, _ = script('{"company": "ACME STORE", "total": 9.99}')
    waiting, config = make_graph(checkpointer=InMemorySaver()), {"configurable": {"thread_id": "tagged"}}
    context = {"target_schema": "receipt", "chat_model": name, "review": "on_doubt", "max_attempts": 1}
    waiting.invoke({"document": RECEIPT}, config, context=context)
    first = tags()
    assert (first["optophone.status"], first["optophone.schema"]) == ("waiting", "receipt")
    assert "optophone.figures" not in first
    waiting.invoke(Command(resume={"values": [{"path": "/total", "value": "8.00"}], "reviewer": "ann"}), config)
    second = tags()
    assert second["optophone.status"] == "valid"
    assert second["optophone.reviewer"] == "ann"
    assert second["optophone.document"] == first["optophone.document"]
    assert (second["optophone.schema"], second["optophone.chat_model"]) == ("receipt", name)
