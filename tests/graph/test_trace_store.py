"""Storing traces: in a real SQLite store, and in servers that fail in their several ways."""

import json
import logging
import pickle
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import mlflow
import pytest
from mlflow.tracing.client import TracingClient
from pdfs import text_pdf

from chat_models.scripted import ScriptedChatModel
from graph.app import graph
from graph.settings import get_settings
from graph.tracing.queue import flush_traces, trace_queue
from graph.tracing.store import Parcel, pack, store
from prompts.connection import connect
from schemas.errors import UnreachableError

Script = Callable[..., tuple[str, ScriptedChatModel]]
Answer = Callable[[socket.socket], Any]


def _trace(size: int = 1) -> Any:
    location = mlflow.entities.TraceLocation.from_experiment_id("0")
    info = mlflow.entities.TraceInfo(
        trace_id="tr-1",
        trace_location=location,
        request_time=0,
        state=mlflow.entities.TraceState.OK,
        tags={"about": "x" * size},
    )
    return mlflow.entities.Trace(info=info, data=mlflow.entities.TraceData(spans=[]))


def test_prompts_of_a_server_can_be_sent_to_another_process() -> None:
    """MLflow's object holds lists of the protocol's library, which can't."""
    from google.protobuf.struct_pb2 import ListValue

    version = mlflow.entities.model_registry.PromptVersion("optophone-extract", 3, template="x")
    version._aliases = ListValue().values
    assert pickle.loads(pickle.dumps(pack(_trace(), [version]))).prompts == [("optophone-extract", 3)]  # noqa: S301 - ours


@pytest.fixture
def parcels(script: Script, monkeypatch: pytest.MonkeyPatch) -> dict[str, Parcel]:
    """The traces of three runs, not stored yet, by their ids."""
    flush_traces()
    found: list[Parcel] = []
    monkeypatch.setattr(trace_queue(), "put", found.append)
    for _ in range(3):
        context: Any = {"target_schema": "receipt", "chat_model": script('{"total": 8.0}')[0]}
        graph.invoke({"document": text_pdf("ACME STORE", "Total 8.00")}, context=context)
    flush_traces()
    return {json.loads(parcel.trace_json)["info"]["trace_id"]: parcel for parcel in found}


def _spans(trace_id: str) -> int:
    return len(mlflow.get_trace(trace_id).data.spans)


def test_trace_that_is_refused_is_lost_with_its_reason(parcels: dict[str, Parcel]) -> None:
    """Be it none at all, or without its page image; the others are whole."""
    first, second, third = parcels.values()
    pageless = second._replace(attachments={"page": ("image/png", b"")})
    reasons = store([Parcel("{}", {}, []), first, pageless, third], get_settings().tracking_uri)
    assert len(reasons) == 2
    assert "hexadecimal" in reasons[1]  # as the name of an attachment has to be
    assert all(_spans(trace_id) > 3 for trace_id in parcels)


def test_trace_without_its_link_is_not_lost(
    parcels: dict[str, Parcel], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is there; the log says what it lacks."""

    def refuse(*_: Any) -> None:
        raise mlflow.MlflowException("no such route")

    monkeypatch.setattr(TracingClient, "link_prompt_versions_to_trace", refuse)
    with caplog.at_level(logging.INFO, "optophone"):
        assert store(list(parcels.values()), get_settings().tracking_uri) == []
    assert caplog.messages == ["a trace is not linked to its prompts (no such route)"]
    assert all(_spans(trace_id) > 3 for trace_id in parcels)


def _reset(connection: socket.socket) -> None:
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def _server(answer: Answer) -> Iterator[tuple[str, list[socket.socket]]]:
    """Accept connections; gives the address and those so far."""
    accepted: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed
                return
            accepted.append(connection)
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", accepted
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for connection in accepted:
        connection.close()


@pytest.fixture
def stays_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set for this process holds, and the session's store is left as it is."""
    connect(get_settings().tracking_uri)
    monkeypatch.setattr("graph.tracing.store.connect", lambda _: None)


# The second is more than the buffers of a connection hold: it hangs while it is sent.
@pytest.mark.parametrize("size", [1, 30_000_000])
@pytest.mark.usefixtures("stays_connected")
def test_server_that_hangs_is_asked_once(size: int) -> None:
    """Twenty traces wait for one time-out of 2 s."""
    with _server(lambda _: None) as (url, accepted):
        begun = time.monotonic()
        with pytest.raises(UnreachableError, match="timed out"):
            store([pack(_trace(size), [])] * 20, url)
        assert 2 <= time.monotonic() - begun < 8
        assert len(accepted) == 1


@pytest.mark.usefixtures("stays_connected")
def test_server_that_is_not_there_does_not_answer() -> None:
    """Nobody listens on the port."""
    with pytest.raises(UnreachableError, match="refused"):
        store([pack(_trace(), [])], "http://127.0.0.1:9")


@pytest.mark.usefixtures("stays_connected")
def test_connection_that_is_cut_off_costs_one_trace() -> None:
    """A proxy does so with a request that is too large for it; the next one is sent all the same."""
    with _server(_reset) as (url, accepted):
        reasons = store([pack(_trace(), [])] * 3, url)
        assert len(accepted) == 3
    assert [("Connection" in reason) for reason in reasons] == [True] * 3
