"""`optophone train` and `optimize`: make a reader, or its prompts, better."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def train(
    *,
    dataset: Annotated[
        list[str],
        typer.Option(
            metavar="KIND:DIR", help="funsd:DIR, folder:DIR, generated:N or reviewed; may be given several times"
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="WEIGHTS", help="File to write; read it with --chat-model local:WEIGHTS")
    ],
    folds: Annotated[int, typer.Option(min=3, help="Parts of the cross-validation")] = 5,
    score_on: Annotated[
        str | None, typer.Option(metavar="KIND:DIR", help="Another dataset, to read with the finished weights")
    ] = None,
) -> None:
    """Train the local reader on annotated forms, and cross-validate it: minutes on two cores."""
    from serving.training import run_training  # noqa: PLC0415

    run_training(dataset, out, folds, score_on)


def optimize(
    *,
    dataset: Annotated[str, typer.Option(help="funsd:DIR, sroie:DIR, folder:DIR or reviewed")],
    reflection_model: Annotated[str, typer.Option(metavar="M", help="Writes the prompts: provider:model")],
    budget: Annotated[int, typer.Option(metavar="N", help="Documents read at most", min=1)] = 200,
    schema: Annotated[str, typer.Option(help="form, receipt, invoice, a JSON Schema file or module:Class")] = "form",
    chat_model: Annotated[str | None, typer.Option(help="Reads the documents, as for extract")] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=10, help="Chat-model requests a document at most")] = 3,
    limit: Annotated[int | None, typer.Option(metavar="N", help="So many documents, chosen at random", min=4)] = None,
    seed: Annotated[int, typer.Option(help="Of every choice")] = 0,
) -> None:
    """Search for better prompts: half of the documents propose, the other half decides; nothing is promoted yet."""
    sys.path.append("")
    from graph.context import Context  # noqa: PLC0415
    from serving.optimisation import run_optimisation  # noqa: PLC0415

    context = Context(target_schema=schema, chat_model=chat_model, max_attempts=max_attempts)
    run_optimisation(dataset, context, reflection_model, budget=budget, limit=limit, seed=seed)
