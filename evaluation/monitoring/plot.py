"""Each watched figure over time, as a picture."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evaluation.metrics import Ratio
from evaluation.monitoring.figures import WATCHED, Observation
from evaluation.monitoring.monitor import Monitoring

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS, _WIDTH_IN, _ROW_IN, _DPI = 2, 11.0, 1.9, 110
_BEFORE, _LAST = "#8fb8de", "#f0b27a"
# A tenth of a window to a step of the line: it moves with the figure, not with each document.
_STEPS_A_WINDOW = 10
_NAMED_CHANGES = 8
"""More prompts and chat models than that are marked without being named."""


class SystemChange(NamedTuple):
    """From a run on another prompt or chat model answered."""

    at: datetime
    system: str


def draw_monitoring(monitoring: Monitoring) -> bytes:
    """Return a PNG: a panel a figure, the two windows shaded, changes of prompt and chat model as dashed lines."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second

    names = [change.figure for change in monitoring.changes] or list(WATCHED)
    rows = -(-len(names) // _COLUMNS)
    changes = system_changes(monitoring.observations)
    named = changes[:_NAMED_CHANGES]
    height_in = rows * _ROW_IN + 0.25 * (len(named) + 2)
    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=_DPI, layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False).flatten()
    for panel, name in zip(panels, names, strict=False):
        _draw(panel, name, monitoring, changes)
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    for panel in panels[max(len(names) - _COLUMNS, 0) : len(names)]:
        panel.tick_params(axis="x", labelbottom=True, labelrotation=30)
    handles, _ = panels[0].get_legend_handles_labels()
    labels = [
        "the window before",
        "the last window",
        *(_escaped(f"{one.at:%Y-%m-%d %H:%M}  {one.system}") for one in named),
    ]
    figure.legend(handles[: len(labels)], labels, loc="outside lower left", frameon=False, fontsize="small")
    png = BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def system_changes(observations: Sequence[Observation]) -> list[SystemChange]:
    """Return from when on another prompt or chat model answered than at the run before; oldest first."""
    answered = [one.run for one in observations if one.run.prompts]
    return [
        SystemChange(run.at, f"{run.chat_model}, {run.prompts[0]}")
        for earlier, run in pairwise(answered)
        if (earlier.chat_model, earlier.prompts[0]) != (run.chat_model, run.prompts[0])
    ]


def _draw(panel: "Axes", name: str, monitoring: Monitoring, changes: Sequence[SystemChange]) -> None:
    figure = WATCHED[name]
    windows = monitoring.windows.before, monitoring.windows.last
    for runs, colour, label in zip(windows, (_BEFORE, _LAST), ("before", "last"), strict=True):
        if runs:
            panel.axvspan(runs[0].at, runs[-1].at, color=colour, alpha=0.3, linewidth=0, label=label)  # type: ignore[arg-type]
    for number, change in enumerate(changes):
        panel.axvline(change.at, color=f"C{number % 10}", linestyle="--", linewidth=1, label="change")  # type: ignore[arg-type]
    times, ratios = _points(name, monitoring.observations)
    values = [figure.shown(ratio.numerator / ratio.denominator) for ratio in ratios]
    panel.plot(times, values, ".", color="#999999", markersize=2.5, alpha=0.6)  # type: ignore[arg-type]
    panel.plot(*_line(name, times, ratios, max(map(len, windows))), color="#1c2330", linewidth=1.4)  # type: ignore[arg-type]
    if figure.is_log:
        panel.set_yscale("log")
    is_worse = any(change.figure == name for change in monitoring.worse)
    panel.set_title(f"{name}: worse" if is_worse else name, color="#b00020" if is_worse else "black", fontsize="medium")
    panel.grid(alpha=0.25)


def _points(name: str, observations: Sequence[Observation]) -> tuple[list[datetime], list[Ratio]]:
    found = [(one.run.at, WATCHED[name].of(one)) for one in observations]
    known = [(at, ratio) for at, ratio in found if ratio and ratio.denominator]
    return [at for at, _ in known], [ratio for _, ratio in known]


def _line(name: str, times: list[datetime], ratios: list[Ratio], window: int) -> tuple[list[datetime], list[float]]:
    """Pool neighbouring runs, about so many a step; at the middle of each step's runs."""
    if not ratios:
        return [], []
    steps = max(1, round(len(ratios) / max(1, window / _STEPS_A_WINDOW)))
    parts = np.array_split(np.arange(len(ratios)), steps)
    pools = [sum((ratios[index] for index in part), Ratio()) for part in parts]
    values = [WATCHED[name].shown(pool.numerator / pool.denominator) for pool in pools]
    return [times[part[len(part) // 2]] for part in parts], values


def _escaped(text: str) -> str:
    """Keep dollars from starting a formula."""
    return text.replace("$", r"\$")[:100]
