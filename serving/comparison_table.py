"""A comparison in words: tables for the terminal, and the same in Markdown for the description of an MLflow run."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from evaluation.comparison import Comparison, Contrast
from evaluation.datasets.sample import Skipped
from evaluation.metrics import Difference, Figure
from serving.table import plain

# A document costs fractions of a cent; other figures are shares, of which three decimals are more than is known.
_DECIMALS = {"cost_usd": 5, "latency_s": 2, "tokens": 0, "attempts": 2}
_BETTER = {"cost_usd": "cheaper", "latency_s": "faster"}
_INTERVAL = "95 % interval"
_SYSTEM_COLUMNS = ("", "chat model", "prompt")
_DIFFERENCE_COLUMNS = ("", "metric", "difference", _INTERVAL, "says")
_MANY = (
    "each interval stands for its own pair: where two systems are the same, one comparison in twenty says otherwise; "
    "confirm a choice on other documents"
)


def print_comparison(console: Console, comparison: Comparison, skipped: Sequence[Skipped]) -> None:
    """Print the systems, what sets each pair apart, and on how many documents they disagree."""
    for system in comparison.systems:
        console.print(plain(f"{system.letter}  {system.chat_model}, {system.prompt}"), soft_wrap=True)
    console.print()
    console.print(_rich(["", *_figure_header(comparison)], _figure_rows(comparison), left=1))
    console.print()
    console.print(_rich(_DIFFERENCE_COLUMNS, _difference_rows(comparison), left=2))
    console.print()
    for contrast in comparison.contrasts:
        console.print(plain(_disagreement(contrast, comparison)), soft_wrap=True)
    if len(comparison.contrasts) > 1:
        console.print(f"[yellow]note[/yellow]     {_MANY}", soft_wrap=True)
    for one in skipped:
        console.print(f"[yellow]skipped[/yellow]  {plain(one.name)}: {plain(one.reason)}", soft_wrap=True)


def comparison_note(comparison: Comparison) -> str:
    """Return the same as Markdown."""
    return "\n\n".join(
        [
            f"{len(comparison.systems)} systems on {comparison.documents} documents.",
            _markdown([*_SYSTEM_COLUMNS, *_figure_header(comparison)], _named_rows(comparison)),
            _markdown(_DIFFERENCE_COLUMNS, _difference_rows(comparison)),
            *(_disagreement(contrast, comparison) for contrast in comparison.contrasts),
            *([f"Note: {_MANY}."] if len(comparison.contrasts) > 1 else []),
        ]
    )


def _figure_header(comparison: Comparison) -> list[str]:
    headline, *others = comparison.metrics
    return [headline, _INTERVAL, *others, "no answer"]


def _figure_rows(comparison: Comparison) -> Iterator[list[str]]:
    """Yield the letter and the figures: with the names beside them they would not fit a terminal."""
    headline, *others = comparison.metrics
    for one in comparison.systems:
        best = one.figures[headline]
        interval = f"{best.low:.3f} to {best.high:.3f}"
        figures = [_figure(name, one.figures.get(name)) for name in others]
        yield [one.letter, _figure(headline, best), interval, *figures, str(one.unanswered)]


def _named_rows(comparison: Comparison) -> Iterator[list[str]]:
    for one, (letter, *figures) in zip(comparison.systems, _figure_rows(comparison), strict=True):
        yield [letter, one.chat_model, one.prompt, *figures]


def _figure(metric: str, figure: Figure | None) -> str:
    return "unknown" if figure is None else f"{figure.value:.{_DECIMALS.get(metric, 3)}f}"


def _difference_rows(comparison: Comparison) -> Iterator[list[str]]:
    for contrast in comparison.contrasts:
        for name in comparison.metrics:
            subject = f"{contrast.second} - {contrast.first}" if name == comparison.headline else ""
            difference = contrast.differences.get(name)
            if difference:
                yield [subject, name, *_difference(difference), _says(difference, contrast)]
            else:
                yield [subject, name, "unknown", "", ""]


def _difference(difference: Difference) -> tuple[str, str]:
    """`z` keeps a rounded zero from being a negative one."""
    decimals = _DECIMALS.get(difference.metric, 3)
    value, low, high = (f"{edge:+z.{decimals}f}" for edge in (difference.difference, difference.low, difference.high))
    return value, f"[{low}, {high}]"


def _says(difference: Difference, contrast: Contrast) -> str:
    if not difference.is_significant:
        return "no difference shown"
    letter = contrast.second if difference.is_better else contrast.first
    return f"{letter} {_BETTER.get(difference.metric, 'better')}"


def _disagreement(contrast: Contrast, comparison: Comparison) -> str:
    found = contrast.disagreement
    said = f"{contrast.second} and {contrast.first} disagree on {found.documents} of {comparison.documents} documents"
    if not found.documents:
        return said
    equal = found.documents - found.first_better - found.second_better
    return (
        f"{said}: {contrast.second} is better on {found.second_better} of them, {contrast.first} on "
        f"{found.first_better}, and {equal} are equally good ({comparison.headline})"
    )


def _rich(header: Sequence[str], rows: Iterator[list[str]], *, left: int) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(header):
        table.add_column(column, justify="left" if number < left or column == "says" else "right")
    for row in rows:
        table.add_row(*map(plain, row))
    return table


def _markdown(header: Sequence[str], rows: Iterator[list[str]]) -> str:
    lines = [list(header), ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
