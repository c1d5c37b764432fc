"""Recorded answers of chat models, replayed through the graph without asking anyone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel
from graph.builder import make_graph
from graph.context import Context
from graph.state import OutputState
from schemas.errors import UsageError

_TEXT = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_NUMBER = {"anyOf": [{"type": "number"}, {"type": "null"}]}
_LINE_ITEM = {
    "type": "object",
    "properties": {"description": _TEXT, "quantity": _NUMBER, "price": _NUMBER},
}
SCHEMA: dict[str, Any] = {
    "title": "recorded",
    "type": "object",
    "properties": {
        **dict.fromkeys(("vendor", "date", "currency", "address"), _TEXT),
        **dict.fromkeys(("total", "tax"), _NUMBER),
        "line_items": {"type": "array", "items": _LINE_ITEM},
    },
    "required": ["vendor", "date", "total"],
}
"""What the recorded chat models were asked to fill."""

_CHAT_MODEL = "recorded"


@dataclass(frozen=True)
class Recorded:
    """One answer as it was given."""

    document: str
    """A path, or what else the graph reads."""
    chat_model: str
    answer: str
    expected: dict[str, str]
    """The annotation: company, date, address and total, each as printed."""


def load_recorded(folder: Path) -> list[Recorded]:
    """Load `answers.jsonl`, whose documents are paths below the folder.

    Raises:
        UsageError: there is no such file, or a line of it is no recorded answer.
    """
    path = folder / "answers.jsonl"
    if not path.is_file():
        raise UsageError(f"expected recorded answers at '{path}', found none; name the folder that holds answers.jsonl")
    return [_parse(line, number, path) for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)]


def replay(answers: list[Recorded]) -> Iterator[OutputState]:
    """Yield the result of each answer given to its document: one attempt, nothing asked again."""
    graph = make_graph()
    context = Context(json_schema=SCHEMA, chat_model=_CHAT_MODEL, max_attempts=1, grounding="report")
    for recorded in answers:
        register_chat_model(_CHAT_MODEL, partial(ScriptedChatModel, answers=[recorded.answer]))
        yield cast("OutputState", graph.invoke({"document": recorded.document}, context=context))


def _parse(line: str, number: int, path: Path) -> Recorded:
    try:
        row = json.loads(line)
        expected = {name: str(text) for name, text in row["expected"].items() if text}
        return Recorded(str(path.parent / row["document"]), str(row["chat_model"]), str(row["answer"]), expected)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"expected document, chat_model, answer and expected in line {number} of '{path}', got {line[:60]!r}; "
            "correct or remove the line"
        ) from error
