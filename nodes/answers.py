"""Take an answer into what was known: parsed, and as a repair only where it loses no valid value."""

from typing import Any, NamedTuple

from chat_models.structured import Answer
from graph.state import Request
from schemas.corrections import take_corrections
from schemas.errors import ErrorKind, FieldError
from schemas.parsing import ParsedAnswer, parse_answer
from schemas.pointers import get
from schemas.repair import REPAIRS, merge_repairs
from schemas.target import TargetSchema

UNREAD: tuple[ErrorKind, ...] = ("parse", "refusal", "provider")
"""What is wrong with an answer itself, and not with what it says."""


class Known(NamedTuple):
    """What is known of a document, or of a part of it."""

    extraction: Any
    """None where nothing could be read."""
    errors: list[FieldError]
    confidences: dict[str, float]
    """How probably the extraction's values are right, by JSON pointer, as far as the chat model says."""


def take_answer(
    answer: Answer | None, request: Request | None, before: Known, target: TargetSchema, *, is_persons: bool = False
) -> Known:
    """Return what is known now, with what kept the answer from being read in full; the schema is not asked yet.

    Args:
        answer: what was said; one that can't be read leaves what was known.
        request: what was asked.
        before: what was known, and what was wrong with it.
        target: the schema to fill.
        is_persons: whether a person said it, who may take valid values away too.
    """
    is_repair = request is not None and request["paths"] != [""]
    parsed = _parse(answer, is_repair=is_repair)
    extraction, taken = before.extraction, list[str]()
    if parsed.value is not None and request is not None:
        repairs = parsed.value.get(REPAIRS) if is_repair else [{"path": "", "value": parsed.value}]
        asked, schema = request["paths"], target.json_schema
        if is_persons:
            extraction, taken = take_corrections(before.extraction, repairs, asked, schema), asked
        else:
            extraction, taken = merge_repairs(before.extraction, repairs, asked, before.errors, schema)
    errors = parsed.errors + _still_cut_off(before.errors, taken)
    return Known(extraction, errors, _confidences(answer, extraction, taken, before))


def _parse(answer: Answer | None, *, is_repair: bool) -> ParsedAnswer:
    if answer is None or answer["failure"]:
        return _nothing("provider", answer["failure"] if answer else "no request was made")
    if answer["refusal"]:
        return _nothing("refusal", f"the chat model declined: {answer['refusal']}")
    parsed = parse_answer(answer["text"])
    if answer["truncated"] and not parsed.errors:
        # A provider's package may have closed the brackets of a cut-off tool call.
        return ParsedAnswer(parsed.value, _nothing("parse", "the answer was cut off at its length limit").errors)
    if is_repair:
        # Where a repair is cut off is a place in the list of repairs, not in the extraction.
        return ParsedAnswer(parsed.value, [{**error, "path": ""} for error in parsed.errors])
    return parsed


def _nothing(kind: ErrorKind, message: str | None) -> ParsedAnswer:
    return ParsedAnswer(None, [FieldError(path="", kind=kind, message=message or "", value=None)])


def _still_cut_off(errors: list[FieldError], taken: list[str]) -> list[FieldError]:
    """Return the places where an earlier answer was cut off and no repair was taken since: nothing else shows them."""
    return [
        error for error in errors if error["kind"] == "parse" and error["path"] and not {"", error["path"]} & set(taken)
    ]


def _confidences(answer: Answer | None, extraction: Any, taken: list[str], before: Known) -> dict[str, float]:
    """Return what the chat model says of the values; a value repaired since has no such word."""
    if answer is not None and "" in taken:
        # A run that an older version began has no such key.
        return answer.get("confidences", {})
    known = before.confidences.items()
    return {path: value for path, value in known if get(extraction, path) == get(before.extraction, path)}
