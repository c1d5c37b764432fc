"""Scores that give part of the credit for nearly right text."""

from collections.abc import Sequence
from typing import Any

from rapidfuzz.distance import Levenshtein

from evaluation.metrics.pairs import TextPair
from evaluation.metrics.ratio import Ratio


def one_minus_ned(expected: Sequence[TextPair], predicted: Sequence[TextPair]) -> Ratio:
    """Score pairs by 1 - normalised edit distance, as the study of GPT-4V's OCR does (arXiv 2310.16809).

    Each expected pair, in order, takes the unused prediction with the smallest Levenshtein(key + value) / longer
    length; every surplus pair on either side costs 1. Texts are compared as they are.

    Returns:
        max(expected, predicted) - summed cost, over max(expected, predicted): add documents up, then divide.
    """
    unused = [key + value for key, value in predicted]
    cost = float(abs(len(expected) - len(predicted)))
    for key, value in expected[: len(unused)]:
        costs = [Levenshtein.normalized_distance(key + value, text) for text in unused]
        nearest = min(range(len(unused)), key=costs.__getitem__)
        cost += costs[nearest]
        del unused[nearest]
    whole = max(len(expected), len(predicted))
    return Ratio(whole - cost, whole)


def anls_star(expected: Any, predicted: Any) -> float:
    """Return ANLS* (arXiv 2402.03848) of nested objects, lists and values, 0 to 1.

    Properties are compared by name, items of lists as they fit best, texts by 1 - Levenshtein / longer length, which
    counts from a half up. No answer at all (None) is 0. Comparing two long lists of objects takes seconds.
    """
    from anls_star import anls_score  # noqa: PLC0415 - only scoring needs it

    if predicted is None:
        return 0.0
    return float(anls_score(expected, predicted, return_gt=False, return_key_scores=False))
