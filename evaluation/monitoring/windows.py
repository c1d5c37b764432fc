"""Which runs are compared: the last window, and the one before."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from evaluation.monitoring.change import LEAST_DOCUMENTS
from evaluation.monitoring.query import parse_duration
from evaluation.monitoring.runs import TracedRun
from graph.tracing.tags import WAITING
from schemas.errors import UsageError

HISTORY = 6
"""So many windows are drawn: enough to see whether the last change is one of many."""
# With more documents the permutations take minutes.
_MOST = 2_000

Size = int | timedelta
"""Of a window: so many runs, or so long."""


@dataclass(frozen=True)
class Windows:
    """Runs for documents' own sake, oldest first."""

    schema: str | None
    """The one that they filled; None where there are no runs."""
    history: list[TracedRun]
    """All of them, those in the windows included."""
    before: list[TracedRun]
    last: list[TracedRun]
    size: Size
    left_out: Counter[str] = field(default_factory=Counter)
    """How many others lie between them, by why they don't count."""


def parse_size(text: str) -> Size:
    """Read `100` (runs), or `12h`, `7d`, `2w`.

    Raises:
        UsageError: it is something else, or too small or too large.
    """
    if text.isdecimal() and len(text) < 9:
        if LEAST_DOCUMENTS <= int(text) <= _MOST:
            return int(text)
        raise UsageError(f"expected a window of {LEAST_DOCUMENTS} to {_MOST} runs, got {text}; give another --window")
    if duration := parse_duration(text):
        return duration
    raise UsageError(f"expected a window as 100, 12h, 7d or 2w, got '{text}'; correct --window")


def choose_windows(schema: str, found: Iterable[TracedRun], size: Size, now: datetime | None = None) -> Windows:
    """Take from a schema's runs, newest first, what belongs to HISTORY windows, and cut the two last ones out of it.

    A window of runs is empty where there are not as many; a window of time holds what there is, up to its limit.
    """
    now = now or datetime.now(UTC)
    kept: list[TracedRun] = []
    left_out: Counter[str] = Counter()
    for run in found:
        if run.at < now - HISTORY * size if isinstance(size, timedelta) else len(kept) >= HISTORY * size:
            break
        if reason := _why_not(run):
            left_out[reason] += 1
        else:
            kept.append(run)
    last, before = _cut(kept, size, now)
    return Windows(schema, kept[::-1], before[::-1], last[::-1], size, left_out)


def most_common_schema(runs: Iterable[TracedRun]) -> str | None:
    """Return the schema that most runs filled: figures of different schemas are not compared."""
    counts = Counter(run.schema for run in runs if run.schema)
    return counts.most_common(1)[0][0] if counts else None


def _why_not(run: TracedRun) -> str | None:
    """Tell why a run is not monitored: measured already, judged already, or nothing is known of it."""
    if run.kind:
        return run.kind
    if run.reviewers:
        return "labelled"
    if run.status == WAITING:
        return WAITING
    return None if run.status else "without figures"


def _cut(newest_first: list[TracedRun], size: Size, now: datetime) -> tuple[list[TracedRun], list[TracedRun]]:
    if isinstance(size, timedelta):
        last = [run for run in newest_first if run.at >= now - size]
        before = [run for run in newest_first if now - 2 * size <= run.at < now - size]
        return last[:_MOST], before[:_MOST]
    if len(newest_first) < 2 * size:
        return [], []
    return newest_first[:size], newest_first[size : 2 * size]
