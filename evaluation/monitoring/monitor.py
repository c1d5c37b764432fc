"""Watch how documents are read: the library behind `optophone monitor`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal

from evaluation.monitoring.change import LEAST_DOCUMENTS, Change, compare_windows
from evaluation.monitoring.figures import Observation
from evaluation.monitoring.page import PageFigures, page_figures
from evaluation.monitoring.query import RunQuery
from evaluation.monitoring.runs import TracedRun, find_runs, load_traces
from evaluation.monitoring.windows import Size, Windows, choose_windows, most_common_schema
from graph.builder import NAME

Verdict = Literal["worse", "no worse", "not enough"]
# Looked through for the schema that is filled most.
_NEWEST = 500


@dataclass(frozen=True)
class Monitoring:
    """What the latest runs tell."""

    windows: Windows
    observations: list[Observation]
    """The windows' history, oldest first; pages were looked at in the two windows only."""
    changes: list[Change]
    """By figure; empty where there are not enough runs."""
    verdict: Verdict

    @property
    def worse(self) -> list[Change]:
        """The figures that are worse."""
        return [change for change in self.changes if change.is_worse]

    @property
    def compared(self) -> int:
        """Runs in both windows."""
        return len(self.windows.before) + len(self.windows.last)

    @property
    def pages_seen(self) -> int:
        """Of these, how many documents' pages could be looked at."""
        return sum(one.page is not None for one in self.observations)


def find_windows(query: RunQuery, size: Size) -> Windows:
    """Find the last window of runs, the one before, and what was before them.

    Args:
        query: which runs; without a schema, those of the schema that is filled most.
        size: of each window.

    Raises:
        UsageError: the query can't be asked.
        UnreachableError: MLflow doesn't answer.
    """
    schema = query.schema or most_common_schema(islice(find_runs(query), _NEWEST))
    if schema is None:
        return Windows(None, [], [], [], size)
    return choose_windows(schema, find_runs(replace(query, schema=schema)), size)


def monitor(windows: Windows, *, seed: int = 0, on_run: Callable[[], None] = lambda: None) -> Monitoring:
    """Compare the last window of runs with the one before, pages where this process's document store has them.

    Args:
        windows: what to compare.
        seed: of the permutations and the intervals.
        on_run: called after each page.

    Raises:
        UnreachableError: MLflow doesn't answer.
    """
    pages = _pages([*windows.before, *windows.last], on_run)
    observations = {run.trace_id: Observation(run, pages.get(run.trace_id)) for run in windows.history}
    before, last = ([observations[run.trace_id] for run in side] for side in (windows.before, windows.last))
    if min(count_documents(windows.before), count_documents(windows.last)) < LEAST_DOCUMENTS:
        return Monitoring(windows, list(observations.values()), [], "not enough")
    changes = compare_windows(before, last, seed)
    verdict: Verdict = "worse" if any(change.is_worse for change in changes) else "no worse"
    return Monitoring(windows, list(observations.values()), changes, verdict)


def count_documents(runs: Sequence[TracedRun]) -> int:
    """Count runs of the same document once."""
    return len({run.document or run.trace_id for run in runs})


def _pages(runs: Sequence[TracedRun], on_run: Callable[[], None]) -> dict[str, PageFigures]:
    """Look at the page of each run that placed its values, or found none."""
    looked_at = {run.trace_id: run for run in runs if _has_places(run)}
    pages = {}
    for trace in load_traces(list(looked_at)):
        run = looked_at[trace.info.trace_id]
        page = page_figures(_fields(trace), run.document, run.schema)
        if page is not None:
            pages[run.trace_id] = page
        on_run()
    return pages


def _has_places(run: TracedRun) -> bool:
    """Tell whether fields were placed on the page; with grounding off values have no fields."""
    figures = run.figures
    return figures is not None and bool(run.document) and bool(figures["fields"] or not figures["values"])


def _fields(trace: Any) -> list[Mapping[str, Any]]:
    """Return the fields of the result: the outputs of the graph's own span, which the agent's may enclose."""
    outputs = next((span.outputs for span in trace.data.spans if span.name == NAME), None)
    return (outputs.get("fields") or []) if isinstance(outputs, dict) else []
