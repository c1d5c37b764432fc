"""The figures of an evaluation for the terminal."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from evaluation.attempts import AttemptFigures
from evaluation.datasets.sample import Skipped
from evaluation.experiment import Experiment
from evaluation.gates import Gate
from evaluation.metrics import METRICS, Figure, Summary
from serving.table import plain

# Said in a line of their own: they are no quality.
_TAKEN = ("attempts", "tokens", "cost_usd", "latency_s")
# Enough to see what kind they are; the report has all.
_SHOWN_PROBLEMS = 5


def print_experiment(console: Console, experiment: Experiment, skipped: Sequence[Skipped]) -> None:
    """Print how good it was, what asking again bought, what it took, and what went wrong."""
    summary = experiment.summary
    console.print(_figures(summary, experiment.headline))
    if summary.fields:
        console.print(_fields(summary))
    if len(experiment.attempts) > 1:
        console.print(_attempts(experiment.attempts, experiment.headline))
    console.print(f"read     {summary.documents} documents: {_outcomes(experiment)}")
    console.print(f"took     {_taken(summary)}, a document")
    empty = [document for document in experiment.documents if document.problem]
    for document in empty[:_SHOWN_PROBLEMS]:
        name, problem = plain(document.scores.document), plain(document.problem or "")
        console.print(f"[red]empty[/red]    {name}: {problem}", soft_wrap=True)
    if len(empty) > _SHOWN_PROBLEMS:
        console.print(f"         … {len(empty) - _SHOWN_PROBLEMS} more")
    for one in skipped:
        console.print(f"[yellow]skipped[/yellow]  {plain(one.name)}: {plain(one.reason)}", soft_wrap=True)


def print_gates(console: Console, gates: Sequence[Gate], summary: Summary) -> bool:
    """Print each bar and whether it is reached; return whether all are."""
    for gate in gates:
        figure = summary.figures.get(gate.metric)
        value = f"{figure.value:.4f}" if figure else "nothing measured"
        verdict = "[green]passed[/green]" if gate.is_passed(summary) else "[red]below the bar[/red]"
        console.print(f"bar      {gate.metric} {value}, bar {gate.bar:g}: {verdict}")
    return all(gate.is_passed(summary) for gate in gates)


def _outcomes(experiment: Experiment) -> str:
    """Count how the runs ended, with the reason where the status doesn't say it."""
    ends: Counter[str] = Counter()
    for document in experiment.documents:
        status = document.scores.status
        reason = document.result["stop_reason"] if document.result else status
        ends[status if reason == status else f"{status} ({reason})"] += 1
    return ", ".join(f"{count} {end}" for end, count in ends.most_common())


def _figures(summary: Summary, headline: str) -> Table:
    table = _table("metric", "micro", "95 % interval", "macro")
    for name in _quality(summary, headline):
        figure = summary.figures[name]
        style = "bold" if name == headline else None
        table.add_row(name, f"{figure.value:.3f}", _interval(figure), f"{figure.macro:.3f}", style=style)
    return table


def _quality(summary: Summary, headline: str) -> list[str]:
    return [headline, *(name for name in METRICS if name in summary.figures and name not in (headline, *_TAKEN))]


def _interval(figure: Figure) -> str:
    return f"{figure.low:.3f} to {figure.high:.3f}"


def _fields(summary: Summary) -> Table:
    table = _table("field", "right", "of", "share")
    for name, ratio in summary.fields.items():
        table.add_row(plain(name), f"{ratio.numerator:.0f}", f"{ratio.denominator:.0f}", f"{ratio.value or 0:.3f}")
    return table


def _attempts(attempts: Sequence[AttemptFigures], headline: str) -> Table:
    """One column an attempt, so that each metric can be followed; below, what the attempt gained and took."""
    table = _table("after attempt", *(str(attempt.number) for attempt in attempts))
    for name in _quality(attempts[-1].summary, headline):
        figures = [attempt.summary.figures.get(name) for attempt in attempts]
        table.add_row(name, *(f"{figure.value:.3f}" if figure else "-" for figure in figures))
    table.add_section()
    table.add_row("documents asked", *(str(attempt.asked) for attempt in attempts))
    table.add_row("tokens", *(f"{attempt.tokens:,}" for attempt in attempts))
    gains = [attempt.gains.get(headline) for attempt in attempts]
    table.add_row(f"{headline} gained", *("" if gain is None else f"{gain:+.4f}" for gain in gains))
    per_tokens = [attempt.gain_per_1k_tokens(headline) for attempt in attempts]
    table.add_row("… per 1,000 tokens a document", *("" if gain is None else f"{gain:+.4f}" for gain in per_tokens))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _taken(summary: Summary) -> str:
    figures = summary.figures
    cost = f"${figures['cost_usd'].value:.5f}" if "cost_usd" in figures else "cost unknown"
    latency = f"{figures['latency_s'].value:.2f} s" if "latency_s" in figures else "time unknown"
    return f"{figures['attempts'].value:.2f} attempts, {figures['tokens'].value:,.0f} tokens, {cost}, {latency}"
