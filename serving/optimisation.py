"""`optophone optimize`: search for better prompts, and say what came of it."""

from importlib.util import find_spec

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from evaluation.datasets.load import load_dataset, subset
from graph.context import Context
from schemas.errors import UsageError


def run_optimisation(
    dataset: str, context: Context, reflection_model: str, *, budget: int, limit: int | None, seed: int
) -> None:
    """Optimise on a dataset and print the new versions.

    Raises:
        OptophoneError: as `load_dataset` and `optimise`.
    """
    if find_spec("gepa") is None:
        raise UsageError("optimising needs gepa; run pip install -e '.[optimize]' in the checkout")
    from evaluation.optimisation.run import optimise  # noqa: PLC0415 - needs gepa

    loaded = load_dataset(dataset)
    chosen = loaded if limit is None else subset(loaded, limit, seed)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:  # fmt: skip
        task = progress.add_task("reading", total=budget)
        result = optimise(
            chosen.samples, context, reflection_model, budget=budget, seed=seed,
            on_read=lambda count: progress.advance(task, count),
        )  # fmt: skip
    typer.echo(f"validation score {result.before:.3f} before, {result.after:.3f} by the best candidate")
    for version in result.versions:
        name, number = version.removeprefix("prompts:/").split("/")
        typer.echo(f"{version}  registered; evaluate it, then: optophone prompts promote {name}@{number}")
    if not result.versions:
        typer.echo("no candidate read better than the prompts as they are; nothing was registered")
    typer.echo(f"every candidate: MLflow run {result.run_id}", err=True)
