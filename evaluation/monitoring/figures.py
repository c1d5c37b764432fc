"""The figures that are watched: what a run tells of itself, without gold."""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log

from evaluation.metrics import Ratio
from evaluation.monitoring.page import PageFigures
from evaluation.monitoring.runs import TracedRun
from graph.tracing.tags import FAILED, Figures


@dataclass(frozen=True)
class Observation:
    """A run, with its page where that was looked at."""

    run: TracedRun
    page: PageFigures | None = None


@dataclass(frozen=True)
class WatchedFigure:
    """A figure that is a ratio of two sums over documents."""

    definition: str
    """One line, without a point."""
    of: Callable[[Observation], Ratio | None]
    """One run's share of both sums; None where the figure doesn't apply to it."""
    higher_is_better: bool = True
    is_log: bool = False
    """It is the mean of a logarithm: it is shown as the geometric mean, and changes by a factor."""

    def shown(self, value: float) -> float:
        """Return the figure as people know it."""
        return exp(value) if self.is_log else value


def _of_figures(part: Callable[[Figures], Ratio | None]) -> Callable[[Observation], Ratio | None]:
    return lambda one: part(one.run.figures) if one.run.figures else None


def _log(value: float | None) -> Ratio | None:
    """Nothing has no logarithm: what takes no tokens or dollars says nothing of either."""
    return Ratio(log(value), 1) if value else None


def _valid(one: Observation) -> Ratio | None:
    """What could not be read is the document's fault."""
    return None if one.run.status == "unreadable" else Ratio(one.run.status == "valid", 1)


WATCHED = {
    "agreement": WatchedFigure(
        "share of the words under what a second reader is sure of that the answer accounts for too",
        lambda one: one.page.agreement if one.page else None,
    ),
    "coverage": WatchedFigure(
        "share of the pages' words that the answer accounts for", lambda one: one.page.coverage if one.page else None
    ),
    "values": WatchedFigure("values found a document", _of_figures(lambda figures: Ratio(figures["values"], 1))),
    "grounded_rate": WatchedFigure(
        "share of values that stand on the page",
        _of_figures(lambda figures: Ratio(figures["placed"], figures["fields"])),
    ),
    "doubtful_rate": WatchedFigure(
        "share of values with a confidence below 0.5",
        _of_figures(lambda figures: Ratio(figures["doubtful"], figures["fields"])),
        higher_is_better=False,
    ),
    "schema_valid_rate": WatchedFigure("share of readable documents that ended with a valid extraction", _valid),
    "failed_rate": WatchedFigure(
        "share of documents without a result", lambda one: Ratio(one.run.status == FAILED, 1), higher_is_better=False
    ),
    "attempts": WatchedFigure(
        "chat-model requests a document",
        _of_figures(lambda figures: Ratio(figures["attempts"], 1)),
        higher_is_better=False,
    ),
    "latency_s": WatchedFigure(
        "seconds a document, geometric mean",
        lambda one: None if one.run.status == FAILED else _log(one.run.seconds),
        higher_is_better=False,
        is_log=True,
    ),
    "tokens": WatchedFigure(
        "tokens a document, geometric mean",
        _of_figures(lambda figures: _log(figures["input_tokens"] + figures["output_tokens"])),
        higher_is_better=False,
        is_log=True,
    ),
    "cost_usd": WatchedFigure(
        "US dollars a document whose price is known, geometric mean",
        _of_figures(lambda figures: _log(figures["cost_usd"])),
        higher_is_better=False,
        is_log=True,
    ),
}
"""By name, what says most of what was read first."""
