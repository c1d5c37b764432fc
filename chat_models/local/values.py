"""Printed answers → values of a schema's types."""

import re
from collections.abc import Sequence
from typing import Any

from rapidfuzz import fuzz, process

from chat_models.local.checkboxes import has_box, marked_choices
from documents.notation import find_dates
from schemas.numbers import parse_number

_TRUE = {"yes", "y", "x", "true", "checked", "on", "ja", "oui", "si", "✓", "✔"}
_FALSE = {"no", "n", "false", "none", "off", "nein", "non"}
# A currency, digits with separators, a sign before or behind: the first amount within a longer text.
_AMOUNT = re.compile(r"[-+(]?\s*(?<!\d)(?:\d{1,3}(?:[ ,.']\d{3})+|\d+)(?:[.,]\d+)?\)?(?!\w)")
# Members of an enum are short; less similar than this and one wrong letter would decide.
_ENUM_SIMILARITY = 80.0


def to_type(texts: Sequence[str], json_type: str, json_format: str | None = None) -> Any:
    """Read the answers as one JSON type; None where they say nothing of that type."""
    if not texts:
        return None
    if json_type == "string" and json_format == "date":
        return to_date(" ".join(texts))
    readers = {"string": _to_string, "number": to_number, "integer": _to_integer, "boolean": to_boolean}
    reader = readers.get(json_type)
    return reader(" ".join(texts)) if reader else None


def to_member(text: str, members: Sequence[Any]) -> Any:
    """Return the member of an enum that the text names, though the OCR may have misread a letter; else None."""
    names = {index: str(member) for index, member in enumerate(members) if member is not None}
    best = process.extractOne(
        text, names, scorer=fuzz.ratio, processor=lambda name: name.casefold().strip(), score_cutoff=_ENUM_SIMILARITY
    )
    return members[best[2]] if best else None


def to_number(text: str) -> float | None:
    """Return the amount that the text is or holds ("RM 1,234.50 only" is 1234.5)."""
    number = parse_number(text)
    if number is None and (match := _AMOUNT.search(text)):
        number = parse_number(match.group())
    return None if number is None else float(number)


def to_date(text: str) -> str | None:
    """Return the one day that a text names, as YYYY-MM-DD; None for 05/12/2018, which is one of two."""
    days = {day for notation in find_dates(text) for day in notation.readings}
    return str(days.pop()) if len(days) == 1 else None


def to_boolean(text: str) -> bool | None:
    """Read Yes or No, or a box that is ticked or not."""
    if has_box(text) and not marked_choices(text):
        return re.search(r"[☑☒✓✔✗✘■xX]", text) is not None
    word = (marked_choices(text) or [text])[0].strip(" .,:;").casefold()
    return True if word in _TRUE else False if word in _FALSE else None


def _to_integer(text: str) -> int | None:
    number = to_number(text)
    return int(number) if number is not None and number == int(number) else None


def _to_string(text: str) -> str | None:
    return text.strip() or None
