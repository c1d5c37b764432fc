"""The traced graph on a real SQLite store."""

import asyncio
import json
import sqlite3
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from mlflow.entities import Trace
from openai_server import Reply, openai_server
from pdfs import long_pdf, text_pdf
from pydantic import ValidationError

from chat_models.scripted import ScriptedChatModel
from graph.app import graph
from graph.tracing.queue import flush_traces, trace_counts
from graph.tracing.spans import WAITS_TAG
from graph.tracing.tracers import last_trace_id, make_tracer, own_tracers

Script = Callable[..., tuple[str, ScriptedChatModel]]

RECEIPT = text_pdf("ACME STORE", "Total 8.00")
REFINED = '{"company": "ACME STORE", "total": "a"}', '{"repairs": [{"path": "/total", "value": 8.0}]}'


def invoke(chat_model: str, document: str = RECEIPT, **context: Any) -> dict[str, Any]:
    context = {"target_schema": "receipt", "chat_model": chat_model, **context}
    return graph.invoke({"document": document}, context=context)


def stored(trace_id: str | None) -> Trace:
    flush_traces()
    assert trace_id is not None
    return mlflow.get_trace(trace_id)


def tree(trace: Trace) -> dict[str, list[str]]:
    """Each span's children by name, in the order of their start."""
    spans = sorted(trace.data.spans, key=lambda span: span.start_time_ns)
    names = {span.span_id: span.name for span in spans}
    children: dict[str, list[str]] = {}
    for span in spans:
        children.setdefault(names.get(span.parent_id, "-"), []).append(span.name)
    return children


NESTED = {
    "-": ["optophone"],
    "optophone": ["preprocess", "extract", "validate", "refine", "extract", "validate"],
    "preprocess": ["ocr"],
    "extract": ["ScriptedChatModel", "ScriptedChatModel"],
}


def test_each_round_is_nested_in_one_trace(script: Script) -> None:
    """Root, a span a node run, the chat model inside extract, the page reader inside preprocess."""
    invoke(script(*REFINED)[0])
    assert tree(stored(last_trace_id())) == NESTED


