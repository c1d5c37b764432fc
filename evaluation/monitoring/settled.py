"""Runs as they stand by now: the trace of one that waited still says so when somebody has answered it."""

from collections.abc import Iterator
from dataclasses import replace

from evaluation.monitoring.query import RunQuery
from evaluation.monitoring.runs import TracedRun, find_runs
from graph.tracing.tags import WAITING

_Run = tuple[str, str]
"""Session and document: a client of `langgraph dev` may read several documents on one thread."""


def find_settled_runs(query: RunQuery) -> Iterator[TracedRun]:
    """Yield the runs that fit, newest first, one that was answered with the status that it ended with.

    Asked for those that wait, it yields each run that still does once, however often it was answered.

    Raises:
        UsageError: the query can't be written in MLflow's language.
        UnreachableError: MLflow doesn't answer.
    """
    # What came of a run has its schema and chat model, and is newer.
    ends = _Ends(RunQuery(schema=query.schema, chat_model=query.chat_model, since=query.since))
    seen: set[_Run] = set()
    for run in find_runs(query):
        now = ends.settle(run)
        if query.status != WAITING:
            yield now
        elif now.status == WAITING and _key(run) not in seen:
            if run.session:
                seen.add(_key(run))
            yield now


def settle(run: TracedRun) -> TracedRun:
    """Return one run as it stands by now.

    Raises:
        UnreachableError: MLflow doesn't answer.
    """
    query = RunQuery(document=run.document, schema=run.schema, chat_model=run.chat_model, since=run.at)
    return _Ends(query).settle(run)


class _Ends:
    """How runs ended that a person was asked about, read from the newest back to where it is asked for, once."""

    def __init__(self, query: RunQuery) -> None:
        self._unread = find_runs(replace(query, was_asked=True))
        self._next: TracedRun | None = None
        self._status: dict[_Run, str] = {}

    def settle(self, run: TracedRun) -> TracedRun:
        """Give it the first end after it: the same document may be read again on its thread; ask newest first."""
        if run.status != WAITING or not run.session:
            return run
        while (end := self._next or next(self._unread, None)) and end.at > run.at:
            self._status[_key(end)] = end.status
            self._next = None
        self._next = end
        return replace(run, status=self._status.get(_key(run), WAITING))


def _key(run: TracedRun) -> _Run:
    return run.session, run.document
