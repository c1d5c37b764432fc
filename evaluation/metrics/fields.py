"""How well the values of named fields match the expected ones."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from evaluation.metrics.pairs import normalise
from evaluation.metrics.ratio import Ratio
from schemas.numbers import parse_number
from schemas.pointers import join, populated

# Amounts have two decimals: those less than half a cent apart print alike. A whole cent would pass a misread digit.
TOLERANCE = Decimal("0.005")


def field_scores(expected: Mapping[str, Any], extraction: Mapping[str, Any] | None) -> dict[str, bool]:
    """Tell for each field that the gold knows whether its value is right, by JSON pointer.

    Nothing expected and nothing given is right, nothing being null, blank or an empty list. Items of lists are held
    against each other by their place. A field that the gold doesn't have is not judged. Where there is no answer at
    all (None), everything is wrong: silence is not the answer null.
    """
    return {
        pointer: extraction is not None and is_same(gold, given)
        for pointer, gold, given in _places(expected, extraction)
    }


def invented_fields(expected: Mapping[str, Any], extraction: Mapping[str, Any] | None) -> Ratio:
    """Count places which the gold says are empty: those given a value, over all of them."""
    empty = [given for _, gold, given in _places(expected, extraction) if _is_empty(gold)]
    return Ratio(sum(not _is_empty(given) for given in empty), len(empty))


def is_same(expected: Any, given: Any) -> bool:
    """Compare two values by type: numbers to half a cent, ISO dates by day, other texts normalised.

    A text that should be a number is read as one, and the reverse: "RM 9.00" is 9. Two texts that are both numbers
    must be the same number as well, for normalised text has lost the point and the sign.
    """
    if _is_empty(expected) or _is_empty(given):
        return _is_empty(expected) and _is_empty(given)
    if isinstance(expected, bool) or isinstance(given, bool):
        return expected is given
    if isinstance(expected, str) and isinstance(given, str):
        return _is_same_text(expected, given)
    numbers = _number(expected), _number(given)
    return None not in numbers and _is_close(*numbers)


def _places(expected: Any, given: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield each leaf or empty container of the gold, with what was given at the same place (None for nothing)."""
    if isinstance(expected, Mapping) and expected:
        for key, item in expected.items():
            yield from _places(item, given.get(key) if isinstance(given, Mapping) else None, join(pointer, key))
    elif isinstance(expected, list) and expected:
        for index, item in enumerate(expected):
            has_item = isinstance(given, list) and index < len(given)
            yield from _places(item, given[index] if has_item else None, join(pointer, index))
    elif pointer:
        yield pointer, expected, given


def _is_empty(value: Any) -> bool:
    return next(populated(value), None) is None


def _is_same_text(expected: str, given: str) -> bool:
    days = _iso_day(expected), _iso_day(given)
    if None not in days:
        return days[0] == days[1]
    numbers = parse_number(expected), parse_number(given)
    if None not in numbers and numbers[0] != numbers[1]:
        return False
    if not normalise(expected):  # symbols alone: a dash, a tick
        return expected.strip() == given.strip()
    return normalise(expected) == normalise(given)


def _iso_day(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError:
        return None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, str):
        return parse_number(value)
    number = Decimal(str(value)) if isinstance(value, int | float) else None
    return number if number is not None and number.is_finite() else None


def _is_close(expected: Decimal | None, given: Decimal | None) -> bool:
    return expected is not None and given is not None and abs(expected - given) < TOLERANCE
