"""`optophone audit`: who promoted, corrected, registered and deleted what, when, and on what evidence."""

import json
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Literal

import typer

# `graph.audit.Action` again: importing it would triple the time of --help.
ActionName = Literal["promoted", "rolled-back", "reviewed", "corrected", "registered", "deleted"]


def audit(
    *,
    action: Annotated[ActionName | None, typer.Option(help="Only this action")] = None,
    actor: Annotated[str | None, typer.Option(help="Only by this token's or login name")] = None,
    object: Annotated[str, typer.Option(help="Only what has this in its reference")] = "",
    since: Annotated[datetime | None, typer.Option(help="Only from this time on, in UTC")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line")] = False,
) -> None:
    """List who promoted, corrected, registered and deleted what, when, and on what evidence, newest first."""
    from graph.audit import read  # noqa: PLC0415
    from serving.commands.prompts import answering_store  # noqa: PLC0415

    answering_store()
    events = read(
        action=action,
        actor=actor,
        object=object,
        since=since.replace(tzinfo=UTC) if since else None,
    )
    for event in islice(events, limit):
        if as_json:
            typer.echo(json.dumps(event._asdict(), ensure_ascii=False))
        else:
            typer.echo("  ".join(part for part in map(_on_one_line, event) if part))


def _on_one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
