"""`optophone review`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import UsageError

EXIT_OK, EXIT_NOT_VALID = 0, 1


def review(
    id: Annotated[str, typer.Argument(metavar="ID", help="One run, by the start of its id", show_default=False)] = "",
    *,
    only_list: Annotated[bool, typer.Option("--list", help="List what waits and ask nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a document and nothing else")] = False,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Correct a value without being asked")
    ] = None,
    removed: Annotated[
        list[str] | None, typer.Option("--remove", metavar="PATH", help="Say that there is no such value")
    ] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="Confirm what --set and --remove don't name")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write <stem>.json for each that is answered")] = None,
    reviewer: Annotated[str | None, typer.Option(metavar="NAME", help="Who answers [default: login name]")] = None,
    comment: Annotated[str, typer.Option(metavar="TEXT", help="Stored with the answer")] = "",
) -> None:
    """Answer for values in doubt: what extract --review or the service left waiting.

    Exit code 0: all that was answered is valid and nothing was skipped; 1: something waits or is not valid; 2: the
    call is wrong.
    """
    is_script = bool(values or removed or confirm)
    if is_script and not id:
        raise UsageError("--set, --remove and --confirm answer for one run; give its ID, from optophone review --list")
    sys.path.append("")  # as in extract: schemas given as module:Class
    from serving.reviewing import Answering, answer_at_once, ask, list_waiting  # noqa: PLC0415

    if only_list:
        list_waiting(id, as_json=as_json)
        return
    answering = Answering(reviewer, comment, out, as_json)
    if is_script:
        all_valid = answer_at_once(id, values or [], removed or [], confirm=confirm, answering=answering)
    else:
        all_valid = ask(id, answering)
    raise typer.Exit(EXIT_OK if all_valid else EXIT_NOT_VALID)
