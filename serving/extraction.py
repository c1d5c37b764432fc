"""Run documents one after another and write down each result as soon as it is there."""

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from graph.app import graph
from graph.context import Context
from graph.settings import get_settings, get_store
from graph.state import OutputState
from graph.tracing import last_trace_id
from serving.highlights import highlighted_pages
from serving.table import print_result

_stderr = Console(stderr=True)


def run_documents(
    files: Sequence[str], context: Context, *, as_json: bool, out: Path | None, highlighted: bool
) -> bool:
    """Extract each file in turn; return whether all are valid.

    A document that can't be read is a result like any other and the next one follows.

    Raises:
        UsageError: the call is wrong for every document alike.
    """
    logging.getLogger("optophone").addHandler(RichHandler(console=_stderr, show_path=False, show_time=False))
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    all_valid = True
    stdout = Console()
    for file, stem in zip(_with_progress(files), _stems(files), strict=True):
        result = graph.invoke({"document": file}, context=context)
        all_valid &= result["status"] == "valid"
        if as_json:
            sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            print_result(stdout, file, result, last_trace_id())
        if out is not None:
            _write(result, out, stem, highlighted=highlighted)
    return all_valid


def _with_progress(files: Sequence[str]) -> Iterator[str]:
    """Show a bar on stderr for several documents, where somebody looks."""
    if len(files) == 1 or not _stderr.is_terminal:
        yield from files
        return
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    with Progress(*columns, console=_stderr) as progress:
        yield from progress.track(files, description="extracting")


def _stems(files: Sequence[str]) -> list[str]:
    """Name each document's files after its stem; a stem seen before gets a number, so that nothing is overwritten."""
    stems: list[str] = []
    for file in files:
        stem = "document" if file.startswith(("data:", "sha256:")) else Path(file).stem
        name, number = stem, 1
        while name in stems:
            number += 1
            name = f"{stem}-{number}"
        stems.append(name)
    return stems


def _write(result: OutputState | dict[str, Any], out: Path, stem: str, *, highlighted: bool) -> None:
    (out / f"{stem}.json").write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if highlighted and result["status"] != "unreadable":
        for index, png in enumerate(highlighted_pages(result, get_store(), get_settings().limits)):
            suffix = "" if index == 0 else f"-{index + 1}"
            (out / f"{stem}.highlighted{suffix}.png").write_bytes(png)
