"""What monitoring found: the same words for the terminal, for HTML and for MLflow."""

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.monitoring.change import LEAST_DOCUMENTS, LEVEL, Change
from evaluation.monitoring.figures import WATCHED, Observation
from evaluation.monitoring.monitor import Monitoring, count_documents
from evaluation.monitoring.plot import system_changes
from evaluation.monitoring.windows import Windows

if TYPE_CHECKING:
    from jinja2 import Template

HEADER = ("", "before", "last", "change", "95 % interval", "p", "says")
# A document costs fractions of a cent; shares have three decimals.
_DECIMALS = {"cost_usd": 5, "latency_s": 2, "tokens": 0, "attempts": 2, "values": 1}
_WORST = 10


def rows(monitoring: Monitoring) -> Iterator[list[str]]:
    """Yield a row a figure, as HEADER says; p is corrected for the number of figures."""
    for change in monitoring.changes:
        decimals = _DECIMALS.get(change.figure, 3)
        low, high = (_signed(edge, change) for edge in (change.low, change.high))
        yield [
            change.figure,
            f"{change.before:.{decimals}f}",
            f"{change.last:.{decimals}f}",
            _signed(change.change, change),
            f"[{low}, {high}]",
            f"{change.adjusted_p_value:.3f}",
            "worse" if change.is_worse else "",
        ]


def summary(monitoring: Monitoring) -> str:
    """Return one sentence: what came out."""
    if monitoring.verdict == "not enough":
        return f"not enough: {_what_is_missing(monitoring.windows)}"
    if monitoring.verdict == "worse":
        return f"worse: {', '.join(change.figure for change in monitoring.worse)}"
    return f"no figure is significantly worse (level {LEVEL}, {len(monitoring.changes)} figures)"


def _what_is_missing(windows: Windows) -> str:
    """Say how many there are, how many it takes, and what to do."""
    there, size = len(windows.history), windows.size
    if not there:
        return "no run counts in this store; extract documents with tracing on, or correct what was asked for"
    if isinstance(size, int) and there < 2 * size:
        fits = max(there // 2, LEAST_DOCUMENTS)
        smaller = f", or give --window {fits}, which takes {2 * fits}" if fits < size else ""
        return f"{there} runs count and it takes {2 * size}, two windows of {size}; wait for more{smaller}"
    before, last = count_documents(windows.before), count_documents(windows.last)
    return (
        f"{before} different documents before and {last} last, and it takes {LEAST_DOCUMENTS} in each window; "
        "wait for more, or give a larger --window"
    )


def notes(monitoring: Monitoring) -> Iterator[str]:
    """Yield what a reader must know: what was left out, and what could not be seen."""
    windows = monitoring.windows
    for reason, count in windows.left_out.items():
        yield f"left out: {count} {reason}"
    if monitoring.changes and (unseen := monitoring.compared - monitoring.pages_seen):
        yield (
            f"{unseen} of {monitoring.compared} documents are not in this data folder, or were not grounded: "
            "their agreement and coverage are unknown, and lost values hardly show without them"
        )
    paired = next((change for change in monitoring.changes if change.is_paired), None)
    if paired:
        yield f"both windows hold the same documents: {paired.documents_last} of them are compared, each with itself"


def make_report(monitoring: Monitoring, facts: dict[str, Any], picture: bytes) -> str:
    """Return one HTML file that needs nothing else; what comes from outside is escaped.

    Documents have their references only: a name would outlive the document when that is deleted.

    Args:
        monitoring: what was found.
        facts: by name, shown at the top; `schema` and `verdict` among them.
        picture: the PNG of `draw_monitoring`.
    """
    return _template().render(
        facts=facts,
        notes=list(notes(monitoring)),
        header=HEADER,
        rows=list(rows(monitoring)),
        definitions={name: figure.definition for name, figure in WATCHED.items()},
        picture=b64encode(picture).decode(),
        systems=system_changes(monitoring.observations),
        worst=worst(monitoring),
    )


def worst(monitoring: Monitoring) -> list[Observation]:
    """Return the last window's documents that account for least of what the second reader is sure of."""
    ids = {run.trace_id for run in monitoring.windows.last}
    known = [
        (share, one)
        for one in monitoring.observations
        if one.run.trace_id in ids and one.page and one.page.agreement
        and (share := one.page.agreement.value) is not None
    ]  # fmt: skip
    return [one for _, one in sorted(known, key=lambda pair: pair[0])[:_WORST]]


def _signed(value: float, change: Change) -> str:
    """`z` keeps a rounded zero from being a negative one."""
    if WATCHED[change.figure].is_log:
        return f"{value:+z.0%}"
    return f"{value:+z.{_DECIMALS.get(change.figure, 3)}f}"


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only reports need it

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(Path(__file__).with_name("report.html.jinja").read_text(encoding="utf-8"))
