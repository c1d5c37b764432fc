"""Answer runs that wait for a person: field by field in the terminal, or at once for scripts."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from graph.settings import get_settings
from graph.state import Doubt, OutputState
from prompts.promotions import login_name
from schemas.errors import UsageError
from schemas.references import JsonSchema, make_validator, with_definitions
from schemas.repair import schema_at
from serving.extraction import cut_stem, make_folder, show, write
from serving.table import plain, printable
from serving.waiting import Waiting, WaitingRuns, waiting_runs

_HELP = (
    "Enter confirms, a new value replaces, - removes, :s skips the document, :q quits; what is left goes on waiting."
)
_REMOVE, _SKIP, _QUIT = "-", ":s", ":q"
# Git's length of a short id: enough to tell a few hundred apart.
_SHORT_ID = 8


class _Skipped(Exception):
    """The document goes on waiting."""


class _Quit(Exception):
    """So do all that are left."""


@dataclass(frozen=True)
class Answering:
    """What the command line says beside the values."""

    reviewer: str | None
    """None is the user's login name."""
    comment: str
    out: Path | None
    as_json: bool

    def answer(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Put the answer together from values by their place."""
        items = [{"path": path, "value": value} for path, value in values.items()]
        reviewer = login_name() if self.reviewer is None else self.reviewer
        return {"values": items, "reviewer": reviewer, "comment": self.comment}


def list_waiting(id: str, *, as_json: bool) -> None:
    """Print what waits, the longest first.

    Raises:
        UsageError: an id is given and nothing that waits has it.
    """
    with waiting_runs() as runs:
        found = [runs.find(id)] if id else runs.all()
    if as_json:
        for item in found:
            facts = {"id": item.id, "owner": item.owner, "name": item.name, "since": item.since}
            print(json.dumps({**facts, **item.request}))
        return
    table = Table("id", "document", "schema", "asked", "waits since", "of", box=None, pad_edge=False)
    for item in found:
        asked, since = str(len(item.request["fields"])), item.since[:16].replace("T", " ")
        table.add_row(
            item.id[:_SHORT_ID], plain(item.name), plain(item.request["target_schema"]), asked, since, item.owner
        )
    Console(emoji=False, highlight=False).print(table if found else "nothing waits for review")


def answer_at_once(
    id: str, values: Sequence[str], removed: Sequence[str], *, confirm: bool, answering: Answering
) -> bool:
    """Answer one run without questions; return whether it ended valid.

    Raises:
        UsageError: a place wasn't asked, or one that was is neither named nor confirmed.
    """
    if answering.out is not None:
        make_folder(answering.out)
    with waiting_runs() as runs:
        waiting = runs.find(id)
        asked = [doubt["path"] for doubt in waiting.request["fields"]]
        json_schema = _json_schema(waiting)
        named = dict(_parse(text, asked, json_schema) for text in values) | dict.fromkeys(removed)
        if not confirm and (left := [path for path in asked if path not in named]):
            raise UsageError(f"{', '.join(left)} not answered; give --set PATH=VALUE for each, or --confirm")
        result, again = runs.answer(waiting, answering.answer(named))
        _finish(runs, waiting, result, again, answering)
        return result["status"] == "valid"


def ask(id: str, answering: Answering) -> bool:
    """Ask for each run in turn, or for one; return whether all ended valid.

    Raises:
        UsageError: an id is given and nothing that waits has it; or nothing can be written.
    """
    if answering.out is not None:
        make_folder(answering.out)
    console = Console(stderr=True, emoji=False, highlight=False)
    with waiting_runs() as runs:
        found = [runs.find(id)] if id else runs.all()
        console.print(_HELP if found else "nothing waits for review", soft_wrap=True)
        all_valid = True
        for number, waiting in enumerate(found, start=1):
            console.print(f"\n[bold]{plain(waiting.name)}[/bold]  {number} of {len(found)}", soft_wrap=True)
            try:
                all_valid &= _review(runs, waiting, console, answering)
            except _Skipped:
                all_valid = False
            except (_Quit, EOFError):
                return False
    return all_valid


def _review(runs: WaitingRuns, waiting: Waiting, console: Console, answering: Answering) -> bool:
    """Ask until the run has ended: what is still wrong after an answer is asked again."""
    again: Waiting | None = waiting
    while again is not None:
        json_schema = _json_schema(again)
        for error in again.request.get("errors", []):
            console.print(f"[yellow]{plain(error)}[/yellow]", soft_wrap=True)
        values = dict(pair for doubt in again.request["fields"] for pair in _ask(doubt, json_schema, console))
        result, again = runs.answer(again, answering.answer(values))
    _finish(runs, waiting, result, again, answering)
    return result["status"] == "valid"


def _ask(doubt: Doubt, json_schema: JsonSchema, console: Console) -> Iterator[tuple[str, Any]]:
    """Ask for one place; yield it with its value unless that is confirmed."""
    page = "" if doubt["page_index"] is None else f"  page {doubt['page_index'] + 1}"
    console.print(f"{plain(doubt['path'] or 'the whole answer')}{page}", soft_wrap=True)
    for error in dict.fromkeys([*doubt["errors"], *([doubt["reason"]] if doubt["reason"] else [])]):
        console.print(f"  [yellow]{plain(error)}[/yellow]", soft_wrap=True)
    now = "" if doubt["value"] is None else printable(_shown(doubt["value"]))
    text = console.input(f"  [{now}] ", markup=False).strip()
    if text == _SKIP:
        raise _Skipped
    if text == _QUIT:
        raise _Quit
    if text:
        yield doubt["path"], None if text == _REMOVE else _typed(text, doubt["path"], json_schema)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _finish(
    runs: WaitingRuns, waiting: Waiting, result: OutputState, again: Waiting | None, answering: Answering
) -> None:
    """Show the result, and where the run has ended write it, before it is forgotten."""
    show(waiting.name, result, again, as_json=answering.as_json)
    if again is not None:
        return
    if answering.out is not None:
        # The name without its folders: whoever can write the database has no word in where files go.
        write(result, answering.out, cut_stem(Path(waiting.stem or Path(waiting.name).stem).name))
    runs.forget(waiting)


def _json_schema(waiting: Waiting) -> JsonSchema:
    return waiting.context.schema_to_fill(allow_paths=get_settings().allow_paths).json_schema


def _parse(text: str, asked: Sequence[str], json_schema: JsonSchema) -> tuple[str, Any]:
    """Read PATH=VALUE; a pointer may hold the sign itself."""
    paths = [path for path in asked if text.startswith(f"{path}=")]
    if not paths:
        raise UsageError(f"expected --set PATH=VALUE with one of {', '.join(asked)}, got '{text[:80]}'; correct it")
    path = max(paths, key=len)
    return path, _typed(text[len(path) + 1 :], path, json_schema)


def _typed(text: str, path: str, json_schema: JsonSchema) -> Any:
    """Read a list or an object as JSON where the schema has no text there; numbers are converted with the answer."""
    place = with_definitions(schema_at(json_schema, path), json_schema)
    if make_validator(place).is_valid(text):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text
