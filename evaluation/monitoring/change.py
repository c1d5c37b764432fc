"""What set the last window apart from the one before, figure by figure."""

from collections.abc import Mapping, Sequence
from math import exp

from pydantic import BaseModel, ConfigDict

from evaluation.metrics import Ratio
from evaluation.metrics.bootstrap import RESAMPLES, interval, pooled, resample_weights, resampled
from evaluation.monitoring.figures import WATCHED, Observation, WatchedFigure
from evaluation.monitoring.permutation import holm, p_value

LEAST_DOCUMENTS = 20
"""In each window: of fewer, one odd document moves a share by more than a twentieth."""
LEVEL = 0.01
"""How often, at most, any figure is called worse where none is: once in a hundred windows."""
LEAST_FACTOR = 1.2
"""Seconds, tokens and dollars that rise by less are no regression: how long a provider takes differs by the hour."""


class Change(BaseModel):
    """One figure in both windows."""

    model_config = ConfigDict(frozen=True)

    figure: str
    before: float
    last: float
    change: float
    """last - before; of geometric means last / before - 1."""
    low: float
    high: float
    """The ends of its 95 % interval, by a bootstrap over documents."""
    p_value: float
    """That it would be as much worse by chance; one-sided."""
    adjusted_p_value: float
    """The same, for any of the figures (Holm)."""
    is_worse: bool
    documents_before: int
    documents_last: int
    is_paired: bool
    """Only documents that both windows hold are compared."""


def compare_windows(before: Sequence[Observation], last: Sequence[Observation], seed: int = 0) -> list[Change]:
    """Compare each figure that applies to LEAST_DOCUMENTS in both windows; documents are the unit.

    Where at least half of the last window's documents, and LEAST_DOCUMENTS, stand in the window before too, just those
    are compared, each with itself: what documents differ in falls away.
    """
    changes = []
    for name, figure in WATCHED.items():
        sides = _by_document(before, figure), _by_document(last, figure)
        shared = sides[0].keys() & sides[1].keys()
        is_paired = len(shared) >= max(LEAST_DOCUMENTS, len(sides[1]) / 2)
        if is_paired:
            sides = tuple({document: side[document] for document in sorted(shared)} for side in sides)  # type: ignore[assignment]
        if min(map(len, sides)) >= LEAST_DOCUMENTS:
            changes.append(_change(name, *(list(side.values()) for side in sides), is_paired=is_paired, seed=seed))
    adjusted = holm([change.p_value for change in changes])
    return [_judged(change, p) for change, p in zip(changes, adjusted, strict=True)]


def _by_document(observations: Sequence[Observation], figure: WatchedFigure) -> Mapping[str, Ratio]:
    """Pool the runs of each document; a run whose document is unknown stands for itself."""
    found: dict[str, Ratio] = {}
    for one in observations:
        ratio = figure.of(one)
        if ratio is not None and ratio.denominator:
            document = one.run.document or one.run.trace_id
            found[document] = found.get(document, Ratio()) + ratio
    return found


def _change(name: str, before: list[Ratio], last: list[Ratio], *, is_paired: bool, seed: int) -> Change:
    figure, of_nothing = WATCHED[name], float("nan")
    values = [pooled(side, of_nothing) for side in (before, last)]
    weights = [resample_weights(len(side), RESAMPLES, seed + number) for number, side in enumerate((before, last))]
    if is_paired:
        weights[1] = weights[0]
    drawn = [resampled(side, own, of_nothing) for side, own in zip((before, last), weights, strict=True)]
    low, high = interval(drawn[1] - drawn[0])
    difference = [values[1] - values[0], low, high]
    change, low, high = (exp(edge) - 1 if figure.is_log else edge for edge in difference)
    p = p_value(before, last, higher_is_better=figure.higher_is_better, paired=is_paired, seed=seed)
    return Change(
        figure=name,
        before=figure.shown(values[0]),
        last=figure.shown(values[1]),
        change=change,
        low=low,
        high=high,
        p_value=p,
        adjusted_p_value=p,
        is_worse=False,
        documents_before=len(before),
        documents_last=len(last),
        is_paired=is_paired,
    )


def _judged(change: Change, adjusted: float) -> Change:
    matters = not WATCHED[change.figure].is_log or change.last >= LEAST_FACTOR * change.before
    return change.model_copy(update={"adjusted_p_value": adjusted, "is_worse": adjusted <= LEVEL and matters})
