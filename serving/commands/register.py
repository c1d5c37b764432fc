"""`optophone register`."""

import os
import re
from typing import Annotated

import typer

from prompts.names import EXTRACT, parse_name
from schemas.errors import UsageError
from serving.commands.prompts import answering_store

# As MLflow's registry takes them; `latest` and v1 are its own.
_ALIAS = re.compile(r"(?!latest$|v\d+$)[\w-]+", re.IGNORECASE)


def register(
    *,
    alias: Annotated[str | None, typer.Option(help="Points to the new version from now on, such as champion")] = None,
    schema: Annotated[str, typer.Option(help="form, receipt, invoice or a JSON Schema file")] = "form",
    chat_model: Annotated[str | None, typer.Option(help="local, local:rules or provider:model, as for extract")] = None,
    extract_prompt: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Prompt of the first request: 2, @production or extract@2")
    ] = None,
    max_attempts: Annotated[int, typer.Option(min=1, max=10, help="Chat-model requests a document at most")] = 3,
) -> None:
    """Register these choices as a model in MLflow, with its code, prompts, requirements and newest evaluation."""
    if alias is not None and not _ALIAS.fullmatch(alias):
        raise UsageError(f"'{alias}' can't be an alias: use letters, digits, _ and -, but neither latest nor v1")
    # Nobody waits for a page here, and the model has some megabytes: MLflow gets more than 2 s for each request.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")
    from graph.context import Context  # noqa: PLC0415
    from graph.settings import get_settings  # noqa: PLC0415
    from serving.registration import MODEL  # noqa: PLC0415
    from serving.registration import register as register_model  # noqa: PLC0415

    answering_store()
    chosen = {"extract_prompt": str(parse_name(extract_prompt, EXTRACT))} if extract_prompt else {}
    context = Context(target_schema=schema, chat_model=chat_model, max_attempts=max_attempts, **chosen)
    done = register_model(context, get_settings(), alias)
    typer.echo(f"models:/{MODEL}/{done.version}{f'  @{alias}' if alias else ''}")
    typer.echo(f"by         {done.context.chat_model}")
    typer.echo(f"prompts    {done.context.extract_prompt}, {done.context.refine_prompt}")
    if done.evidence:
        typer.echo(f"rests on   run {done.evidence.run_id}, {done.evidence.dataset}: {done.evidence.figure}")
    if "MLFLOW_TRACKING_URI" not in os.environ:  # other programs look for models elsewhere
        typer.echo(f"to load it, set MLFLOW_TRACKING_URI={get_settings().tracking_uri}", err=True)
