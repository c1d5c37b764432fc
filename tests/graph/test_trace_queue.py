"""Traces on their way into a real SQLite store."""

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
from pdfs import text_pdf

import graph.tracing.queue as module
from chat_models.scripted import ScriptedChatModel
from graph.app import graph
from graph.tracing.queue import TraceQueue, flush_traces, keep_up, trace_counts
from graph.tracing.store import Parcel, pack
from graph.tracing.tracers import last_trace_id
from prompts.connection import Connection

Script = Callable[..., tuple[str, ScriptedChatModel]]

RECEIPT = text_pdf("ACME STORE", "Total 8.00")
BROKEN = Parcel("{}", {}, [])
_INFO = mlflow.entities.TraceInfo(
    trace_id="tr-1",
    trace_location=mlflow.entities.TraceLocation.from_experiment_id("0"),
    request_time=0,
    state=mlflow.entities.TraceState.OK,
)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[TraceQueue]:
    """A queue of its own for the traces of this test."""
    flush_traces()
    queue = TraceQueue()
    monkeypatch.setattr(module, "trace_queue", lambda: queue)
    monkeypatch.setattr("graph.tracing.queue.trace_queue", lambda: queue)
    yield queue
    queue.close()


def run(script: Script) -> str:
    graph.invoke({"document": RECEIPT}, context={"target_schema": "receipt", "chat_model": script('{"total": 8.0}')[0]})
    trace_id = last_trace_id()
    assert trace_id is not None
    return trace_id


def assert_whole(trace_id: str) -> None:
    """Spans, the page image, the prompt's link and the figures of the trace are there."""
    trace = mlflow.get_trace(trace_id)
    assert {span.name for span in trace.data.spans} >= {"optophone", "preprocess", "extract", "validate"}
    assert "mlflow-attachment://" in json.dumps([span.inputs for span in trace.data.spans])
    (link,) = json.loads(trace.info.tags["mlflow.linkedPrompts"])
    assert link["name"] == "optophone-extract"
    assert trace.info.state.value == "OK"
    assert trace.info.execution_duration > 0


def test_traces_come_through_this_queue(script: Script, queue: TraceQueue) -> None:
    """MLflow's exporter takes it for its own; each trace is counted once it is stored."""
    trace_ids = [run(script) for _ in range(3)]
    flush_traces()
    assert (trace_counts().stored, trace_counts().lost, trace_counts().waiting) == (3, 0, 0)
    for trace_id in trace_ids:
        assert_whole(trace_id)


@pytest.mark.slow
def test_another_process_stores_them_and_this_one_where_it_ends(script: Script, queue: TraceQueue) -> None:
    """Killed, it costs a warning and no trace."""
    queue.work_apart()
    assert_whole((run(script), flush_traces())[0])
    assert queue._pool is not None
    (child,) = queue._pool._processes
    os.kill(child, signal.SIGKILL)
    assert_whole((run(script), flush_traces())[0])
    assert (queue.counts().stored, queue.counts().lost) == (2, 0)


def test_what_is_not_taken_is_counted_and_said_once(queue: TraceQueue, caplog: pytest.LogCaptureFixture) -> None:
    """No trace is lost silently."""
    for _ in range(3):
        queue.put(BROKEN)
    queue.flush()
    assert (queue.counts().stored, queue.counts().lost, queue.counts().waiting) == (0, 3, 0)
    assert len([record for record in caplog.records if "a trace is lost" in record.message]) == 1


def test_full_queue_loses_what_comes(queue: TraceQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, and the loss counted."""
    monkeypatch.setattr(module, "_ROOM", 0)
    queue.put(BROKEN)
    assert (queue.counts().lost, queue.counts().waiting) == (1, 0)


def _store_slowly(*_: Any) -> list[str]:
    time.sleep(0.3)
    return []


def test_steady_feed_does_not_hold_up_who_waits(queue: TraceQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the traces so far are waited for: each that is stored here brings another one, forty times."""
    monkeypatch.setattr(module, "_AT_ONCE", 1)
    begun = 0

    def store_and_put(*_: Any) -> list[str]:
        nonlocal begun
        begun += 1
        time.sleep(0.02)
        if begun <= 40:
            queue.put(BROKEN)
        return []

    monkeypatch.setattr(module, "store", store_and_put)
    queue.put(BROKEN)
    queue.put(BROKEN)
    queue.flush()
    assert 2 <= queue.counts().stored < 20
    assert queue.counts().waiting > 0


async def test_nobody_waits_for_a_store_that_takes_nothing(queue: TraceQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is the run's, not each document's: whoever comes later doesn't wait at all."""
    monkeypatch.setattr(module, "_NEARLY_FULL", 1)
    monkeypatch.setattr(module, "_LONGEST_WAIT_S", 0.3)
    hangs = threading.Event()
    monkeypatch.setattr(module, "store", lambda *_: [] if hangs.wait(10) else ["it hangs"])
    queue.put(BROKEN)
    begun = time.monotonic()
    for _ in range(10):
        await keep_up()
    assert 0.3 <= time.monotonic() - begun < 1.5  # each by itself: 3 s
    hangs.set()


async def test_start_of_the_process_is_not_the_fault_of_the_store(
    queue: TraceQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents wait while it imports MLflow; the clock begins once it can store."""
    monkeypatch.setattr(module, "_NEARLY_FULL", 1)
    monkeypatch.setattr(module, "_LONGEST_WAIT_S", 0.2)
    hangs = threading.Event()
    monkeypatch.setattr(module, "store", lambda *_: [] if hangs.wait(10) else ["it hangs"])
    queue._child = Future()
    queue.put(BROKEN)
    waits = asyncio.create_task(keep_up())
    await asyncio.sleep(0.5)
    assert not waits.done()
    queue._child.set_result(0)
    await asyncio.wait_for(waits, 5)
    assert queue.counts().waiting == 1
    hangs.set()


@pytest.mark.slow
def test_end_waits_for_no_traces_that_were_given_up(queue: TraceQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is still at them is ended: a server that hangs would hold it for a minute here."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = Connection(f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
        monkeypatch.setattr(module, "_DEADLINE_S", 1.0)
        monkeypatch.setattr(module, "connect", lambda _: connection)
        monkeypatch.setattr(module, "get_settings", lambda: SimpleNamespace(tracking_uri=connection._address))
        queue.work_apart()
        queue.put(pack(mlflow.entities.Trace(info=_INFO, data=mlflow.entities.TraceData(spans=[])), []))
        queue.flush()
        assert (queue.counts().lost, queue.counts().waiting) == (1, 0)
        begun = time.monotonic()
        queue.close()
        assert time.monotonic() - begun < 20


async def test_documents_wait_while_the_store_is_behind(queue: TraceQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits while there is room; then until there is."""
    monkeypatch.setattr(module, "_NEARLY_FULL", 2)
    monkeypatch.setattr(module, "_AT_ONCE", 1)
    monkeypatch.setattr(module, "store", _store_slowly)
    begin = time.monotonic()
    queue.put(BROKEN)
    await keep_up()
    assert time.monotonic() - begin < 0.2
    queue.put(BROKEN)
    await keep_up()
    assert queue.counts().waiting < 2
    assert time.monotonic() - begin > 0.2
    queue.flush()
    assert queue.counts().stored == 2
