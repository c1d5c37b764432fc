"""Runs that waited for a person, as they stand by now: traces of the real graph, answered through its checkpointer."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import mlflow
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pdfs import text_pdf

from chat_models.scripted import ScriptedChatModel
from evaluation.monitoring import settled
from evaluation.monitoring.query import RunQuery
from evaluation.monitoring.runs import TracedRun, find_runs
from evaluation.monitoring.settled import find_settled_runs, settle
from graph.app import graph
from graph.tracing.queue import flush_traces
from graph.tracing.tags import STATUS_TAG

Script = Callable[..., tuple[str, ScriptedChatModel]]
WRONG = '{"total": "eight"}'


class Threads:
    """A client that reads the same receipt, and answers, on threads of its own."""

    def __init__(self, document: str, chat_model: str) -> None:
        self._document = document
        self._graph = graph.copy({"checkpointer": InMemorySaver()})
        self._context: Any = {
            "target_schema": "receipt",
            "chat_model": chat_model,
            "max_attempts": 1,
            "review": "on_doubt",
        }

    def read(self, thread: str) -> None:
        """Read it: the answer is wrong, so it waits."""
        found = self._graph.invoke({"document": self._document}, self._config(thread), context=self._context)
        assert "__interrupt__" in found

    def answer(self, thread: str) -> None:
        """Say what the total is."""
        answer = {"values": [{"path": "/total", "value": 8.0}], "reviewer": "ada"}
        self._graph.invoke(Command(resume=answer), self._config(thread))

    def statuses(self, **more: Any) -> list[tuple[str, str]]:
        """The runs as they stand by now, newest first, with their threads."""
        return [(run.session, run.status) for run in find_settled_runs(self.query(**more))]

    def query(self, **more: Any) -> RunQuery:
        """Ask for the runs of this test alone."""
        flush_traces()
        return RunQuery(chat_model=self._context["chat_model"], **more)

    def _config(self, thread: str) -> Any:
        return {"configurable": {"thread_id": thread}}


@pytest.fixture
def threads(script: Script) -> Threads:
    """No run yet; a chat model that is wrong as often as it is asked."""
    return Threads(text_pdf("ACME STORE", "Total 8.00"), script(*[WRONG] * 6)[0])


def test_document_read_again_on_its_thread_waits_again(threads: Threads) -> None:
    """What came of the first run is not what comes of the second, in the list and in one trace."""
    threads.read("a")
    threads.answer("a")
    threads.read("a")
    assert threads.statuses() == [("a", "waiting"), ("a", "valid"), ("a", "valid")]
    assert threads.statuses(status="waiting") == [("a", "waiting")]
    newest, _, oldest = find_runs(threads.query())
    assert [settle(newest).status, settle(oldest).status] == ["waiting", "valid"]


def test_run_has_the_first_end_after_it(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later one on the same thread is another run's."""
    threads.read("a")
    threads.answer("a")
    threads.read("a")
    threads.answer("a")
    runs = list(find_runs(threads.query()))
    mlflow.set_trace_tag(runs[0].trace_id, STATUS_TAG, "exhausted")
    assert [status for _, status in threads.statuses()] == ["exhausted", "exhausted", "valid", "valid"]
    assert [settle(runs[1]).status, settle(runs[3]).status] == ["exhausted", "valid"]
    assert threads.statuses(status="waiting") == []


def test_ends_older_than_what_is_listed_are_not_read(threads: Threads, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for one, which tells that it is."""
    for thread in ("a", "b", "c"):
        threads.read(thread)
        threads.answer(thread)
    threads.read("d")
    query = threads.query()
    read: list[str] = []

    def counted(query: RunQuery) -> Iterator[TracedRun]:
        for run in find_runs(query):
            if query.was_asked:
                read.append(run.session)
            yield run

    monkeypatch.setattr(settled, "find_runs", counted)
    assert [run.session for run in islice(find_settled_runs(query), 1)] == ["d"]
    assert read == ["c"]
    assert [run.status for run in islice(find_settled_runs(query), 3)] == ["waiting", "valid", "valid"]
    assert read[1:] == ["c", "b"]
