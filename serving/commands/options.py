"""Options that several commands share."""

from typing import Annotated, Literal

import typer

PagesPerRequest = Annotated[
    int | None,
    typer.Option(min=1, help="Ask about longer documents in parts of so many pages [default: all pages at once]"),
]
Rules = Annotated[str, typer.Option(metavar="TEXT", help="Rules of your own for the prompts")]
Grounding = Annotated[Literal["off", "report", "require"], typer.Option(help="Whether values must stand on the page")]
ExtractPrompt = Annotated[str | None, typer.Option(help="Prompt version, such as optophone-extract@2")]
