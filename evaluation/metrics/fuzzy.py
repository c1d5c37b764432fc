"""Pairs that resemble each other, and pairs that resemble nothing."""

from collections.abc import Iterable, Sequence

from rapidfuzz.distance import Levenshtein

from evaluation.metrics.pairs import PairCounts, TextPair, normalised
from evaluation.metrics.ratio import Ratio

# Two readings of the same text by different OCR engines usually differ in less than one character in five.
FUZZY_SIMILARITY = 0.8


def fuzzy_counts(expected: Iterable[TextPair], predicted: Iterable[TextPair]) -> PairCounts:
    """Count pairs whose normalised key and value are both similar: 1 - Levenshtein / longer length >= 0.8.

    Pairs are assigned best first, not by an optimal assignment, which could differ only where several pairs of a
    document are similar to each other.
    """
    gold, found = normalised(expected), normalised(predicted)
    candidates = sorted(_similar_pairs(gold, found), reverse=True)
    used_gold: set[int] = set()
    used_found: set[int] = set()
    for _, gold_index, found_index in candidates:
        if gold_index not in used_gold and found_index not in used_found:
            used_gold.add(gold_index)
            used_found.add(found_index)
    return PairCounts(len(used_gold), len(found), len(gold))


def invented_pairs(expected: Iterable[TextPair], predicted: Iterable[TextPair]) -> Ratio:
    """Count the predicted pairs that the gold knows nothing of, over all predicted ones.

    Such a pair has a key like no expected key, and a value that is neither like an expected key or value nor part of
    one. So a misread value under its key, and a value put under a wrong key, are wrong but not invented.
    """
    gold, found = normalised(expected), normalised(predicted)
    keys = {key for key, _ in gold}
    texts = keys | {value for _, value in gold}
    invented = (not _resembles(key, keys) and not _resembles(value, texts, parts=True) for key, value in found)
    return Ratio(sum(invented), len(found))


def _resembles(text: str, others: Iterable[str], *, parts: bool = False) -> bool:
    return any(_similarity(text, other) or (parts and text and text in other) for other in others)


def _similar_pairs(gold: Sequence[TextPair], found: Sequence[TextPair]) -> Iterable[tuple[float, int, int]]:
    for gold_index, (gold_key, gold_value) in enumerate(gold):
        for found_index, (key, value) in enumerate(found):
            key_similarity = _similarity(gold_key, key)
            value_similarity = _similarity(gold_value, value) if key_similarity else 0.0
            if key_similarity and value_similarity:
                yield key_similarity + value_similarity, gold_index, found_index


def _similarity(left: str, right: str) -> float:
    """Similarity from FUZZY_SIMILARITY to 1, or 0 where it is less or a text is empty."""
    if not left or not right:
        return 0.0
    # Not rapidfuzz's own score_cutoff: it drops a similarity of exactly 0.8.
    similarity = Levenshtein.normalized_similarity(left, right)
    return similarity if similarity >= FUZZY_SIMILARITY else 0.0
