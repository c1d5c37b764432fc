"""The picture of a comparison: how good against what it costs."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from evaluation.comparison import Comparison, SystemFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

# Told apart without colours too; the colours are matplotlib's own ten.
_MARKERS = "osD^vPX"
_DPI = 150
_WIDTH_IN, _HEIGHT_IN, _LEGEND_LINE_IN = 7.0, 4.2, 0.22
# What a letter at 11 points takes with its distance from the marker: points nearer than this share one label.
_NEAR_PX = (24 * _DPI / 72, 14 * _DPI / 72)
# Below a letter, for it may come to stand on another system's interval.
_PAPER = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
_LABEL_CHARS = 60
_PRICED_WIDTH = 6
"""Width of the panel with costs, that of one system in the strip without being 1."""


class _Point(NamedTuple):
    """Where a system stands in its panel."""

    letter: str
    axes: "Axes"
    x: float
    y: float
    marker: "PathCollection"


def draw_comparison(comparison: Comparison) -> bytes:
    """Return a PNG: one point a system with the 95 % interval of the headline metric, letters explained below.

    Systems whose price is unknown stand in a strip of their own, where from left to right means nothing: at 0 dollars
    they would look free.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second

    height_in = _HEIGHT_IN + _LEGEND_LINE_IN * len(comparison.systems)
    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=_DPI, layout="constrained")
    figure.suptitle(f"{comparison.documents} documents of {_escaped(comparison.dataset)}", fontsize="medium")
    points = sorted(_draw_panels(figure, comparison), key=lambda point: point.letter)
    names = [_escaped(f"{one.letter}  {one.chat_model}, {one.prompt}") for one in comparison.systems]
    figure.legend([point.marker for point in points], names, loc="outside lower left", frameon=False)
    figure.draw_without_rendering()  # lays it out: now it is known where points stand in pixels
    figure.set_layout_engine("none")
    _write_letters(points)
    png = BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _draw_panels(figure: "Figure", comparison: Comparison) -> Iterator[_Point]:
    """Draw the strip of unknown prices where there are any, and right of it the others by their cost."""
    headline, numbered = comparison.headline, list(enumerate(comparison.systems))
    priced = [(number, one) for number, one in numbered if "cost_usd" in one.figures]
    unpriced = [(number, one) for number, one in numbered if "cost_usd" not in one.figures]
    widths = [len(unpriced), _PRICED_WIDTH] if priced and unpriced else [1]
    panels = figure.subplots(1, len(widths), sharey=True, squeeze=False, width_ratios=widths)[0]
    for axes in panels:
        axes.grid(alpha=0.3)
        axes.margins(0.12, 0.1)  # room for the letters
    panels[0].set_ylabel(f"{headline}, with its 95 % interval")
    for x, (number, one) in enumerate(unpriced):
        yield _draw(panels[0], number, one, x, headline)
    if unpriced:
        panels[0].set(xlabel="price unknown", xticks=[], xlim=(-0.6, len(unpriced) - 0.4))
    for number, one in priced:
        yield _draw(panels[-1], number, one, one.figures["cost_usd"].value, headline)
    if priced:
        _set_dollars(panels[-1])


def _draw(axes: "Axes", number: int, one: SystemFigures, x: float, headline: str) -> _Point:
    figure, colour, marker = one.figures[headline], f"C{number % 10}", _MARKERS[number % len(_MARKERS)]
    axes.vlines(x, figure.low, figure.high, color=colour, alpha=0.5, linewidth=2)
    drawn = axes.scatter([x], [figure.value], s=60, color=colour, marker=marker, alpha=0.8, zorder=3)
    return _Point(one.letter, axes, x, figure.value, drawn)


def _set_dollars(axes: "Axes") -> None:
    """Begin at 0, or a tenth of a cent would look like a multiple; what stands there needs room on its left."""
    axes.set_xlabel("US dollars a document")
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    axes.locator_params(axis="x", nbins=6)
    right = axes.get_xlim()[1]
    axes.set_xlim(-0.04 * right, right)


def _write_letters(points: Sequence[_Point]) -> None:
    """Write each letter beside its point; points that nearly touch share a label."""
    labels: list[list[_Point]] = []
    for point in points:
        near = next((label for label in labels if _is_near(label[0], point)), None)
        if near:
            near.append(point)
        else:
            labels.append([point])
    for first, *others in labels:
        first.axes.annotate(
            ", ".join(point.letter for point in (first, *others)),
            (first.x, first.y),
            xytext=(8, 0),
            textcoords="offset points",
            verticalalignment="center",
            fontsize=11,
            bbox=_PAPER,
            zorder=4,
        )


def _is_near(one: _Point, other: _Point) -> bool:
    places = [point.axes.transData.transform((point.x, point.y)) for point in (one, other)]
    return all(abs(a - b) < near for a, b, near in zip(*places, _NEAR_PX, strict=True))


def _escaped(text: str) -> str:
    """Shorten a name, and keep dollars from starting a formula."""
    shown = text if len(text) <= _LABEL_CHARS else f"{text[:_LABEL_CHARS]}…"
    return shown.replace("$", r"\$")
