"""The runs that wait for a person, as the checkpointer holds them: a thread each, by the extraction's id.

Whoever answers, here or in a terminal, answers the thread: it alone says what is asked and what became of it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command
from starlette.concurrency import run_in_threadpool

from graph.builder import make_graph
from graph.review import ReviewRequest
from graph.state import OutputState
from serving.web.database import DatabaseUnavailableError
from serving.web.ledger import Ledger
from serving.web.tables import StoredAnswer

OWNER = "service"
"""Who is to write a thread's outcome where it belongs, as its metadata say."""


@dataclass(frozen=True)
class Question:
    """What a run waits for."""

    id: str
    """Another one after each answer."""
    request: ReviewRequest
    candidate: dict[str, Any]
    """`extraction` and `fields` of `graph.state.OutputState` as they stand."""


@dataclass(frozen=True)
class Thread:
    """A run that was kept: it waits for a person, has ended, or was stopped in the middle."""

    question: Question | None = None
    result: dict[str, Any] | None = None
    """`graph.state.OutputState` of one that ended."""

    def is_settled(self, answer: StoredAnswer | None) -> bool:
        """Whether there is nothing to do: it has ended, or asks for something else than what was answered."""
        is_asked = self.question is not None and (answer is None or answer.question != self.question.id)
        return self.result is not None or is_asked


class Threads:
    """The graph with a checkpointer; for the event loop on which that was opened."""

    def __init__(self, checkpointer: BaseCheckpointSaver[Any]) -> None:
        self._checkpointer = checkpointer
        self.graph = make_graph(checkpointer=checkpointer)

    def config(self, id: str, name: str) -> RunnableConfig:
        """Return what a run on this thread is called with."""
        return {"configurable": {"thread_id": id}, "metadata": {"owner": OWNER, "name": name}}

    async def look(self, id: str) -> Thread | None:
        """Return a thread as it is now; None where there is none.

        Raises:
            DatabaseUnavailableError: the checkpointer's database doesn't answer.
        """
        with outages():
            state = await self.graph.aget_state({"configurable": {"thread_id": id}})
        if not state.values:
            return None
        if state.interrupts:
            (asked,) = state.interrupts
            candidate = {key: state.values[key] for key in ("extraction", "fields")}
            return Thread(question=Question(asked.id, asked.value, candidate))
        if state.next:
            return Thread()
        return Thread(result={key: state.values[key] for key in OutputState.__annotations__})

    async def forget(self, id: str) -> None:
        """Delete a thread.

        Raises:
            DatabaseUnavailableError: the checkpointer's database doesn't answer.
        """
        with outages():
            await self._checkpointer.adelete_thread(id)
            if isinstance(self._checkpointer, AsyncSqliteSaver):
                async with self._checkpointer.lock:  # the log before the database held it too
                    await self._checkpointer.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def ids(self) -> set[str]:
        """Return the threads of the service."""
        with outages():
            found = self._checkpointer.alist(None, filter={"owner": OWNER})
            return {checkpoint.config["configurable"]["thread_id"] async for checkpoint in found}


def next_input(thread: Thread | None, document: str, answer: StoredAnswer | None) -> Any:
    """Return what the graph is called with: the document, an answer, or nothing where it goes on in the middle."""
    if thread is None:
        return {"document": document}
    return Command(resume={thread.question.id: answer.answer}) if thread.question and answer else None


async def forget_ended(threads: Threads, ledger: Ledger) -> None:
    """Delete the threads that an earlier process wrote the outcome of, or whose document it deleted."""
    for id in await threads.ids():
        extraction = await run_in_threadpool(ledger.get, id)
        if extraction is None or extraction.has_ended:
            await threads.forget(id)


@contextmanager
def outages() -> Iterator[None]:
    """Let the checkpointer's database be away as `DatabaseUnavailableError`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DatabaseUnavailableError(f"cannot reach what waits in checkpoints.db ({error})") from error
    except Exception as error:
        if not any(base.__module__.startswith("psycopg") for base in type(error).__mro__):
            raise
        # The driver's own text may repeat a part of the address.
        raise DatabaseUnavailableError("cannot reach what waits in the database of OPTOPHONE_DATABASE_URL") from None
