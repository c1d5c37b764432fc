"""Work off the ledger's queue, in the order of acceptance, on the event loop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from serving.web.database import DatabaseUnavailableError
from serving.web.ledger import Ledger
from serving.web.metrics import Metrics
from serving.web.progress import Progress
from serving.web.running import run_graph
from serving.web.settling import to_settled
from serving.web.tables import StoredExtraction
from serving.web.threads import Threads

_logger = logging.getLogger("optophone")

# The executor that the graph's nodes run in may be full of pages being read; the ledger is reached through another one,
# so that a short answer doesn't wait for them.
in_thread = run_in_threadpool

# While the database is out of reach.
_PAUSE_S = 1.0

_T = TypeVar("_T")


class Jobs:
    """Runs what the ledger holds; at most `max_concurrent` at a time."""

    def __init__(
        self,
        ledger: Ledger,
        threads: Threads,
        metrics: Metrics,
        note_end: Callable[[StoredExtraction], None],
        max_concurrent: int,
    ) -> None:
        self._ledger, self._threads, self._metrics, self._note_end = ledger, threads, metrics, note_end
        self._max_concurrent = max_concurrent
        self._waiting: asyncio.Queue[tuple[str, Progress]] = asyncio.Queue()
        self._progress: dict[str, Progress] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._workers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take up what an earlier process left, and begin."""
        for id in await in_thread(self._ledger.take_back):
            self.submit(id)
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._max_concurrent)]

    async def stop(self) -> None:
        """End what runs; the next start takes it up."""
        await _cancel(self._workers)
        await _cancel(self._running.values())
        try:
            await in_thread(self._ledger.give_back)
        except DatabaseUnavailableError as error:  # the next start takes back what runs
            _logger.error("%s", error)
        for progress in self._progress.values():
            progress.end()

    @property
    def is_running(self) -> bool:
        """Whether somebody works off the queue."""
        return bool(self._workers) and not any(worker.done() for worker in self._workers)

    def submit(self, id: str) -> None:
        """Queue an accepted extraction, or one that goes on; on the event loop."""
        self._progress[id] = progress = Progress()
        self._waiting.put_nowait((id, progress))

    def progress(self, id: str) -> Progress | None:
        """Return what happens in an extraction; None once it ended or waits."""
        return self._progress.get(id)

    async def cancel(self, ids: Iterable[str]) -> list[str]:
        """End those that run, whose document is deleted; those that wait find nothing in the ledger at their turn.

        Returns what was ended.
        """
        running = {id: self._running[id] for id in ids if id in self._running}
        await _cancel(running.values())
        return list(running)

    async def resume(self, ids: Sequence[str]) -> None:
        """Queue again what was ended, as its document stays after all; what is gone finds nothing at its turn."""
        await insist(lambda: in_thread(self._ledger.give_back, ids))
        for id in ids:
            self.submit(id)

    async def _work(self) -> None:
        while True:
            id, progress = await self._waiting.get()
            task = self._running[id] = asyncio.create_task(self._extract(id, progress))
            await asyncio.wait({task})
            if not task.cancelled() and (error := task.exception()):
                _logger.error("extraction %s is not written down: %s", id, error)
            # Somebody may have answered already, and another worker be at it.
            if self._running[id] is task:
                del self._running[id]
            if self._progress[id] is progress:
                del self._progress[id]
            progress.end()

    async def _extract(self, id: str, progress: Progress) -> None:
        extraction = await insist(lambda: in_thread(self._ledger.begin, id))
        if extraction is None:  # deleted while it waited
            return
        progress.go_on_from(extraction.progress)
        answer = await insist(lambda: in_thread(self._ledger.answer, id))
        note_node = self._metrics.note_node
        outcome = await insist(lambda: run_graph(extraction, answer, self._threads, progress.add, note_node))
        settled = await in_thread(to_settled, extraction, outcome)
        row = await insist(lambda: in_thread(lambda: self._ledger.settle(id, progress=progress.events, **settled)))
        if row is not None and row.has_ended:
            self._metrics.note_end(row)
            self._note_end(row)
            if row.may_wait:
                await insist(lambda: self._threads.forget(id))


async def insist(call: Callable[[], Awaitable[_T]]) -> _T:
    """Try until the database is there: what was accepted is finished, and what was paid for is written down."""
    while True:
        try:
            return await call()
        except DatabaseUnavailableError as error:
            _logger.error("%s", error)
        await asyncio.sleep(_PAUSE_S)


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
