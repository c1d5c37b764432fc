"""Documents in flight."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from documents.limits import Limits
from graph.context import Context
from graph.settings import get_store
from serving.batch.budget import Budget
from serving.batch.engine import Engine
from serving.batch.inputs import Item, find_items
from serving.batch.plan import make_plan
from serving.batch.readers import Readers
from serving.batch.record import Record
from serving.batch.results import Results, read_records

pytestmark = pytest.mark.usefixtures("untraced")

ANSWER = json.dumps({"pairs": []})


class Run:
    """An engine with a file of its own, and what it noted."""

    def __init__(
        self, path: Path, chat_model: str, *, concurrency: int, grace_s: float = 5, budget: Budget | None = None
    ) -> None:
        self.noted: list[Record] = []
        self._path, self._results = path, Results(path, self.noted.append)
        self.engine = Engine(
            plan=make_plan(Context(chat_model=chat_model), keeps_answers=False),
            results=self._results,
            readers=Readers(get_store(), Limits()),
            budget=budget or Budget(None, None),
            concurrency=concurrency,
            grace_s=grace_s,
            note=self.noted.append,
        )

    async def run(self, items: Iterator[Item]) -> list[str]:
        """Run it; return the sources that were written, in their order."""
        try:
            await self.engine.run(items)
        finally:
            self._results.close()
        return [Path(record["source"]).stem for record in read_records(self._path)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


async def test_results_come_in_order_of_completion(path: Path, write: Any, register: Any) -> None:
    """A slow document holds up nobody; each record has the place of its input."""
    name = register(lambda text: time.sleep(0.6 if "Page: a" in text else 0) or ANSWER)
    run = Run(path, name, concurrency=3)
    assert sorted(await run.run(find_items([str(write("a", "b", "c"))]))) == ["a", "b", "c"]
    assert [record["index"] for record in run.noted][-1] == 0
    assert len(run.noted) == 3


async def test_no_more_are_asked_at_once_than_allowed(path: Path, write: Any, register: Any) -> None:
    """Two at a time are two."""
    at_once, most = [0], [0]

    def answer(text: str) -> str:
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        time.sleep(0.05)
        at_once[0] -= 1
        return ANSWER

    await Run(path, register(answer), concurrency=2).run(find_items([str(write(*"abcdef"))]))
    assert most == [2]


async def test_input_is_read_as_it_is_needed(path: Path, write: Any, register: Any) -> None:
    """While the first documents are asked, a list of a million is looked at for some dozens only."""
    taken = [0]
    [first] = find_items([str(write("a"))])

    def items() -> Iterator[Item]:
        for index in range(1_000_000):
            taken[0] += 1
            yield Item(index, first.source, rules=f"Rule {index}.")

    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def answer(text: str) -> str:
        loop.call_soon_threadsafe(asked.set)
        time.sleep(0.3)
        return ANSWER

    run = Run(path, register(answer), concurrency=2)
    running = asyncio.create_task(run.run(items()))
    await asked.wait()
    run.engine.stop("interrupted")
    assert 1 <= len(await running) <= 2
    assert taken[0] <= 64


async def test_stop_waits_for_what_is_in_flight_but_not_for_ever(path: Path, write: Any, register: Any) -> None:
    """What ends in time is written; what hangs is left for another start, and asked then."""
    numbers, names, both = count(), list[str](), asyncio.Event()
    stopped, released = threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def answer(text: str) -> str:
        number = next(numbers)
        if number == 0:
            released.wait(60)
        elif number == 1:
            names.append(text.partition("Page: ")[2][0])
            loop.call_soon_threadsafe(both.set)
            stopped.wait(60)
        return ANSWER

    name, documents = register(answer), str(write("a", "b", "c"))
    run = Run(path, name, concurrency=2, grace_s=3)
    running = asyncio.create_task(run.run(find_items([documents])))
    await both.wait()
    run.engine.stop("interrupted")
    stopped.set()
    try:
        assert await running == names
        assert not released.is_set()
    finally:
        released.set()
    assert sorted(await Run(path, name, concurrency=2).run(find_items([documents]))) == ["a", "b", "c"]


class WatchedBudget(Budget):
    """Counts who asked for leave to start."""

    asked = 0

    async def reserve(self) -> bool:
        """Count, and wait."""
        self.asked += 1
        return await super().reserve()


async def test_document_that_waits_for_the_budget_is_not_asked_about_after_a_stop(
    path: Path, write: Any, register: Any
) -> None:
    """The first one's end gives it room, but the run has ended by then."""
    requests, stopped, budget = list[str](), threading.Event(), WatchedBudget(None, 10_000)

    def answer(text: str) -> str:
        requests.append(text)
        stopped.wait(60)
        return ANSWER

    run = Run(path, register(answer), concurrency=3, grace_s=60, budget=budget)
    running = asyncio.create_task(run.run(find_items([str(write("a", "b", "c"))])))
    while budget.asked < 3 or not requests:
        await asyncio.sleep(0.01)
    run.engine.stop("interrupted")
    stopped.set()
    assert len(await running) == 1
    assert len(requests) == 1


async def test_record_is_on_the_disk_before_it_counts(
    path: Path, write: Any, register: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noted is only what was written when the disk was last waited for."""
    synced: list[int] = []
    sync = Results.sync

    def watch(results: Results) -> None:
        synced.append(path.stat().st_size)
        sync(results)

    monkeypatch.setattr(Results, "sync", watch)
    run = Run(path, register(lambda text: ANSWER), concurrency=1)
    noted: Callable[[Record], None] = run.noted.append
    lengths: list[tuple[int, int]] = []
    run.engine._note = lambda record: (noted(record), lengths.append((len(run.noted), synced[-1])))  # type: ignore[assignment]
    await run.run(find_items([str(write(*"abc"))]))
    sizes = [len(line) for line in path.read_bytes().splitlines(keepends=True)]
    assert len(lengths) == 3
    assert all(on_disk >= sum(sizes[:count]) for count, on_disk in lengths)
