"""`optophone traces …`: find what was read, and see how."""

from enum import StrEnum
from typing import Annotated

import typer

from prompts.names import EXTRACT, parse_name
from schemas.errors import UsageError

traces_app = typer.Typer(help="The traces of what was read: find them, and see one.")


class RunStatus(StrEnum):
    """How a run can have ended."""

    VALID = "valid"
    EXHAUSTED = "exhausted"
    UNREADABLE = "unreadable"
    FAILED = "failed"
    WAITING = "waiting"


@traces_app.callback(invoke_without_command=True)
def find(
    context: typer.Context,
    *,
    document: Annotated[
        str | None, typer.Option(metavar="REF|NAME", help="sha256: and its first digits, or the file's name")
    ] = None,
    schema: Annotated[str | None, typer.Option(help="The schema that was filled")] = None,
    status: Annotated[RunStatus | None, typer.Option(help="How it ended")] = None,
    prompt: Annotated[
        str | None, typer.Option(metavar="VERSION", help="A prompt it used: extract@2 or refine@1")
    ] = None,
    chat_model: Annotated[str | None, typer.Option(help="Who answered")] = None,
    reviewer: Annotated[str | None, typer.Option(metavar="NAME", help="Who judged it")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="7d, 12h, or 2026-11-21")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at most")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a trace and nothing else")] = False,
) -> None:
    """List traces, newest first, those of evaluations too."""
    if context.invoked_subcommand:
        return
    from evaluation.monitoring.query import RunQuery, parse_since  # noqa: PLC0415
    from serving.traces import list_runs  # noqa: PLC0415

    version = parse_name(prompt, EXTRACT) if prompt else None
    if version and version.version is None:
        raise UsageError(f"expected a prompt version by its number, got '{prompt}'; write extract@2")
    query = RunQuery(
        document=document,
        schema=schema,
        status=status.value if status else None,
        prompt=version,
        chat_model=chat_model,
        reviewer=reviewer,
        since=parse_since(since) if since else None,
    )
    list_runs(query, limit, as_json=as_json)


@traces_app.command()
def show(trace: Annotated[str, typer.Argument(metavar="ID", help="tr-…, as the list has it")]) -> None:
    """Print one trace's spans as a tree, with seconds, tokens and errors."""
    from serving.traces import show_trace  # noqa: PLC0415

    show_trace(trace)