def test_spans_stay_clean_where_a_caller_changes_the_tracking_uri(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow forgets then how it was configured; no secret may leave for that."""
    monkeypatch.setenv("ACME_API_KEY", "sk-4711-acme-secret")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'other.db'}")
    mlflow.set_tracking_uri(before)
    invoke(script('{"company": "ACME STORE", "total": 8.0}')[0], additional_rules="Not sk-4711-acme-secret.")
    trace = stored(last_trace_id())
    assert trace.info.tags["optophone.schema"] == "receipt"
    assert trace.data.spans[0].inputs == {"document": "data:…"}
    assert "Not [secret" in trace.to_json()
    assert "sk-4711" not in trace.to_json()


def test_run_that_waits_for_a_person_is_no_error(script: Script) -> None:
    """It says for what it waits, can be searched for, and is of one session with the run that goes on."""
    remembering = graph.copy({"checkpointer": InMemorySaver()})
    config: Any = {"configurable": {"thread_id": f"thread-{id(script)}"}}
    context: Any = {"target_schema": "receipt", "chat_model": script('{"total": 9.99}')[0], "review": "on_doubt"}
    remembering.invoke({"document": RECEIPT}, config, context=context)
    waiting = stored(last_trace_id())
    (refine,) = waiting.search_spans(name="refine")
    assert (waiting.info.state, refine.status.status_code, refine.events) == ("OK", "OK", [])
    assert (refine.outputs, refine.attributes[WAITS_TAG]) == ({"waits_for": ["/total"]}, ["/total"])
    assert waiting.info.tags[WAITS_TAG] == "1"
    remembering.invoke(Command(resume={"values": [{"path": "/total", "value": 8}]}), config)
    answered = stored(last_trace_id())
    assert tree(answered) == {"-": ["optophone"], "optophone": ["refine", "validate"]}
    assert WAITS_TAG not in answered.info.tags
    for trace in (waiting, answered):
        assert trace.info.trace_metadata["mlflow.trace.session"] == config["configurable"]["thread_id"]


def test_answer_that_does_not_fit_is_an_error_in_its_trace(script: Script) -> None:
    """A mistake stays one."""
    remembering = graph.copy({"checkpointer": InMemorySaver()})
    config: Any = {"configurable": {"thread_id": f"thread-{id(script)}"}}
    context: Any = {"target_schema": "receipt", "chat_model": script('{"total": 9.99}')[0], "review": "on_doubt"}
    remembering.invoke({"document": RECEIPT}, config, context=context)
    with pytest.raises(ValidationError):
        remembering.invoke(Command(resume={"values": 8}), config)
    trace = stored(last_trace_id())
    assert (trace.info.state, WAITS_TAG in trace.info.tags) == ("ERROR", False)


def _newest(count: int) -> list[Trace]:
    flush_traces()
    return mlflow.search_traces(max_results=count, return_type="list")


def test_asynchronous_and_concurrent_runs_have_a_trace_each(script: Script) -> None:
    """Spans of runs that overlap don't mix, and prompts are linked though no span is active there."""

    async def run_all() -> None:
        calls = [
            graph.ainvoke(
                {"document": RECEIPT}, context={"target_schema": "receipt", "chat_model": script(*REFINED)[0]}
            )
            for _ in range(3)
        ]
        await asyncio.gather(*calls)

    asyncio.run(run_all())
    for trace in _newest(3):
        assert tree(trace) == NESTED
        assert _linked(trace) == {("optophone-extract", "3"), ("optophone-refine", "1")}


async def test_own_tracers_keep_runs_apart_without_autolog(script: Script) -> None:
    """In the event loop itself, where runs take turns, each trace has its own spans; what has no tracer has none."""
    names = [script(*REFINED)[0] for _ in range(3)]
    with own_tracers():
        tracers = [make_tracer() for _ in names]
        calls = [
            graph.ainvoke(
                {"document": RECEIPT},
                context={"target_schema": "receipt", "chat_model": name},
                config={"callbacks": [tracer]},
            )
            for name, tracer in zip(names, tracers, strict=True)
        ]
        results = await asyncio.gather(*calls)
        before = trace_counts().stored
        flush_traces()
        stored_by_tracers = trace_counts().stored - before
        invoke(script(*REFINED)[0])
        flush_traces()
        assert trace_counts().stored == before + stored_by_tracers
    assert {result["status"] for result in results} == {"valid"}
    assert len({tracer.trace_id for tracer in tracers}) == 3
    for tracer in tracers:
        trace = stored(tracer.trace_id)
        assert tree(trace) == NESTED
        assert _linked(trace) == {("optophone-extract", "3"), ("optophone-refine", "1")}
    invoke(script(*REFINED)[0])
    assert tree(stored(last_trace_id())) == NESTED


def test_batch_gives_a_trace_a_document(script: Script) -> None:
    """graph.batch is traced like single calls."""
    name, _ = script(*['{"total": 8.0}'] * 3)
    context = {"target_schema": "receipt", "chat_model": name}
    graph.batch([{"document": RECEIPT}] * 3, context=context)
    traces = _newest(3)
    assert len({trace.info.trace_id for trace in traces}) == 3
    assert all(tree(trace)["optophone"] == ["preprocess", "extract", "validate"] for trace in traces)


def _linked(trace: Trace) -> set[tuple[str, str]]:
    return {(link["name"], link["version"]) for link in json.loads(trace.info.tags["mlflow.linkedPrompts"])}


def test_prompt_version_lists_the_trace(script: Script) -> None:
    """The registry's version and the trace know each other."""
    invoke(script(*REFINED)[0])
    trace = stored(last_trace_id())
    assert _linked(trace) == {("optophone-extract", "3"), ("optophone-refine", "1")}
    found = mlflow.search_traces(filter_string="prompt = 'optophone-refine/1'", return_type="list")
    assert trace.info.trace_id in {each.info.trace_id for each in found}


def test_retries_show_as_spans_of_their_own(script: Script) -> None:
    """Each try of a failing provider stands in the trace, with its error."""
    invoke(script(TimeoutError("slow"), '{"total": 8.0}')[0])
    spans = [span for span in stored(last_trace_id()).data.spans if span.name == "extract"]
    assert sorted(span.status.status_code.value for span in spans) == ["ERROR", "OK"]


def test_tokens_of_all_attempts_are_summed(script: Script) -> None:
    """What a document took is on its trace and in its result."""
    used = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    first, second = (AIMessage(text, usage_metadata=used) for text in REFINED)
    result = invoke(script(first, second)[0])
    usage = stored(last_trace_id()).info.token_usage
    assert usage is not None
    assert usage["total_tokens"] == result["usage"]["total_tokens"] == 220


def test_page_image_is_an_attachment_and_the_database_stays_small(script: Script, example: str, data_dir: Path) -> None:
    """A one-page document costs less than 60 KB of database plus one copy of its payload; no base64 in it."""
    expected = json.loads(Path(example).with_suffix(".json").read_text())
    answers = [json.dumps(expected)] * 11
    name, _ = script(*answers)
    invoke(name, example, target_schema="form")
    before = _sizes(data_dir)
    for _ in range(10):
        invoke(name, example, target_schema="form")
    after = _sizes(data_dir)
    payload = max(path.stat().st_size for path in _attachments(data_dir))
    # Now and then MLflow writes a trace beside its attachment instead of into the database; both count.
    assert (sum(after) - sum(before)) / 10 < 60_000 + payload
    assert len(_attachments(data_dir)) >= 11
    assert not [path for path in _attachments(data_dir) if b";base64," in path.read_bytes()]
    with sqlite3.connect(data_dir / "mlflow.db") as database:
        dump = "\n".join(database.iterdump())
    assert ";base64," not in dump
    assert "/9j/" not in dump  # how every JPEG begins in base64


def _attachments(data_dir: Path) -> list[Path]:
    return [path for path in (data_dir / "artifacts").rglob("*") if path.is_file()]


def _sizes(data_dir: Path) -> tuple[int, int]:
    """Bytes of the database's pages in use, and of all attachments."""
    flush_traces()
    with sqlite3.connect(data_dir / "mlflow.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (pages,), (free,) = (
            database.execute("PRAGMA page_count").fetchone(),
            database.execute("PRAGMA freelist_count").fetchone(),
        )
        (page_size,) = database.execute("PRAGMA page_size").fetchone()
    return (pages - free) * page_size, sum(path.stat().st_size for path in _attachments(data_dir))


@pytest.mark.parametrize("form", ["plain", "untyped", "broken lines", "unreadable"])
def test_uploaded_document_is_not_stored_in_the_trace(script: Script, data_dir: Path, form: str) -> None:
    """A data: URI as input is named, not copied, in whichever form it came."""
    document = text_pdf(f"A document that is sent as a whole, {form}")
    header, _, body = document.partition(",")
    forms = {
        "plain": document,
        "untyped": f"data:;base64,{body}",
        "broken lines": f"{header},{body[:400]}\n{body[400:]}",
        "unreadable": f"{header},{body[4:]}",
    }
    flush_traces()
    before = set(_attachments(data_dir))
    result = invoke(script('{"total": 8.0}')[0], forms[form])
    flush_traces()
    part = body[200:300]
    assert part not in json.dumps(result)
    with sqlite3.connect(data_dir / "mlflow.db") as database:
        assert part not in "\n".join(database.iterdump())
    new = [path.read_bytes() for path in set(_attachments(data_dir)) - before]
    assert not [data for data in new if b"%PDF" in data or part.encode() in data]


def test_secrets_never_reach_a_trace(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    """Neither an answer nor an error of the provider carries the key into the store."""
    key = "sk-very-secret-0123456789"
    replies = [
        Reply(f'{{"company": "{key}"}}'),
        Reply(status=401, error={"message": f"Incorrect API key provided: {key}", "code": "invalid_api_key"}),
    ]
    with openai_server(replies) as server:
        monkeypatch.setenv("OPENAI_API_KEY", key)
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        invoke("openai:gpt-4o-secret")
        with pytest.raises(Exception, match="refused the request") as caught:
            invoke("openai:gpt-4o-secret")
    assert key not in str(caught.value)
    assert server.headers[0]["authorization"] == f"Bearer {key}"
    flush_traces()
    with sqlite3.connect(data_dir / "mlflow.db") as database:
        assert key not in "\n".join(database.iterdump())
    assert not [path for path in _attachments(data_dir) if key.encode() in path.read_bytes()]


def test_windows_of_a_long_document_are_spans_side_by_side(script: Script) -> None:
    """Each holds its own pages and nothing of the others', and its request once."""
    answers = [json.dumps({"pairs": []})] * 3
    pages = long_pdf([["Name: Ann"], ["Name: Bob"], ["Name: Cid"]])
    document = f"data:application/pdf;base64,{b64encode(pages).decode()}"
    context: Any = {"chat_model": script(*answers)[0], "pages_per_request": 1}
    graph.invoke({"document": document}, context=context)
    trace = stored(last_trace_id())
    nested = tree(trace)
    assert nested["optophone"] == ["preprocess", "extract", "extract", "extract", "validate"]
    assert nested["extract"] == ["ScriptedChatModel"] * 3
    spans = [span for span in trace.data.spans if span.name == "extract"]
    assert sorted(span.inputs["window"] for span in spans) == [0, 1, 2]
    assert [len(span.inputs["pages"]) for span in spans] == [1, 1, 1]
    assert [len(span.outputs["replies"]) for span in spans] == [1, 1, 1]
    told = [json.dumps(span.inputs) for span in trace.data.spans if span.name == "ScriptedChatModel"]
    assert sorted(name for text in told for name in ("Ann", "Bob", "Cid") if name in text) == ["Ann", "Bob", "Cid"]
