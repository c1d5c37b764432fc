"""What the page's words catch of a chat model's mistakes: flags and confidences held against the annotations.

A value is flagged where its confidence is below `documents.confidence.DOUBTFUL`, where a result gives a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rapidfuzz.distance import Levenshtein

from documents.grounding import GroundingStatus
from documents.lookalikes import look_alike
from documents.notation import find_dates, normalise
from evaluation.training.confidence import auroc, expected_calibration_error
from graph.state import OutputState
from schemas.numbers import parse_number

Comparison = Literal["look-alike", "exact", "similar"]
"""When a text is right. Look-alike: equal but for case, blanks, punctuation and characters that look alike, as the
annotations have typing errors such as B1750 for 81750. Exact: without the last. Similar: 0.9 alike, which forgives a
wrong house number too. Amounts are compared as numbers and dates as days each time."""

COMPARISONS: tuple[Comparison, ...] = ("look-alike", "exact", "similar")
ANNOTATED = {"vendor": "company", "date": "date", "address": "address", "total": "total"}
"""The annotation's name of each field that has one."""

_SIMILAR = 0.9


@dataclass(frozen=True)
class Value:
    """One value of an answer, with its annotation and what the result says of it."""

    document: str
    chat_model: str
    field: str
    value: str | int | float
    expected: str
    grounding: GroundingStatus
    confidence: float
    reason: str | None


@dataclass(frozen=True)
class Catch:
    """How many values are wrong and right, and how many of them are flagged."""

    wrong: int
    wrong_missing: int
    """Of the wrong ones those that don't stand on the page."""
    wrong_flagged: int
    right: int
    right_flagged: int


@dataclass(frozen=True)
class Summary:
    """All values by one comparison."""

    catch: Catch
    auroc: float
    """How often a right value's confidence is above a wrong one's."""
    calibration_error: float
    wrong_in_tenth: float
    """Wrong values among the tenth with the lowest confidence; where equal ones are cut apart, the expected number."""
    tenth: int


def annotated_values(document: str, chat_model: str, result: OutputState, expected: dict[str, str]) -> list[Value]:
    """Return the values that the annotation says something of."""
    return [
        Value(
            document, chat_model, name, field["value"], expected[ANNOTATED[name]],
            field["grounding"], field["confidence"], field["reason"],
        )
        for field in result["fields"]
        if (name := field["path"].removeprefix("/")) in ANNOTATED and ANNOTATED[name] in expected
    ]  # fmt: skip


def is_right(value: Value, comparison: Comparison) -> bool:
    """Compare a value with its annotation."""
    said, expected = str(value.value), value.expected
    if value.field == "total":
        return parse_number(said) == parse_number(expected)
    if value.field == "date" and _days(said) & _days(expected):
        return True
    one, two = normalise(said), normalise(expected)
    if comparison == "exact":
        return one == two
    if comparison == "look-alike":
        return look_alike(one, two)
    return Levenshtein.normalized_similarity(one, two) >= _SIMILAR


def count_catch(values: Sequence[Value], comparison: Comparison) -> Catch:
    """Count one group of values."""
    right = [value for value in values if is_right(value, comparison)]
    wrong = [value for value in values if not is_right(value, comparison)]
    return Catch(
        wrong=len(wrong),
        wrong_missing=sum(value.grounding == "missing" for value in wrong),
        wrong_flagged=sum(value.reason is not None for value in wrong),
        right=len(right),
        right_flagged=sum(value.reason is not None for value in right),
    )


def summarise(values: Sequence[Value], comparison: Comparison) -> Summary:
    """Summarise all values, at least one."""
    scores = np.array([value.confidence for value in values])
    right = np.array([is_right(value, comparison) for value in values])
    tenth = max(len(values) // 10, 1)
    return Summary(
        catch=count_catch(values, comparison),
        auroc=auroc(scores, right),
        calibration_error=expected_calibration_error(scores, right),
        wrong_in_tenth=_wrong_among_lowest(scores, right, tenth),
        tenth=tenth,
    )


def _wrong_among_lowest(scores: np.ndarray, right: np.ndarray, count: int) -> float:
    last = np.sort(scores)[count - 1]
    below, tied = scores < last, scores == last
    share = (count - below.sum()) / tied.sum()
    return float((below & ~right).sum() + share * (tied & ~right).sum())


def _days(text: str) -> set[object]:
    return {day for notation in find_dates(text) for day in notation.readings}
