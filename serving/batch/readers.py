"""Processes that decode documents and read their words into the store, so that the event loop never waits for it."""

import asyncio
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path

from documents.limits import Limits
from documents.ocr import use_one_thread
from documents.prepare import Wanted, is_prepared, prepare
from documents.store import DocumentStore
from schemas.errors import OptophoneError


class ReaderEndedError(OptophoneError):
    """A document that takes its process down, by what it needs or by a fault of a decoder."""


class Readers:
    """As many processes as there are cores, each with one reader; started with the first document that needs one."""

    def __init__(self, store: DocumentStore, limits: Limits) -> None:
        self._store, self._limits = store, limits
        self.count = _cores()
        self._pool: ProcessPoolExecutor | None = None
        self._trying_alone = asyncio.Lock()

    async def prepare(self, source: str, ref: str, wanted: Wanted) -> str:
        """Put all that a run wants of a document into the store; return its reference.

        A document that is there already asks no process.

        Args:
            source: its path.
            ref: what its content is by now known to be.
            wanted: what the run will look for.

        Raises:
            UnreadableDocumentError: it can't be read.
            ReaderEndedError: reading it ends the process that tries.
        """
        if await asyncio.to_thread(is_prepared, ref, self._store, self._limits, wanted):
            return ref
        pool = self._shared()
        try:
            return await self._submit(pool, source, wanted)
        except BrokenProcessPool:
            if self._pool is pool:  # else another document has made a new one already
                self._pool = None
        # Which of the documents in work ended a process is not known: each is tried again where it can't harm another.
        async with self._trying_alone:  # each attempt loads a reader of its own
            return await self._try_alone(source, wanted)

    async def _try_alone(self, source: str, wanted: Wanted) -> str:
        alone = _make_pool(1)
        try:
            return await self._submit(alone, source, wanted)
        except BrokenProcessPool as error:
            raise ReaderEndedError(
                f"reading {Path(source).name!r} ended the process that tried; scan it again, or give it more memory"
            ) from error
        finally:
            alone.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the processes, after the page at hand."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _shared(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = _make_pool(self.count)
        return self._pool

    async def _submit(self, pool: ProcessPoolExecutor, source: str, wanted: Wanted) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, _prepare, source, self._store.root, self._limits, wanted)


def _cores() -> int:
    """Return the cores that this process may use, which a container's are only some of."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _make_pool(processes: int) -> ProcessPoolExecutor:
    # Not forked: a copy of a process with threads may hang.
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    # Ctrl+C reaches every process of the terminal; what it means is decided in one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, name="optophone-parent", daemon=True).start()
    use_one_thread()


def _end_with_parent() -> None:
    """Don't outlive a parent that was killed: the pool itself would wait for its next document for ever."""
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def _prepare(source: str, root: Path, limits: Limits, wanted: Wanted) -> str:
    return prepare(source, DocumentStore(root), limits, wanted)
