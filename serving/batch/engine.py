"""Documents in flight on one machine: one event loop, worker processes for the pages, one file for the results."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from typing import Literal

from schemas.errors import UnreadableDocumentError, UsageError
from serving.batch.budget import Budget
from serving.batch.inputs import Item
from serving.batch.plan import Plan
from serving.batch.readers import Readers
from serving.batch.record import Record, paid_requests
from serving.batch.results import Results
from serving.batch.work import Work, copied, failed, identify, is_disk_full, run_one, wanted

StopReason = Literal["budget", "uncounted", "interrupted", "failed"]

# Inputs hashed in one go: a thread's turn costs more than a small file's hash.
_CHUNK = 32
# A record is counted as done when it is on the disk; one wait for the disk does for all of this time.
_SYNC_S = 0.2
# So many unknown failures one after another are no matter of the documents.
_FAILURES_IN_A_ROW = 20


class Engine:
    """One start of a run; `stop` ends it early, and a later start does the rest."""

    def __init__(
        self,
        *,
        plan: Plan,
        results: Results,
        readers: Readers,
        budget: Budget,
        concurrency: int,
        grace_s: float,
        note: Callable[[Record], None],
        fresh: Collection[str] = (),
    ) -> None:
        """Make it, in the event loop that runs it.

        Args:
            plan: what is asked.
            results: where records go.
            readers: who prepares the pages.
            budget: what may be spent.
            concurrency: documents that are asked about at once; some more are got ready or checked meanwhile.
            grace_s: how long documents in flight may go on after a stop.
            note: called with each record once it is on the disk.
            fresh: units that take nothing from the cache.
        """
        self._plan, self._results, self._readers, self._budget = plan, results, readers, budget
        self._grace_s, self._note, self._fresh = grace_s, note, fresh
        # The pace holds requests to `concurrency`. A document takes some hundredths of a second before its request and
        # after its answer; a quarter more of them keeps every request's place taken.
        slots = concurrency + concurrency // 4
        self._slots = asyncio.Semaphore(slots)
        # Pages are read for those that wait for a slot, too: as many as keep the processes busy.
        self._places = asyncio.Semaphore(slots + 2 * readers.count)
        self._tasks: set[asyncio.Task[None]] = set()
        self._twins: dict[str, list[Work]] = {}
        self._unsynced: list[Record] = []
        self._failures = 0
        self._stopped = asyncio.Event()
        self._error: Exception | None = None
        self.stop_reason: StopReason | None = None

    def stop(self, reason: StopReason) -> None:
        """Start no further document."""
        self.stop_reason = self.stop_reason or reason
        self._stopped.set()

    async def run(self, items: Iterator[Item]) -> None:
        """Do every input that has no record yet, until all are done or the run is stopped.

        Raises:
            UsageError: every document would fail alike, or too many did.
            OSError: a result can't be written.
        """
        syncing = asyncio.create_task(self._sync_now_and_then())
        admitting = asyncio.create_task(self._admit(items))
        stopped = asyncio.create_task(self._stopped.wait())
        own = [syncing, admitting, stopped]
        try:
            while (pending := {admitting, *self._tasks} - {task for task in own if task.done()}) and not stopped.done():
                await asyncio.wait({*pending, stopped}, return_when=asyncio.FIRST_COMPLETED)
            admitting.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=self._grace_s)
        finally:
            rest = [*own, *self._tasks]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
            await self._sync()
        if self._error:
            raise self._error

    async def _admit(self, items: Iterator[Item]) -> None:
        try:
            while chunk := await asyncio.to_thread(self._identify, items):
                for work in chunk:
                    if self._is_new(work):
                        await self._places.acquire()
                        task = asyncio.create_task(self._process(work))
                        self._tasks.add(task)
                        task.add_done_callback(self._tasks.discard)
        except Exception as error:
            self._fail(error)

    def _identify(self, items: Iterator[Item]) -> list[Work]:
        return [identify(item, self._plan) for item in islice(items, _CHUNK)]

    def _is_new(self, work: Work) -> bool:
        """Tell whether a document has to be asked about; what is known already is written down."""
        if self._results.take(work.item, work.unit):
            return False
        if not work.unit:
            return True
        if work.unit in self._twins:  # in flight; its record will be copied
            self._twins[work.unit].append(work)
            return False
        if known := self._results.find(work.unit):
            self._write(copied(known, work))
            return False
        self._twins[work.unit] = []
        return True

    async def _process(self, work: Work) -> None:
        try:
            if record := await self._read(work) or await self._ask(work):
                self._write(record)
                for twin in self._twins.get(work.unit, []):
                    self._write(copied(record, twin))
                self._count_failures(record)
        except Exception as error:
            self._fail(error)
        finally:
            self._twins.pop(work.unit, None)
            self._places.release()

    async def _read(self, work: Work) -> Record | None:
        """Have the pages read; return a record where that ends it."""
        if work.document is None:
            return None
        try:
            await self._readers.prepare(work.item.source, work.document, wanted(self._plan.variant(work.item).context))
        except UnreadableDocumentError:  # the graph says so in a result
            return None
        except Exception as error:
            if is_disk_full(error):
                raise
            return failed(work, error)
        return None

    async def _ask(self, work: Work) -> Record | None:
        async with self._slots:
            if not await self._budget.reserve():
                self.stop("uncounted" if self._budget.is_blind else "budget")
                return None
            try:
                if self._stopped.is_set():
                    return None
                record = await run_one(work, self._plan, is_fresh=work.unit in self._fresh)
                self._budget.note(record["cost_usd"], record["tokens"], was_asked=paid_requests(record) > 0)
                return record
            finally:
                await self._budget.release()

    def _write(self, record: Record) -> None:
        self._results.append(record)
        self._unsynced.append(record)

    def _count_failures(self, record: Record) -> None:
        self._failures = self._failures + 1 if (error := record["error"]) else 0
        if error and self._failures >= _FAILURES_IN_A_ROW:
            said = f"{error['type']}: {error['message']}"
            raise UsageError(
                f"{self._failures} documents in a row failed, the last with {said}; "
                "mend it and run again with --retry-failed"
            )

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self.stop("failed")

    async def _sync_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_SYNC_S)
            try:
                await self._sync()
            except OSError as error:
                self._fail(error)

    async def _sync(self) -> None:
        """Count what was written since as done, once it is on the disk."""
        records = self._unsynced[:]
        if records:
            await asyncio.to_thread(self._results.sync)
        del self._unsynced[: len(records)]
        for record in records:
            self._note(record)
