"""How well predicted key-value pairs match the expected ones.

A pair is one key with one of its values. Pairs are matched one to one, so a pair predicted twice is right at most
as often as it is expected. Counts of several documents add up to the micro average.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import Levenshtein

TextPair = tuple[str, str]

# Two readings of the same text by different OCR engines usually differ in less than one character in five.
FUZZY_SIMILARITY = 0.8


@dataclass(frozen=True)
class PairCounts:
    """How many pairs matched, were predicted and were expected; `+` pools documents."""

    matched: int = 0
    predicted: int = 0
    expected: int = 0

    def __add__(self, other: "PairCounts") -> "PairCounts":
        return PairCounts(
            self.matched + other.matched, self.predicted + other.predicted, self.expected + other.expected
        )

    @property
    def precision(self) -> float:
        """Share of the predicted pairs that are right; 1 where nothing was predicted and nothing expected."""
        return self._share(self.predicted)

    @property
    def recall(self) -> float:
        """Share of the expected pairs that were found; 1 where nothing was predicted and nothing expected."""
        return self._share(self.expected)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where nothing was predicted and nothing expected."""
        return 2 * self.matched / total if (total := self.predicted + self.expected) else 1.0

    def _share(self, whole: int) -> float:
        if whole:
            return self.matched / whole
        return 1.0 if self.predicted == self.expected else 0.0


def extraction_to_pairs(extraction: Mapping[str, Any]) -> list[TextPair]:
    """Flatten an extraction of the `form` schema: one pair for each value, in order."""
    return [(pair["key"], value) for pair in extraction.get("pairs", []) for value in pair["values"]]


def normalise(text: str) -> str:
    """Fold the case and drop everything but letters and digits, of any script."""
    return "".join(character for character in text.casefold() if character.isalnum())


def exact_counts(expected: Iterable[TextPair], predicted: Iterable[TextPair]) -> PairCounts:
    """Count pairs whose normalised key and value both equal.

    A text of symbols alone is empty once normalised and equals nothing, yet its pair stays in the denominators.
    """
    gold, found = _normalised(expected), _normalised(predicted)
    comparable = Counter(filter(all, gold)) & Counter(filter(all, found))
    return PairCounts(comparable.total(), len(found), len(gold))


def fuzzy_counts(expected: Iterable[TextPair], predicted: Iterable[TextPair]) -> PairCounts:
    """Count pairs whose normalised key and value are both similar: 1 - Levenshtein / longer length >= 0.8.

    Pairs are assigned best first, not by an optimal assignment, which could differ only where several pairs of a
    document are similar to each other.
    """
    gold, found = _normalised(expected), _normalised(predicted)
    candidates = sorted(_similar_pairs(gold, found), reverse=True)
    used_gold: set[int] = set()
    used_found: set[int] = set()
    for _, gold_index, found_index in candidates:
        if gold_index not in used_gold and found_index not in used_found:
            used_gold.add(gold_index)
            used_found.add(found_index)
    return PairCounts(len(used_gold), len(found), len(gold))


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


def _normalised(pairs: Iterable[TextPair]) -> list[TextPair]:
    return [(normalise(key), normalise(value)) for key, value in pairs]
