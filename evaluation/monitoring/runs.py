"""Find the runs that were traced, by the tags on their traces: no span is opened for that."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from pydantic import TypeAdapter

from evaluation.monitoring.query import RunQuery, to_filter
from graph.settings import get_settings
from graph.tracing.experiment import experiment_name
from graph.tracing.tags import (
    CHAT_MODEL_TAG,
    DOCUMENT_TAG,
    FIGURES_TAG,
    KIND_TAG,
    NAME_TAG,
    PROMPTS_TAG,
    REVIEWER_TAG,
    SCHEMA_TAG,
    STATUS_TAG,
    Figures,
)
from prompts.connection import connect

T = TypeVar("T")

# What one request asks for: MLflow's servers give no more.
_PAGE = 500
# Spans of a page take tens of kilobytes.
_BATCH = 100
_DEADLINE_S = 60.0
_FIGURES = TypeAdapter(Figures)
_SESSION = "mlflow.trace.session"


@dataclass(frozen=True)
class TracedRun:
    """One document's run, as its trace tells."""

    trace_id: str
    at: datetime
    """When it began, in UTC."""
    seconds: float | None
    document: str
    """`sha256:<hex>`; empty where it could not be read."""
    name: str
    """Of the file or the upload; empty where it came as bytes or as a reference."""
    schema: str
    status: str
    """As of the result; `failed` without one, `waiting` for a person; empty where the trace says nothing: it is older,
    or not ended."""
    chat_model: str
    prompts: tuple[str, ...]
    """`name/version`, the first request's first."""
    figures: Figures | None
    reviewers: tuple[str, ...]
    """The humans who judged it."""
    kind: str
    """`evaluation`, or empty for a run for the document's own sake."""
    session: str
    """The thread of a run that may wait; what came of it after an answer is a trace of the same one."""


def find_runs(query: RunQuery) -> Iterator[TracedRun]:
    """Yield the runs that fit, newest first, as far as they are taken.

    Raises:
        UsageError: the query can't be written in MLflow's language.
        UnreachableError: MLflow doesn't answer.
    """
    experiment = ask(lambda client: client.get_experiment_by_name(experiment_name()))
    token: str | None = ""
    while experiment is not None and token is not None:
        found = ask(partial(_page, experiment_id=experiment.experiment_id, query=to_filter(query), token=token or None))
        runs = (to_run(trace.info) for trace in found)
        yield from (run for run in runs if query.reviewer is None or query.reviewer in run.reviewers)
        token = found.token or None


def _page(client: Any, experiment_id: str, query: str, token: str | None) -> Any:
    return client.search_traces(
        locations=[experiment_id],
        filter_string=query,
        max_results=_PAGE,
        order_by=["timestamp_ms DESC"],
        page_token=token,
        include_spans=False,
    )


def load_traces(trace_ids: Sequence[str]) -> Iterator[Any]:
    """Yield MLflow's `Trace` with its spans for each id that there is a trace of.

    A hundred together take 0.2 CPU seconds, one at a time 0.9.

    Raises:
        UnreachableError: MLflow doesn't answer.
    """
    for start in range(0, len(trace_ids), _BATCH):
        yield from ask(partial(_load, trace_ids=list(trace_ids[start : start + _BATCH])))


def _load(_: Any, trace_ids: list[str]) -> list[Any]:
    from mlflow.tracing.client import TracingClient  # noqa: PLC0415 - takes seconds

    return list(TracingClient().batch_get_traces(trace_ids))


def ask(work: Callable[[Any], T]) -> T:
    """Let work ask MLflow by a client, for as long as a large page takes."""

    def run() -> T:
        from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

        return work(MlflowClient())

    return connect(get_settings().tracking_uri).run(run, _DEADLINE_S)


def to_run(info: Any) -> TracedRun:
    """Read MLflow's `TraceInfo`."""
    tags: Mapping[str, str] = info.tags
    return TracedRun(
        trace_id=info.trace_id,
        at=datetime.fromtimestamp(info.request_time / 1000, UTC),
        seconds=None if info.execution_duration is None else info.execution_duration / 1000,
        document=tags.get(DOCUMENT_TAG, ""),
        name=tags.get(NAME_TAG, ""),
        schema=tags.get(SCHEMA_TAG, ""),
        status=tags.get(STATUS_TAG, ""),
        chat_model=tags.get(CHAT_MODEL_TAG, ""),
        prompts=tuple(tags.get(PROMPTS_TAG, "").split()),
        figures=_figures(tags.get(FIGURES_TAG)),
        reviewers=tuple(dict.fromkeys(_reviewers(info))),
        kind=tags.get(KIND_TAG, ""),
        session=info.trace_metadata.get(_SESSION, ""),
    )


def _reviewers(info: Any) -> Iterator[str]:
    """Yield who was asked while the run waited, and who judged it afterwards."""
    if asked := info.tags.get(REVIEWER_TAG):
        yield asked
    for assessment in info.assessments:
        if assessment.source.source_type == "HUMAN":
            yield assessment.source.source_id


def _figures(text: str | None) -> Figures | None:
    """Read the tag; whoever may write to the store may have changed it."""
    try:
        return _FIGURES.validate_json(text or "")
    except ValueError:
        return None
