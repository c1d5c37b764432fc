"""Work off the ledger's queue, in the order of acceptance, on the event loop."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from serving.web.database import DatabaseUnavailableError
from serving.web.ledger import Ledger
from serving.web.metrics import Metrics
from serving.web.progress import Progress
from serving.web.running import Outcome, run_graph
from serving.web.tables import ExtractionStatus, StoredExtraction, now

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
        self, ledger: Ledger, metrics: Metrics, note_end: Callable[[StoredExtraction], None], max_concurrent: int
    ) -> None:
        self._ledger, self._metrics, self._note_end = ledger, metrics, note_end
        self._max_concurrent = max_concurrent
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
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
        """Queue an accepted extraction; on the event loop."""
        self._progress[id] = Progress()
        self._waiting.put_nowait(id)

    def progress(self, id: str) -> Progress | None:
        """Return what happens in an extraction; None once it ended."""
        return self._progress.get(id)

    async def cancel(self, ids: Iterable[str]) -> None:
        """End extractions whose document is deleted; those that wait find nothing in the ledger at their turn."""
        await _cancel([self._running[id] for id in ids if id in self._running])

    async def _work(self) -> None:
        while True:
            id = await self._waiting.get()
            task = self._running[id] = asyncio.create_task(self._extract(id))
            await asyncio.wait({task})
            del self._running[id]
            if not task.cancelled() and (error := task.exception()):
                _logger.error("extraction %s is not written down: %s", id, error)
            self._progress.pop(id).end()

    async def _extract(self, id: str) -> None:
        extraction = await _insist(lambda: self._ledger.begin(id))
        if extraction is None:  # deleted while it waited
            return
        progress = self._progress[id]
        outcome = await run_graph(extraction.document, extraction.context, progress.add, self._metrics.note_node)
        ended = await _insist(lambda: self._write_down(id, outcome, progress))
        if ended is not None:
            self._metrics.note_end(ended)
            self._note_end(ended)

    def _write_down(self, id: str, outcome: Outcome, progress: Progress) -> StoredExtraction | None:
        result = outcome.result
        status: ExtractionStatus = result["status"] if result else "failed"
        return self._ledger.change(
            id,
            only_if="running",
            status=status,
            result=result,
            error=outcome.error,
            trace_id=outcome.trace_id,
            cost_usd=result["usage"]["cost_usd"] if result else None,
            progress=progress.events,
            ended_at=now(),
        )


async def _insist(call: Callable[[], _T]) -> _T:
    """Try until the database is there: what was accepted is finished, and what was paid for is written down."""
    while True:
        try:
            return await in_thread(call)
        except DatabaseUnavailableError as error:
            _logger.error("%s", error)
        await asyncio.sleep(_PAUSE_S)


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
