"""The exact key-value accuracy of MLflow's article on OCR, for comparison with the figures reported there."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def clean_key(key: str) -> str:
    """Keep word characters, blanks, "-" and "_"; collapse the blanks, trim, upper case."""
    kept = re.sub(r"[^\w\s-]", "", key)
    return re.sub(r"\s+", " ", kept).strip().upper()


def key_value_accuracy(expected: Mapping[str, Sequence[str]], predicted: Any) -> float:
    """Return the share of expected values that stand, exactly equal, in the predicted list of the same cleaned key.

    Surplus predictions cost nothing, and one predicted value answers for every equal expected one: both are so in the
    article, and why pair F1 is the headline. 0 when nothing is expected or the prediction is no mapping.

    Args:
        expected: each key's values.
        predicted: the same, if all is well.
    """
    gold = with_clean_keys(expected)
    total = sum(map(len, gold.values()))
    if not total or not isinstance(predicted, Mapping):
        return 0.0
    found = with_clean_keys(predicted)
    return sum(value in found.get(key, []) for key, values in gold.items() for value in values) / total


def p90(scores: Iterable[float]) -> float:
    """Return the article's 90th percentile, `sorted(scores)[int(0.9 n)]`: nine in ten scores lie below or at it.

    Raises:
        IndexError: there are no scores.
    """
    ordered = sorted(scores)
    return ordered[int(0.9 * len(ordered))]


def with_clean_keys(key_values: Mapping[Any, Any]) -> dict[str, list[Any]]:
    """Put keys together that are the same once cleaned; keys without values go, and so does what is no list."""
    cleaned: dict[str, list[Any]] = defaultdict(list)
    for key, values in key_values.items():
        if values and isinstance(values, list | tuple):
            cleaned[clean_key(str(key))] += values
    return cleaned
