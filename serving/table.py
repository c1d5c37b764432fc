"""An extraction as a table for the terminal."""

import re

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graph.state import Field, OutputState, Usage

_STYLES = {"found": "green", "close": "yellow", "ambiguous": "cyan", "missing": "red"}


def print_result(console: Console, name: str, result: OutputState, trace_id: str | None) -> None:
    """Print the fields, what speaks against doubtful ones, status, errors, versions and the id of the trace."""
    console.print(f"[bold]{plain(name)}[/bold]", soft_wrap=True)
    if result["fields"]:
        console.print(_table(result["fields"]))
    for doubt in _doubts(result["fields"]):
        console.print(f"[yellow]doubtful[/yellow] {plain(doubt)}", soft_wrap=True)
    colour = "green" if result["status"] == "valid" else "red"
    attempts = f"{result['attempts']} attempt{'' if result['attempts'] == 1 else 's'}"
    reason = "" if result["stop_reason"] == result["status"] else f"{result['stop_reason']}, "
    status = result["status"] or "waits for review: optophone review"
    console.print(f"status   [{colour}]{status}[/{colour}] ({reason}{attempts})")
    for error in result["validation_errors"]:
        where = f" at {error['path']}" if error["path"] else ""
        console.print(f"[red]{error['kind']}[/red]{plain(where)}: {plain(error['message'])}", soft_wrap=True)
    if review := result["review"]:
        said = f"{len(review['corrected'])} corrected, {len(review['confirmed'])} confirmed"
        console.print(f"review   {plain(review['reviewer'] or '-')}: {said}", soft_wrap=True)
    console.print(f"by       {plain(result['chat_model'])}, {_usage(result['usage'])}")
    console.print(f"prompts  {', '.join(result['prompts']) or '-'}", soft_wrap=True)
    console.print(f"trace    {trace_id or '-'}")


def _table(fields: list[Field]) -> Table:
    """One row a value; a form's key stands beside its values instead of in a row of its own."""
    table = Table("field", "value", "grounding", "confidence", "page", box=None, pad_edge=False)
    keys = _keys(fields)
    for field in fields:
        if _is_key(field):
            continue
        label = keys.get(_pair(field), field["path"])
        style = _STYLES[field["grounding"]]
        page = "-" if field["page_index"] is None else str(field["page_index"] + 1)
        grounding = f"[{style}]{field['grounding']}[/{style}]"
        table.add_row(plain(label), plain(str(field["value"])), grounding, f"{field['confidence']:.2f}", page)
    return table


def _doubts(fields: list[Field]) -> list[str]:
    """Say what speaks against each doubtful value, and against a form's key where nothing does against its values."""
    keys = _keys(fields)
    doubtful = [field for field in fields if field["reason"]]
    pairs = {_pair(field) for field in doubtful if not _is_key(field)}
    told = [field for field in doubtful if not (_is_key(field) and _pair(field) in pairs)]
    return [f"{keys.get(_pair(field), field['path'])}, {str(field['value'])!r}: {field['reason']}" for field in told]


def _keys(fields: list[Field]) -> dict[str, str]:
    return {_pair(field): str(field["value"]) for field in fields if _is_key(field)}


def _pair(field: Field) -> str:
    """Return the pointer of the form's pair that a key or a value belongs to; the path itself outside a form."""
    return re.sub(r"^(/pairs/\d+)/(key|values/\d+)$", r"\1", field["path"])


def _is_key(field: Field) -> bool:
    return re.fullmatch(r"/pairs/\d+/key", field["path"]) is not None


def plain(text: str) -> str:
    """Take a document's text for what it says: neither as markup nor as commands to the terminal."""
    return escape(printable(text))


def printable(text: str) -> str:
    """Put a sign for what a terminal would obey."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _usage(usage: Usage) -> str:
    cost = "cost unknown" if usage["cost_usd"] is None else f"${usage['cost_usd']:.4f}"
    return f"{usage['input_tokens']} + {usage['output_tokens']} tokens, {cost}"
