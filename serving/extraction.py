"""Run documents one after another and write down each result as soon as it is there."""

import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from graph.app import graph
from graph.context import Context
from graph.settings import get_settings, get_store
from graph.state import OutputState
from graph.tracing.tracers import last_trace_id
from schemas.errors import UsageError
from serving.highlights import highlighted_pages
from serving.table import print_result
from serving.waiting import Waiting, WaitingRuns, waiting_runs

_logger = logging.getLogger("optophone")

# File systems take 255 bytes a name; the rest is for "-10000.highlighted-100.png.part".
_MAX_STEM_BYTES = 200


def run_documents(
    files: Sequence[str], context: Context, *, as_json: bool, out: Path | None, highlighted: bool
) -> bool:
    """Extract each file in turn; return whether all are valid.

    A document that can't be read is a result like any other and the next one follows; so is one that waits for a
    person, whose files are written when it is answered.

    Raises:
        UsageError: the call is wrong for every document alike.
        OSError: a result can't be written; those before it are.
    """
    if out is not None:
        make_folder(out)
    all_valid = True
    with nullcontext() if context.review == "off" else waiting_runs() as runs:
        for file, stem in zip(_with_progress(files, as_json), _stems(files), strict=True):
            result, waiting = _extract(file, stem, context, runs)
            all_valid &= result["status"] == "valid"
            show(file, result, waiting, as_json=as_json)
            if out is not None and waiting is None:
                write(result, out, stem, highlighted=highlighted)
    return all_valid


def _extract(file: str, stem: str, context: Context, runs: WaitingRuns | None) -> tuple[OutputState, Waiting | None]:
    if runs is None:
        return cast("OutputState", graph.invoke({"document": file}, context=context)), None
    return runs.extract(file, context, "data:…" if file.startswith("data:") else file, stem)


def make_folder(out: Path) -> None:
    """Find out that nothing can be written before anything is read or paid."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder '{out}': {error.strerror}; give another --out") from error
    if not os.access(out, os.W_OK):
        raise UsageError(f"cannot write into the folder '{out}'; give another --out, or make it writable")


def _with_progress(files: Sequence[str], as_json: bool) -> Iterator[str]:
    """Show a bar on stderr for several documents where somebody looks, unless it would run through JSON lines."""
    console, on_screen = Console(stderr=True), sys.stdout.isatty()
    if len(files) == 1 or not console.is_terminal or (as_json and on_screen):
        yield from files
        return
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    # Rich would take over stdout too and print it on stderr: right above a bar, wrong for what goes to a file.
    with Progress(*columns, console=console, redirect_stdout=on_screen) as progress:
        yield from progress.track(files, description="extracting")


def _stems(files: Sequence[str]) -> list[str]:
    """Name each document's files after its stem; a stem seen before gets a number, so that nothing is overwritten."""
    taken: dict[str, None] = {}
    for file in files:
        stem = _stem(file)
        names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
        taken[next(name for name in names if name not in taken)] = None
    return list(taken)


def _stem(file: str) -> str:
    return cut_stem("" if file.startswith(("data:", "sha256:")) else Path(file).stem)


def cut_stem(stem: str) -> str:
    """Return what a file system takes as a name."""
    return os.fsencode(stem)[:_MAX_STEM_BYTES].decode(errors="ignore") or "document"


def show(file: str, result: OutputState, waiting: Waiting | None = None, *, as_json: bool) -> None:
    """Print a result, as a table or as a line of JSON; a run that waits with its id and what it asks."""
    if not as_json:
        print_result(Console(emoji=False, highlight=False), file, result, last_trace_id())
        return
    asked = {"review_id": waiting.id, "waits_for": waiting.request} if waiting else {}
    sys.stdout.write(json.dumps({**result, **asked}, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    if waiting:
        _logger.warning("%s waits for review: optophone review", file)
    if result["status"] == "unreadable":
        _logger.warning(result["validation_errors"][0]["message"])


def write(result: OutputState, out: Path, stem: str, *, highlighted: bool = False) -> None:
    """Write a result's files into a folder."""
    text = json.dumps(result, ensure_ascii=False, indent=2) + "\n"
    # A file name that is no UTF-8 holds lone surrogates, which JSON can only carry escaped.
    write_whole(out / f"{stem}.json", text.encode(errors="backslashreplace"))
    if highlighted and result["status"] != "unreadable":
        for index, png in enumerate(highlighted_pages(result, get_store(), get_settings().limits)):
            suffix = "" if index == 0 else f"-{index + 1}"
            write_whole(out / f"{stem}.highlighted{suffix}.png", png)


def write_whole(path: Path, data: bytes) -> None:
    """An interrupt or a full disk leaves what stood there before, never a part."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
