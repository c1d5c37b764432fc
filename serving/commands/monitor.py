"""`optophone monitor`."""

from pathlib import Path
from typing import Annotated

import typer

EXIT_OK, EXIT_WORSE = 0, 1


def monitor(
    *,
    window: Annotated[str, typer.Option(metavar="SIZE", help="Of each window: so many runs, or 12h, 7d, 2w")] = "100",
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Leave older runs out: 30d, 12h, 2026-11-21 [default: none]")
    ] = None,
    schema: Annotated[str | None, typer.Option(help="Runs that filled it [default: the one filled most]")] = None,
    chat_model: Annotated[str | None, typer.Option(help="Runs that it answered [default: any]")] = None,
    seed: Annotated[int, typer.Option(help="Of permutations and intervals")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the files go [default: monitoring/ in the data folder]"),
    ] = None,
) -> None:
    """Hold the latest runs against those before them, without any gold: a table, a picture, and a run in MLflow.

    Exit code 0: nothing is significantly worse, or there is not enough to tell; 1: something is; 2: the call is wrong.
    """
    from evaluation.monitoring.query import RunQuery, parse_since  # noqa: PLC0415
    from serving.monitoring import Options, run_monitoring  # noqa: PLC0415

    query = RunQuery(schema=schema, chat_model=chat_model, since=parse_since(since) if since else None)
    is_fine = run_monitoring(Options(window, seed, out, as_json), query)
    raise typer.Exit(EXIT_OK if is_fine else EXIT_WORSE)
