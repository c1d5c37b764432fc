"""Redaction of real traces in the session's SQLite store."""

import asyncio
import json
import logging
import signal
import sqlite3
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from leaks import find_leaks
from mlflow.entities import SpanType, Trace
from mlflow.entities.span import LiveSpan
from mlflow.tracing.trace_manager import InMemoryTraceManager
from pdfs import long_pdf, text_pdf
from redacting import redacting

from chat_models.scripted import ScriptedChatModel
from documents.redaction import REDACTED
from graph.app import graph
from graph.builder import make_graph
from graph.context import Context
from graph.tracing.queue import flush_traces
from graph.tracing.spans import WAITS_TAG
from graph.tracing.tracers import last_trace_id
from schemas.errors import ChatModelError
from serving.waiting import WaitingRuns

Script = Callable[..., tuple[str, ScriptedChatModel]]

# A name that no other test uses, in this session's one database.
COMPANY = "Wobblekins Pemberquay"
DOCUMENT = text_pdf(COMPANY.upper(), "Dusseldrift Road 7", "Total 8.00", "Your Wobblekins team")
ANSWERS = (
    json.dumps({"company": COMPANY, "total": "a", "address": "Dusseldrift Road 7"}),
    json.dumps({"repairs": [{"path": "/total", "value": 8.0}]}),
)


@pytest.fixture
def hides_company() -> Iterator[None]:
    """Redaction of the company."""
    with redacting("/company"):
        yield


def invoke(chat_model: str, **context: Any) -> Any:
    context = {"target_schema": "receipt", "chat_model": chat_model, **context}
    return graph.invoke({"document": DOCUMENT}, context=context)


def stored(trace_id: str | None) -> Trace:
    flush_traces()
    assert trace_id is not None
    return mlflow.get_trace(trace_id)


