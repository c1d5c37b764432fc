"""`optophone prompts …`: see what a chat model is told, and decide which version runs."""

import difflib
from typing import Annotated

import typer

from prompts.names import EXTRACT, PromptName, parse_name
from schemas.errors import UsageError

prompts_app = typer.Typer(no_args_is_help=True, help="The prompts in MLflow's registry, and which of them runs.")

Prompt = Annotated[str, typer.Argument(metavar="VERSION", help="3, @production or refine@2")]
Name = Annotated[str, typer.Option(help="The prompt that a bare version belongs to")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Reason for the history")]

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@prompts_app.command()
def sync() -> None:
    """Register each prompt file whose text is new as the next version."""
    from prompts.publishing import sync_prompts  # noqa: PLC0415

    for name, newest, registered in sync_prompts(answering_store()):
        for version in registered or [newest]:
            typer.echo(f"{name}/{version}  {'registered' if registered else 'unchanged'}")


@prompts_app.command("list")
def list_() -> None:
    """List the versions, newest first, with their aliases."""
    from prompts.publishing import list_versions  # noqa: PLC0415

    for row in list_versions(_registry()):
        aliases = "".join(f"  @{alias}" for alias in row.aliases)
        typer.echo(f"{row.name}/{row.version}{aliases}  {row.description or row.text.splitlines()[0][:60]}")


@prompts_app.command()
def show(version: Prompt, *, name: Name = EXTRACT) -> None:
    """Print the text of a version; on stderr what is stored with it."""
    from prompts.publishing import find_version  # noqa: PLC0415

    row = find_version(parse_name(version, name), _registry())
    aliases = "".join(f" @{alias}" for alias in row.aliases)
    temperature = None if row.temperature is None else f"{row.temperature:g}"
    stored = {"chat model": row.chat_model, "temperature": temperature, "schema": row.schema}
    settings = ", ".join(f"{what} {value}" for what, value in stored.items() if value is not None)
    typer.echo(f"{row.uri}{aliases}: {settings or 'nothing stored but its text'}", err=True)
    typer.echo(row.text)


@prompts_app.command()
def diff(old: Prompt, new: Prompt, *, name: Name = EXTRACT) -> None:
    """Show what sets two versions apart, line by line."""
    from prompts.publishing import find_version  # noqa: PLC0415

    registry = _registry()
    first, second = (find_version(parse_name(version, name), registry) for version in (old, new))
    lines = first.text.splitlines(), second.text.splitlines()
    for line in difflib.unified_diff(*lines, fromfile=first.uri, tofile=second.uri, lineterm=""):
        typer.secho(line, fg=_COLOURS.get(line[0]))


@prompts_app.command()
def promote(
    version: Prompt,
    *,
    name: Name = EXTRACT,
    why: Why = "",
    run: Annotated[str | None, typer.Option(metavar="RUN_ID", help="The evaluation that speaks for it")] = None,
    dataset: Annotated[str | None, typer.Option(help="Compare on this data set, as --dataset funsd")] = None,
    force: Annotated[bool, typer.Option("--force", help="Ask for no evaluation")] = False,
) -> None:
    """Let a version run from now on: moves the alias `production`.

    Its newest evaluation must not be significantly worse than the one of the version in production, on the same data
    set with the same schema and chat model.
    """
    if force and (run or dataset):
        raise typer.BadParameter("--force asks for no evaluation: leave out --run and --dataset")
    from prompts.promotions import promote as move_alias  # noqa: PLC0415
    from prompts.publishing import find_version  # noqa: PLC0415

    registry = _registry()
    row = find_version(parse_name(version, name), registry)
    target = PromptName(row.name, row.version, None)
    run_id, verdict = (None, "forced") if force else _evaluated(target, registry, dataset, run)
    move = move_alias(target, registry, reason=why, run_id=run_id)
    typer.echo(f"production is now {target}: {verdict}" if move else f"production is {target} already")


@prompts_app.command()
def rollback(*, name: Name = EXTRACT, why: Why = "") -> None:
    """Let the version run again that ran before the last promotion."""
    from prompts.promotions import rollback as move_back  # noqa: PLC0415

    move = move_back(name, _registry(), reason=why)
    typer.echo(f"production is again {PromptName(name, move.to_version, None)}, was {move.from_version}")


@prompts_app.command()
def history(*, name: Name = EXTRACT) -> None:
    """List who moved `production` when, from where to where and why, newest first."""
    from prompts.promotions import history as moves_of  # noqa: PLC0415

    moves = moves_of(name, _registry())
    if not moves:
        typer.echo(f"`production` of {name} was never moved; optophone prompts promote VERSION moves it", err=True)
    for move in reversed(moves):
        rests_on = f"  run {move.run_id}" if move.run_id else "  forced" if move.kind == "promotion" else ""
        reason = "  " + " ".join(move.reason.split()) if move.reason else ""
        versions = f"{move.from_version or '-'} → {move.to_version}"
        typer.echo(f"{move.at}  {move.by}  {move.kind}  {versions}{rests_on}{reason}")


def _evaluated(target: PromptName, registry: str, dataset: str | None, run: str | None) -> tuple[str | None, str]:
    """Return the evaluation run that speaks for a version, and what it says."""
    from evaluation.promotion import check_promotion  # noqa: PLC0415
    from prompts.publishing import PRODUCTION, version_at  # noqa: PLC0415

    current = version_at(target.name, PRODUCTION)
    if current == target.version:
        return None, ""
    production = str(PromptName(target.name, current, None)) if current else None
    evaluation, verdict = check_promotion(str(target), production, registry, dataset=dataset, run_id=run)
    return evaluation.run_id, verdict


def _registry() -> str:
    """Return the address of MLflow's store, with every prompt file published there."""
    from prompts.publishing import sync_prompts  # noqa: PLC0415

    store = answering_store()
    sync_prompts(store)
    return store


def answering_store() -> str:
    """Return the address of MLflow's store.

    Raises:
        UsageError: it does not answer, which MLflow's look-ups would take for an empty registry.
    """
    from graph.settings import get_settings  # noqa: PLC0415
    from prompts.connection import connect  # noqa: PLC0415

    settings = get_settings()
    connection = connect(settings.tracking_uri)
    if connection.is_remote and not connection.answers(settings.registry_timeout_s):
        raise UsageError(f"MLflow at {settings.tracking_uri} does not answer; start it or correct MLFLOW_TRACKING_URI")
    return settings.tracking_uri
