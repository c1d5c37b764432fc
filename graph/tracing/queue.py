"""Traces on their way into the store, in place of MLflow's own queue: whole, several at once, and counted."""

import asyncio
import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Any

from graph.child import begin_child
from graph.settings import get_settings
from graph.tracing.store import Parcel, pack, prepare, store
from graph.tracing.tracers import is_traced
from prompts.connection import connect

_logger = logging.getLogger("optophone")

# Twice as many save little: by then the trace's own row is the larger part (docs/experiments.md).
_AT_ONCE = 20
# About 100 KB each.
_ROOM = 1000
_NEARLY_FULL = 100
# A trace takes some requests of milliseconds each; a server that needs longer for twenty is no longer answering.
_DEADLINE_S = 30.0
# A document waits no longer for its predecessors' traces, and none waits where so long nothing was stored: results come
# first.
_LONGEST_WAIT_S = 10.0
_LOOK_AGAIN_S = 0.05


@dataclass
class TraceCounts:
    """What became of this process's traces."""

    stored: int = 0
    lost: int = 0
    """Those that the store didn't take, or that found the queue full."""
    waiting: int = 0


class TraceQueue:
    """One thread that stores; a process of its own does the work for it where that was asked for."""

    def __init__(self) -> None:
        self._parcels: deque[Parcel] = deque()
        self._changed = threading.Condition()
        self._counts = TraceCounts()
        self._settled = 0  # of those that found room: stored or lost, in their order
        self._last_settled = time.monotonic()  # or the first was put where none waited
        self._thread: threading.Thread | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._child: Future[int] | None = None  # its process id, once it can store
        self._under_way: Future[list[str]] | None = None
        self._is_closed = False

    def counts(self) -> TraceCounts:
        """Return the counts so far."""
        with self._changed:
            return TraceCounts(self._counts.stored, self._counts.lost, self._counts.waiting)

    def work_apart(self) -> None:
        """Store in another process from now on: in this one it would take the interpreter from the documents."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=begin_child)
            self._child = self._pool.submit(prepare)

    def put(self, parcel: Parcel) -> None:
        """Take a trace; at once where the process is ending already."""
        with self._changed:
            if self._counts.waiting >= _ROOM:
                self._lose(1, f"{_ROOM} traces wait to be stored, which is all there is room for")
                return
            if not self._counts.waiting:
                self._last_settled = time.monotonic()
            self._counts.waiting += 1
            self._parcels.append(parcel)
            if not self._is_closed:
                self._begin()
                self._changed.notify_all()
                return
        self._store_next()

    def flush(self) -> None:
        """Wait until all traces so far are stored, or lost; those that come meanwhile are not waited for."""
        with self._changed:
            all_so_far = self._settled + self._counts.waiting
            self._changed.wait_for(lambda: self._settled >= all_so_far)

    def close(self) -> None:
        """Store what waits, and end the thread and the process, which may be at traces that were given up."""
        self.flush()
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        if self._pool is not None:
            if self._child and self._under_way and not self._under_way.done():
                os.kill(self._child.result(), signal.SIGTERM)
            self._pool.shutdown()
            self._pool = None

    async def keep_up(self) -> None:
        """Wait while the store is far behind; how long the process takes to start doesn't count."""
        begun = time.monotonic()
        while self._counts.waiting >= _NEARLY_FULL:
            if self._child and not self._child.done():
                begun = time.monotonic()
            elif time.monotonic() >= min(begun, self._last_settled) + _LONGEST_WAIT_S:
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="optophone-traces", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._parcels or self._is_closed)
                if not self._parcels:
                    return
            self._store_next()

    def _store_next(self) -> None:
        with self._changed:
            parcels = [self._parcels.popleft() for _ in range(min(_AT_ONCE, len(self._parcels)))]
        try:
            reasons = self._store(parcels)
        except Exception as error:  # whatever MLflow says, forms are read without it
            reasons = [str(error).partition("\n")[0]] * len(parcels)
        with self._changed:
            self._counts.stored += len(parcels) - len(reasons)
            self._counts.waiting -= len(parcels)
            self._settled += len(parcels)
            self._last_settled = time.monotonic()
            if reasons:
                self._lose(len(reasons), reasons[0])
            self._changed.notify_all()

    def _store(self, parcels: Sequence[Parcel]) -> list[str]:
        uri = get_settings().tracking_uri
        if self._child is not None:
            wait([self._child])  # the process imports MLflow first, which is not the store's fault
            self._last_settled = time.monotonic()
        return connect(uri).run(lambda: self._store_somewhere(parcels, uri), _DEADLINE_S)

    def _store_somewhere(self, parcels: Sequence[Parcel], uri: str) -> list[str]:
        if self._pool is not None:
            try:
                self._under_way = self._pool.submit(store, parcels, uri)
                return self._under_way.result()
            except BrokenProcessPool:
                if self._is_closed:  # and these were given up
                    raise
                _logger.warning("the process that stores traces has ended; they are stored in this one")
                self._pool = None
        return store(parcels, uri)

    def _lose(self, count: int, reason: str) -> None:
        if self._counts.lost == 0:
            _logger.warning("a trace is lost (%s); more may follow, their number is counted", reason)
        self._counts.lost += count


@cache
def trace_queue() -> TraceQueue:
    """Return the queue of this process."""
    return TraceQueue()


def flush_traces() -> None:
    """Wait until every trace so far is stored."""
    import mlflow  # noqa: PLC0415 - takes seconds

    mlflow.flush_trace_async_logging()


def store_traces_apart() -> None:
    """Let a process of its own store this one's traces; for runs of so many documents that it pays."""
    if is_traced():
        trace_queue().work_apart()


async def keep_up() -> None:
    """Wait, for some seconds at most, while more traces are on their way than the store can take."""
    await trace_queue().keep_up()


def trace_counts() -> TraceCounts:
    """Return how many traces of this process are stored, lost, and on their way."""
    return trace_queue().counts()


class ExportQueue:
    """What MLflow's exporter takes for its own `AsyncTraceExportQueue`."""

    def put(self, task: Any) -> None:
        """Keep whole traces; spans that end before their trace would only be stored twice."""
        if task.handler.__name__ == "_log_trace":
            trace, prompts, *_ = task.args
            trace_queue().put(pack(trace, prompts))

    def flush(self, terminate: bool = False) -> None:
        """Wait until all is stored; the thread ends with the process."""
        trace_queue().flush()