def leaks(data_dir: Path, *values: str) -> list[str]:
    flush_traces()
    with sqlite3.connect(data_dir / "mlflow.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return find_leaks(data_dir, values or [COMPANY], ("documents", "service.db", "generated"))


def asked(trace: Trace) -> str:
    """What the chat model's spans were given, as text."""
    return json.dumps([span.inputs for span in trace.data.spans if span.span_type == SpanType.CHAT_MODEL])


@pytest.mark.usefixtures("hides_company")
def test_values_stay_out_of_a_trace_and_the_rest_stays(script: Script, data_dir: Path) -> None:
    """Whoever calls gets all; the trace has the other values, the page's other words and every span with its times."""
    result = invoke(script(*ANSWERS)[0])
    assert result["extraction"]["company"] == COMPANY
    trace = stored(last_trace_id())
    assert leaks(data_dir) == []
    root = trace.data.spans[0]
    assert root.outputs["extraction"] == {**result["extraction"], "company": REDACTED}
    assert f"{REDACTED} {REDACTED}\\nDusseldrift Road 7\\nTotal 8.00\\nYour {REDACTED} team" in asked(trace)
    assert [span.name for span in trace.data.spans].count("validate") == 2
    assert all(root.start_time_ns <= span.start_time_ns <= span.end_time_ns for span in trace.data.spans)
    assert all(span.end_time_ns <= root.end_time_ns for span in trace.data.spans)
    assert sum(span.end_time_ns < root.end_time_ns for span in trace.data.spans) == len(trace.data.spans) - 1


@pytest.mark.usefixtures("hides_company")
def test_asynchronous_runs_are_redacted_each_for_itself(script: Script, data_dir: Path) -> None:
    """Spans of runs that overlap are held apart."""

    async def run_all() -> None:
        context = {"target_schema": "receipt"}
        calls = [
            graph.ainvoke({"document": DOCUMENT}, context={**context, "chat_model": script(*ANSWERS)[0]})
            for _ in range(3)
        ]
        await asyncio.gather(*calls)

    asyncio.run(run_all())
    assert leaks(data_dir) == []
    traces = mlflow.search_traces(max_results=3, return_type="list")
    assert all(trace.data.spans[0].outputs["extraction"]["total"] == 8.0 for trace in traces)
    assert [len(trace.data.spans) for trace in traces] == [10, 10, 10]


@pytest.mark.usefixtures("hides_company")
@pytest.mark.parametrize(
    "answers",
    [
        ['{"company": "Wobblekins Pemberqua'] * 3,
        [AIMessage("", additional_kwargs={"refusal": "I won't read of Wobblekins Pemberquay"})] * 3,
        ['{"total": 8.0}'],
    ],
    ids=["cut off", "refused", "not found"],
)
def test_page_is_left_out_where_a_value_may_stand_anywhere(script: Script, data_dir: Path, answers: Any) -> None:
    """No image, no text of the page, and the trace says why."""
    before = set((data_dir / "artifacts").rglob("*/attachments/*"))
    invoke(script(*answers)[0])
    trace = stored(last_trace_id())
    assert leaks(data_dir) == []
    assert "[left out: /company may stand anywhere on it]" in asked(trace)
    assert "Dusseldrift" not in asked(trace)
    assert set((data_dir / "artifacts").rglob("*/attachments/*")) == before


@pytest.mark.usefixtures("hides_company")
def test_run_that_raises_keeps_the_type_of_its_error(script: Script, data_dir: Path) -> None:
    """Nothing is known of its values, and the error may quote one."""
    with pytest.raises(ChatModelError, match=COMPANY):
        invoke(script(ValueError(f"{COMPANY} is too much"))[0])
    trace = stored(last_trace_id())
    assert leaks(data_dir) == []
    assert "[left out: /company may stand anywhere on it]" in asked(trace)
    events = [event for span in trace.data.spans for event in span.events]
    assert {event.attributes["exception.type"] for event in events} == {"ChatModelError", "ValueError"}


@pytest.mark.usefixtures("hides_company")
def test_run_that_waits_for_a_person_is_redacted(script: Script, data_dir: Path) -> None:
    """What is asked quotes values, and so does the answer; the trace says still at what places it waits."""
    wrong = json.dumps({"company": f"{COMPANY} Inc", "total": "a"})
    reviewed = make_graph(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "waits"}}
    context = {"target_schema": "receipt", "chat_model": script(wrong)[0], "max_attempts": 1, "review": "on_doubt"}
    reviewed.invoke({"document": DOCUMENT}, config, context=context)
    waits = stored(last_trace_id())
    answer = {"values": [{"path": "/total", "value": 8.0}], "reviewer": "Ada", "comment": f"it is {COMPANY}"}
    result = reviewed.invoke(Command(resume=answer), config)
    assert (result["status"], result["extraction"]["company"]) == ("valid", f"{COMPANY} Inc")
    flush_traces()
    assert leaks(data_dir) == []
    assert waits.info.tags[WAITS_TAG] == "2"  # the company is doubtful, too


@pytest.mark.usefixtures("hides_company")
def test_what_is_wrong_with_the_whole_answer_is_redacted(script: Script, data_dir: Path) -> None:
    """The sentence quotes all its values; the person is told it in full."""
    properties = {"company": {"type": "string"}, "city": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "minProperties": 3}
    name, _ = script(json.dumps({"company": COMPANY, "city": "Nowhere"}))
    reviewed = make_graph(checkpointer=InMemorySaver())
    context = {"json_schema": schema, "chat_model": name, "max_attempts": 1, "review": "on_doubt"}
    result = reviewed.invoke({"document": DOCUMENT}, {"configurable": {"thread_id": "whole"}}, context=context)
    (interrupt,) = result["__interrupt__"]
    assert COMPANY in interrupt.value["errors"][0]
    assert stored(last_trace_id()).info.tags[WAITS_TAG] == "1"
    assert leaks(data_dir) == []


