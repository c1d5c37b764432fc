"""`optophone monitor`: hold the latest runs against those before them; a table, a picture, HTML and an MLflow run."""

import json
import logging
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from evaluation.monitoring.monitor import Monitoring, find_windows, monitor
from evaluation.monitoring.plot import draw_monitoring, system_changes
from evaluation.monitoring.query import RunQuery
from evaluation.monitoring.report import HEADER, make_report, notes, rows, summary
from evaluation.monitoring.tracking import log_monitoring
from evaluation.monitoring.windows import Windows, parse_size
from graph.settings import get_settings
from schemas.errors import UnreachableError
from serving.evaluation import folder_name, progress_bar
from serving.extraction import make_folder, write_whole
from serving.table import plain

_PICTURE, _REPORT, _RECORD = "monitoring.png", "monitoring.html", "monitoring.json"
_logger = logging.getLogger("optophone")


@dataclass(frozen=True)
class Options:
    """What the command line says beside the query."""

    window: str
    seed: int
    out: Path | None
    as_json: bool


def run_monitoring(options: Options, query: RunQuery) -> bool:
    """Monitor and report; return whether no figure is worse, which holds too where there is not enough to tell.

    Raises:
        UsageError: the window or the query can't be understood, or nothing can be written.
        UnreachableError: MLflow doesn't answer.
    """
    size = parse_size(options.window)
    windows = find_windows(query, size)
    with progress_bar("looking at pages", len(windows.before) + len(windows.last)) as advance:
        monitoring = monitor(windows, seed=options.seed, on_run=advance)
    facts = _facts(monitoring, options, query)
    files, run_id = [], None
    if monitoring.verdict != "not enough":
        files = _write(monitoring, facts, options)
        run_id = _log(monitoring, facts, files)
    if options.as_json:
        sys.stdout.write(json.dumps({**_record(monitoring, facts), "run_id": run_id}, ensure_ascii=False) + "\n")
    else:
        _print(monitoring, facts, files, run_id)
    return monitoring.verdict != "worse"


def _facts(monitoring: Monitoring, options: Options, query: RunQuery) -> dict[str, Any]:
    return {
        "schema": monitoring.windows.schema or "-",
        "verdict": monitoring.verdict,
        "when": datetime.now().astimezone().isoformat(" ", "minutes"),
        "window": options.window,
        "before": _span(monitoring.windows, "before"),
        "last": _span(monitoring.windows, "last"),
        "chat_model": query.chat_model or "",
        "seed": options.seed,
    }


def _span(windows: Windows, name: str) -> str:
    """Say how many runs a window holds, from when to when."""
    runs = windows.before if name == "before" else windows.last
    if not runs:
        return ""
    return f"{len(runs)} runs, {runs[0].at:%Y-%m-%d %H:%M} to {runs[-1].at:%Y-%m-%d %H:%M} UTC"


def _write(monitoring: Monitoring, facts: dict[str, Any], options: Options) -> list[Path]:
    out = options.out or get_settings().data_dir / "monitoring" / folder_name(str(monitoring.windows.schema))
    make_folder(out)
    picture = draw_monitoring(monitoring)
    contents = {
        _PICTURE: picture,
        _REPORT: make_report(monitoring, facts, picture).encode(errors="backslashreplace"),
        _RECORD: json.dumps(_record(monitoring, facts), indent=2).encode() + b"\n",
    }
    for name, content in contents.items():
        write_whole(out / name, content)
    return [out / name for name in contents]


def _record(monitoring: Monitoring, facts: dict[str, Any]) -> dict[str, Any]:
    windows = monitoring.windows
    return {
        **facts,
        "summary": summary(monitoring),
        "notes": list(notes(monitoring)),
        "left_out": dict(windows.left_out),
        "figures": [change.model_dump() for change in monitoring.changes],
        "system_changes": [
            {"at": one.at.isoformat(), "system": one.system} for one in system_changes(monitoring.observations)
        ],
        "trace_ids": {name: [run.trace_id for run in getattr(windows, name)] for name in ("before", "last")},
    }


def _log(monitoring: Monitoring, facts: dict[str, Any], files: list[Path]) -> str | None:
    try:
        return log_monitoring(monitoring, facts, files)
    except UnreachableError as error:
        _logger.warning("this run is not logged: %s", error)
        return None


def _print(monitoring: Monitoring, facts: dict[str, Any], files: list[Path], run_id: str | None) -> None:
    console = Console(emoji=False, highlight=False)
    for name in ("schema", "before", "last"):
        console.print(plain(f"{name:8} {facts[name] or '-'}"), soft_wrap=True)
    if monitoring.changes:
        console.print(_table(monitoring))
    for note in notes(monitoring):
        console.print(f"[yellow]note[/yellow]     {plain(note)}", soft_wrap=True)
    for one in system_changes(monitoring.observations):
        console.print(plain(f"changed  {one.at:%Y-%m-%d %H:%M} UTC to {one.system}"), soft_wrap=True)
    for name, file in zip(("picture", "report", "record"), files, strict=False):
        console.print(plain(f"{name:8} {file}"), soft_wrap=True)
    console.print(f"run      {run_id or '-'}")
    colour = {"worse": "red", "no worse": "green", "not enough": "yellow"}[monitoring.verdict]
    console.print(f"[{colour}]{plain(summary(monitoring))}[/{colour}]", soft_wrap=True)


def _table(monitoring: Monitoring) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, name in enumerate(HEADER):
        table.add_column(name, justify="left" if number in (0, len(HEADER) - 1) else "right", no_wrap=True)
    for row in rows(monitoring):
        table.add_row(*map(plain, row), style="red" if row[-1] else None)
    return table
