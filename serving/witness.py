"""`optophone witness`: replay recorded answers and say what grounding and confidence catch of their mistakes."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from evaluation.recorded import load_recorded, replay
from evaluation.witness import (
    ANNOTATED,
    COMPARISONS,
    Catch,
    Summary,
    Value,
    annotated_values,
    count_catch,
    is_right,
    summarise,
)
from schemas.errors import UsageError

# Columns of the widest table; a pipe has 80 by default, and would fold it.
_WIDTH = 100


def run_witness(folder: Path, out: Path | None) -> None:
    """Print the tables; with `out` write each value as a line of JSON.

    Raises:
        UsageError: the folder holds no recorded answers, or none with an annotated value.
    """
    answers = load_recorded(folder)
    values = []
    progress = track(
        zip(answers, replay(answers), strict=True), "replaying", len(answers), console=Console(stderr=True)
    )
    for recorded, result in progress:
        values += annotated_values(Path(recorded.document).name, recorded.chat_model, result, recorded.expected)
    if not values:
        raise UsageError(f"expected annotated values in '{folder}', found none; check the documents and 'expected'")
    if out:
        out.write_text("".join(_line(value) for value in values), encoding="utf-8")
    console = Console(width=_WIDTH)
    console.print(_by_field(values))
    console.print(_overall(values))


def _line(value: Value) -> str:
    row = {**asdict(value), "right": {comparison: is_right(value, comparison) for comparison in COMPARISONS}}
    return json.dumps(row, ensure_ascii=False) + "\n"


def _by_field(values: Sequence[Value]) -> Table:
    """One row for each chat model and field, by the first comparison."""
    table = Table("chat model", "field", *_CATCH, title=f"compared {COMPARISONS[0]}", box=None, pad_edge=False)
    for chat_model in [*dict.fromkeys(value.chat_model for value in values), "all"]:
        for field in [*ANNOTATED, "all"]:
            group = [
                value for value in values if chat_model in (value.chat_model, "all") and field in (value.field, "all")
            ]
            table.add_row(chat_model, field, *_counts(count_catch(group, COMPARISONS[0])))
    return table


def _overall(values: Sequence[Value]) -> Table:
    """One row for each comparison; last, how many wrong values are among the tenth with the least confidence."""
    table = Table("compared", *_CATCH, "AUROC", "ECE", "lowest tenth", box=None, pad_edge=False)
    for comparison in COMPARISONS:
        table.add_row(comparison, *_figures(summarise(values, comparison)))
    return table


_CATCH = ("wrong", "missing", "flagged", "right", "flagged")


def _counts(catch: Catch) -> list[str]:
    return [str(count) for count in asdict(catch).values()]


def _figures(summary: Summary) -> list[str]:
    catch = summary.catch
    return [
        str(catch.wrong),
        str(catch.wrong_missing),
        f"{catch.wrong_flagged} ({_share(catch.wrong_flagged, catch.wrong)})",
        str(catch.right),
        f"{catch.right_flagged} ({_share(catch.right_flagged, catch.right)})",
        f"{summary.auroc:.3f}",
        f"{summary.calibration_error:.3f}",
        f"{summary.wrong_in_tenth:.0f} of {summary.tenth}",
    ]


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"
