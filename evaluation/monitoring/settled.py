"""Runs as they stand by now: the trace of one that waited still says so when somebody has answered it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

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

    @cache  # asked for once, and only where a run waited
    def ended() -> Mapping[_Run, str]:
        # What came of a run has its schema and chat model, and is newer.
        asked = RunQuery(schema=query.schema, chat_model=query.chat_model, since=query.since, was_asked=True)
        return {_key(run): run.status for run in reversed(list(find_runs(asked)))}

    seen: set[_Run] = set()
    for run in find_runs(query):
        if run.status != WAITING or not run.session:
            yield run
            continue
        status = ended().get(_key(run), WAITING)
        if query.status != WAITING:
            yield replace(run, status=status)
        elif status == WAITING and _key(run) not in seen:
            seen.add(_key(run))
            yield run


def settle(run: TracedRun) -> TracedRun:
    """Return one run as it stands by now.

    Raises:
        UnreachableError: MLflow doesn't answer.
    """
    if run.status != WAITING or not run.session:
        return run
    asked = RunQuery(document=run.document, schema=run.schema, chat_model=run.chat_model, was_asked=True)
    return next((replace(run, status=one.status) for one in find_runs(asked) if _key(one) == _key(run)), run)


def _key(run: TracedRun) -> _Run:
    return run.session, run.document