@pytest.mark.usefixtures("hides_company")
def test_name_of_what_waits_is_left_out_with_its_page(script: Script, data_dir: Path) -> None:
    """A run that may wait is called with the document's name; each of its spans would have it."""
    runs = WaitingRuns(InMemorySaver())
    context = Context(
        target_schema="receipt", chat_model=script('{"total": "a"}')[0], max_attempts=1, review="on_doubt"
    )
    _, waiting = runs.extract(DOCUMENT, context, "Jane Zwiebelkraut 1974.png", "Jane Zwiebelkraut 1974")
    assert waiting is not None
    first = stored(last_trace_id())
    runs.answer(waiting, {"values": [{"path": "/total", "value": 8.0}], "reviewer": "Ada"})
    second = stored(last_trace_id())
    assert first.info.trace_id != second.info.trace_id
    for trace in (first, second):
        told = [span.attributes["metadata"] for span in trace.data.spans if "metadata" in span.attributes]
        assert told
        assert all((each["name"], each["stem"], each["owner"]) == (REDACTED, REDACTED, "cli") for each in told)
    assert leaks(data_dir, "Zwiebelkraut") == []


@pytest.mark.usefixtures("hides_company")
def test_failure_after_an_answer_is_redacted_by_that_answer(script: Script, data_dir: Path) -> None:
    """The values of the first round have their places, and the pages are shown without them."""
    before = set((data_dir / "artifacts").rglob("*/attachments/*"))
    invoke(script(ANSWERS[0], ValueError(f"{COMPANY} is too much"))[0])
    assert "Dusseldrift Road 7" in asked(stored(last_trace_id()))
    assert leaks(data_dir) == []
    assert len(set((data_dir / "artifacts").rglob("*/attachments/*")) - before) == 2


def test_patterns_alone_leave_errors_readable(script: Script, data_dir: Path) -> None:
    """Texts are kept but for what the patterns find, in answers, on the page and in exceptions."""
    number = "078-05-1120"
    document = text_pdf("Jane Doe", f"SSN {number}")
    with redacting(patterns="ssn"):
        name, _ = script(json.dumps({"pairs": [{"key": "SSN", "values": [number]}]}), f"{{{number}")
        graph.invoke({"document": document}, context={"chat_model": name})
        trace = stored(last_trace_id())
        with pytest.raises(ValueError, match=number), mlflow.start_span("outer"):
            raise ValueError(f"no {number}")
        failed = stored(mlflow.get_last_active_trace_id())
    assert leaks(data_dir, number) == []
    assert trace.data.spans[0].outputs["extraction"] == {"pairs": [{"key": "SSN", "values": [REDACTED]}]}
    assert f"Jane Doe\\nSSN {REDACTED}" in asked(trace)
    assert failed.data.spans[0].events[0].attributes["exception.message"] == f"no {REDACTED}"


@pytest.mark.usefixtures("hides_company")
def test_trace_that_is_none_of_ours_keeps_its_shape_alone(data_dir: Path) -> None:
    """Of another's chat model nothing is known: neither what it was asked nor what an error says."""

    @mlflow.trace(span_type=SpanType.CHAT_MODEL)
    def ask(question: str) -> None:
        raise ValueError(question)

    with pytest.raises(ValueError, match="Pember"):
        ask(f"Who is {COMPANY}?")
    (found,) = stored(mlflow.get_last_active_trace_id()).data.spans
    assert found.inputs == "[left out: words that were not read may stand anywhere on it]"
    assert found.events[0].attributes == {"exception.type": "ValueError"}
    assert found.status.status_code.value == "ERROR"
    assert leaks(data_dir) == []


