"""What is told on stderr while a run goes on, and at its end."""

import logging
import time
from collections.abc import Iterable
from types import TracebackType

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from serving.batch.tally import Tally

_logger = logging.getLogger("optophone")

_STOPS = {
    "interrupted": "interrupted: run the same command again for the rest",
    "budget": "stopped before the budget was crossed: run the same command with a higher one for the rest",
    "failed": "stopped by a failure: with it mended, run the same command again for the rest",
    "uncounted": "stopped: the chat model does not say what an answer took, so no budget can hold; run without one",
}


class Display:
    """A bar where somebody looks; nothing with `quiet`."""

    def __init__(self, tally: Tally, *, quiet: bool) -> None:
        self._tally = tally
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        columns = [
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
        ]
        # Without a terminal the bar would be one line at the end, which the table says better.
        self._progress = _Bar(*columns, console=self._console, disable=quiet or not self._console.is_terminal)
        self._task = self._progress.add_task("", total=tally.documents, completed=tally.before)
        self._started = time.monotonic()

    def __enter__(self) -> "Display":
        self.update()
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.update()
        self._progress.stop()

    def update(self) -> None:
        """Show what the tally says now."""
        self._progress.counts = _counts(self._tally)
        self._progress.update(self._task, completed=self._tally.done)

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._console.print(line, soft_wrap=True, markup=False)

    def stop(self) -> None:
        """Give the terminal back at once."""
        self._progress.stop()

    def summarise(self, stop_reason: str | None) -> None:
        """Print what became of the run's documents, and how to go on where some are left."""
        tally, seconds = self._tally, time.monotonic() - self._started
        new = tally.done - tally.before
        table = Table(box=None, pad_edge=False, show_header=False)
        rows = [
            ("documents", f"{tally.done} of {tally.documents} done, {tally.before} of them before"),
            ("valid", f"{tally.valid}"),
            ("exhausted", f"{tally.exhausted}"),
            ("unreadable", f"{tally.unreadable}"),
            ("failed", f"{tally.error}"),
            ("not asked", f"{tally.duplicates} duplicates, {tally.cached} from cache"),
            ("asked again", f"{tally.retries} for what was wrong, {tally.failures} for what failed in passing"),
            ("paid", f"{tally.tokens} tokens, {_dollars(tally.cost_usd)}"),
            ("traced", _traced(tally)),
            ("time", f"{seconds:.1f} s, {new / seconds:.2f} documents a second"),
        ]
        for row in rows:
            table.add_row(*row)
        self._console.print(table)
        if tally.traces_lost:
            _logger.warning(
                "%d of this start's traces are lost: MLflow did not take them whole; no result is", tally.traces_lost
            )
        if stop_reason:
            self.say(f"{_STOPS[stop_reason]}; {tally.left} documents are left")


class _Bar(Progress):
    """A bar with a line of counts below it: beside it they would leave it no room."""

    counts = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return both."""
        yield self.make_tasks_table(self.tasks)
        yield Text(self.counts, no_wrap=True, overflow="ellipsis")


class _Rate(ProgressColumn):
    """Documents a second, of late."""

    def render(self, task: Task) -> Text:
        """Return it; a dash before there is one."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "-/s")


def _counts(tally: Tally) -> str:
    states = f"{tally.valid} valid, {tally.exhausted} exhausted, {tally.unreadable} unreadable, {tally.error} failed"
    again = tally.retries + tally.failures
    return f"{states}, {again} asked again, {tally.tokens} tokens, {_dollars(tally.cost_usd)}"


def _traced(tally: Tally) -> str:
    others = {"of them lost": tally.traces_lost, "not sampled": tally.not_sampled, "untraced": tally.untraced}
    return ", ".join([f"{tally.traced}", *(f"{count} {what}" for what, count in others.items() if count)])


def _dollars(cost_usd: float | None) -> str:
    return "cost unknown" if cost_usd is None else f"${cost_usd:.4f}"
