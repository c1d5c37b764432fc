"""What is wrong with an answer, in words that a reflection model can learn from."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.metrics import (
    extraction_to_pairs,
    field_scores,
    find_metric,
    is_form_gold,
    normalise,
    score_document,
)
from graph.state import OutputState
from schemas.pointers import get

# Enough to see a habit; a page that was read wrongly as a whole would fill the request with itself.
_MAX_LINES = 30


def score_result(document: str, expected: Mapping[str, Any], result: OutputState | None) -> float:
    """Return a document's F1 over pairs, or its share of right fields; an unread document has 0."""
    scores = score_document(document, expected, result)
    metric = find_metric("pair_f1" if scores.form else "field_accuracy")
    ratio = metric.of(scores)
    value = ratio.value if ratio else None
    return metric.of_nothing if value is None else value


def describe_mistakes(expected: Mapping[str, Any], result: OutputState | None) -> str:
    """List what was missed, read wrongly and added, a line each; "nothing" where all is right."""
    if result is None:
        return "the run failed and gave no answer"
    extraction = result["extraction"] or {}
    find = _form_mistakes if is_form_gold(expected) else _field_mistakes
    lines = list(find(expected, extraction))
    lines += [
        f"the answer broke a rule at {error['path']}: {error['message']}" for error in result["validation_errors"]
    ]
    if len(lines) > _MAX_LINES:
        lines = [*lines[:_MAX_LINES], f"and {len(lines) - _MAX_LINES} more"]
    return "\n".join(lines) or "nothing"


def _form_mistakes(expected: Mapping[str, Any], extraction: Mapping[str, Any]) -> Iterator[str]:
    gold, found = extraction_to_pairs(expected), extraction_to_pairs(extraction)
    right = Counter(map(_comparable, gold)) & Counter(map(_comparable, found))
    missed, added = _without(gold, right), _without(found, right)
    for key, value in missed:
        given = [other for name, other in added if normalise(name) == normalise(key)]
        yield f"'{key}': expected '{value}', " + (f"answered '{given[0]}'" if given else "not answered")
    keys = {normalise(key) for key, _ in missed}
    yield from (f"'{key}': '{value}' was not expected" for key, value in added if normalise(key) not in keys)


def _comparable(pair: tuple[str, str]) -> tuple[str, str]:
    return normalise(pair[0]), normalise(pair[1])


def _without(pairs: list[tuple[str, str]], right: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    left = right.copy()
    rest = []
    for pair in pairs:
        if left[_comparable(pair)]:
            left[_comparable(pair)] -= 1
        else:
            rest.append(pair)
    return rest


def _field_mistakes(expected: Mapping[str, Any], extraction: Mapping[str, Any]) -> Iterator[str]:
    for pointer, is_right in field_scores(expected, extraction).items():
        if not is_right:
            yield f"{pointer}: expected {get(expected, pointer)!r}, answered {get(extraction, pointer)!r}"
