"""`optophone extract`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from serving.commands.options import ExtractPrompt, Grounding, PagesPerRequest, Rules

EXIT_OK, EXIT_NOT_VALID = 0, 1


def extract(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Images and PDFs", show_default=False)],
    *,
    schema: Annotated[str, typer.Option(help="form, receipt, invoice, a JSON Schema file or module:Class")] = "form",
    chat_model: Annotated[
        str | None,
        typer.Option(
            help="local, local:WEIGHTS, local:rules, or provider:model "
            "[default: openai:gpt-4o-mini with OPENAI_API_KEY set, else local]"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a document and nothing else")] = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write <stem>.json for each document")] = None,
    highlight: Annotated[bool, typer.Option("--highlight", help="Write <stem>.highlighted.png too")] = False,
    max_attempts: Annotated[
        int, typer.Option(min=1, max=10, help="Chat-model requests a document, or part of one, at most")
    ] = 3,
    pages_per_request: PagesPerRequest = None,
    rules: Rules = "",
    grounding: Grounding = "report",
    review: Annotated[
        bool, typer.Option("--review", help="Let documents in doubt wait for a person: optophone review")
    ] = False,
    extract_prompt: ExtractPrompt = None,
) -> None:
    """Read documents into JSON.

    Exit code 0: all valid; 1: some document is not valid; 2: the call is wrong.
    """
    if highlight and out is None:
        raise typer.BadParameter("--highlight writes files: give --out DIR too")
    # An installed command imports from its own folder only, and module:Class is in the caller's; last, to hide nothing.
    sys.path.append("")
    from graph.context import Context  # noqa: PLC0415
    from serving.extraction import run_documents  # noqa: PLC0415

    context = Context(
        target_schema=schema,
        chat_model=chat_model,
        max_attempts=max_attempts,
        pages_per_request=pages_per_request,
        additional_rules=rules,
        grounding=grounding,
        review="on_doubt" if review else "off",
        **({"extract_prompt": extract_prompt} if extract_prompt else {}),
    )
    all_valid = run_documents(files, context, as_json=as_json, out=out, highlighted=highlight)
    raise typer.Exit(EXIT_OK if all_valid else EXIT_NOT_VALID)
