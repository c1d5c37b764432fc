"""`optophone evaluate`, `compare` and `witness`: how well documents are read."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from prompts.names import EXTRACT, parse_name

EXIT_OK, EXIT_BELOW_BAR = 0, 1


def evaluate(
    *,
    dataset: Annotated[str, typer.Option(metavar="KIND:DIR", help="funsd:DIR, sroie:DIR, folder:DIR, or reviewed")],
    schema: Annotated[
        str | None, typer.Option(help="Schema to fill [default: the one that the dataset is annotated for, else form]")
    ] = None,
    chat_model: Annotated[str | None, typer.Option(help="As for extract")] = None,
    prompt: Annotated[
        str | None, typer.Option(help="Prompt version of the first request: 2, @production or extract@2")
    ] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=10, help="Chat-model requests a document at most")] = 3,
    limit: Annotated[int | None, typer.Option(min=1, help="So many documents, chosen at random [default: all]")] = None,
    seed: Annotated[int, typer.Option(help="Of that choice and of the intervals")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Documents at a time")] = 4,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC=BAR", help="Exit 1 where a figure is worse than this; repeat for more"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the report goes [default: evaluations/ in the data folder]"),
    ] = None,
) -> None:
    """Measure how well annotated documents are read: a table, an HTML report, and a run in MLflow.

    Exit code 0: measured, and no figure is below its bar; 1: one is; 2: the call is wrong.
    """
    sys.path.append("")  # as for extract
    from graph.context import Context  # noqa: PLC0415
    from serving.evaluation import Options, run_evaluation  # noqa: PLC0415

    chosen = {"extract_prompt": str(parse_name(prompt, EXTRACT))} if prompt else {}
    context = Context(chat_model=chat_model, max_attempts=max_attempts, **chosen)
    options = Options(dataset, schema, limit, seed, concurrency, fail_under or [], out)
    raise typer.Exit(EXIT_OK if run_evaluation(options, context) else EXIT_BELOW_BAR)


def compare(
    *,
    dataset: Annotated[str, typer.Option(metavar="KIND:DIR", help="As for evaluate")],
    chat_model: Annotated[
        list[str] | None, typer.Option(metavar="M", help="As for extract; repeat to compare several")
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option(metavar="VERSION", help="Of the first request: 2, @production or extract@2; repeat for more"),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Compare this too, beside the headline, cost and latency")
    ] = None,
    schema: Annotated[str | None, typer.Option(help="As for evaluate")] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=10, help="Chat-model requests a document at most")] = 3,
    limit: Annotated[int | None, typer.Option(min=1, help="So many documents, chosen at random [default: all]")] = None,
    seed: Annotated[int, typer.Option(help="Of that choice and of the intervals")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Documents at a time")] = 4,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the files go [default: comparisons/ in the data folder]"),
    ] = None,
) -> None:
    """Put systems side by side, each chat model with each prompt: a table, what sets each pair apart, and a picture."""
    sys.path.append("")  # as for extract
    from graph.context import Context  # noqa: PLC0415
    from serving.comparison import Options, run_comparison  # noqa: PLC0415

    options = Options(
        dataset, schema, chat_model or [], prompt or [], metric or [], limit, seed, concurrency, out
    )  # fmt: skip
    run_comparison(options, Context(max_attempts=max_attempts))


def witness(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Holds answers.jsonl and its documents")],
    *,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write each value as a line of JSON")] = None,
) -> None:
    """Replay recorded answers of chat models: which wrong values the page's words catch."""
    from serving.witness import run_witness  # noqa: PLC0415

    run_witness(folder, out)