@pytest.mark.usefixtures("hides_company")
def test_failing_redaction_empties_the_trace(
    script: Script, data_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The run goes on, the trace keeps its spans, and the log names the error by its type."""

    def fail(*_: Any) -> None:
        raise ZeroDivisionError(COMPANY)

    monkeypatch.setattr("graph.redaction.trace.make_hidden", fail)
    with caplog.at_level(logging.WARNING):
        assert invoke(script(*ANSWERS)[0])["extraction"]["company"] == COMPANY
    trace = stored(last_trace_id())
    assert {span.outputs for span in trace.data.spans} == {"[left out: it could not be redacted]"}
    assert leaks(data_dir) == []
    assert [record.getMessage() for record in caplog.records] == [
        "a trace is stored without its contents: redacting it failed with ZeroDivisionError"
    ]


@pytest.mark.usefixtures("hides_company")
def test_span_that_did_not_come_through_redaction_is_emptied(
    script: Script, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a later MLflow ends its spans otherwise, they carry nothing."""
    monkeypatch.setattr(LiveSpan, "end", LiveSpan.end.__wrapped__)
    invoke(script(*ANSWERS)[0])
    trace = stored(last_trace_id())
    assert {span.outputs for span in trace.data.spans} == {"[left out: it could not be redacted]"}
    assert leaks(data_dir) == []


@pytest.mark.usefixtures("hides_company")
def test_span_that_ends_after_its_root_is_emptied(data_dir: Path) -> None:
    """A thread in the background may outlive the run, and quote it."""
    with mlflow.start_span("root") as root:
        late = mlflow.start_span_no_context("late", parent_span=root, inputs={"who": COMPANY})
    thread = threading.Thread(target=lambda: late.end(outputs={"who": COMPANY}))
    thread.start()
    thread.join()
    assert leaks(data_dir) == []


@pytest.mark.usefixtures("hides_company")
def test_spans_end_while_mlflow_holds_its_traces() -> None:
    """MLflow ends what has expired under its lock: a thread that waits for the lock keeps nobody from ending spans."""
    one, other = (mlflow.start_span_no_context(name) for name in ("one", "other"))
    child = mlflow.start_span_no_context("child", parent_span=one)
    waiting = threading.Thread(target=child.end, daemon=True)

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    with InMemoryTraceManager.get_instance()._lock:
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        signal.alarm(5)  # what hangs is ended, and the span with it isn't
        other.end()
        signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    assert other.end_time_ns is not None
    waiting.join(5)
    one.end()
    assert [span.name for span in stored(one.trace_id).data.spans] == ["one", "child"]


def test_mlflow_ends_its_spans_where_they_are_held() -> None:
    """The one method that redaction wraps is the one that ends the span of OpenTelemetry and calls the processors."""
    names = LiveSpan.end.__code__.co_names
    assert "apply_span_processors" in names
    assert LiveSpan.end.__code__.co_varnames[:5] == ("self", "outputs", "attributes", "status", "end_time_ns")


def test_without_redaction_nothing_is_wrapped() -> None:
    """It costs nothing where it is off."""
    assert not hasattr(LiveSpan.end, "__wrapped__")


@pytest.mark.usefixtures("hides_company")
def test_windows_of_a_long_document_hide_what_contradicts_too(script: Script, data_dir: Path) -> None:
    """The value of the first page, the other one's, and whatever quotes them; pictures of parts are left out."""
    other = "Zanthorpe Quillmarsh"
    name, _ = script(*[json.dumps({"company": company, "total": "a"}) for company in (COMPANY, other)] * 2)
    pages = long_pdf([[COMPANY.upper(), "Total 8.00"], [other, "Total 8.00"]])
    document = f"data:application/pdf;base64,{b64encode(pages).decode()}"
    context: Any = {"target_schema": "receipt", "chat_model": name, "pages_per_request": 1, "max_attempts": 2}
    result = graph.invoke({"document": document}, {"max_concurrency": 1}, context=context)
    assert {conflict["path"]: conflict["value"] for conflict in result["conflicts"]} == {"/company": other}
    assert leaks(data_dir, COMPANY, other) == []
    trace = stored(last_trace_id())
    assert "Total" in asked(trace)
    assert all(not span._attachments for span in trace.data.spans)
