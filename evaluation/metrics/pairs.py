"""How well predicted key-value pairs match the expected ones.

A pair is one key with one of its values. Pairs are matched one to one: a pair predicted twice is right at most as
often as it is expected, and the surplus one is wrong, since duplicates stay in the denominators. Counts of several
documents add up to the micro average.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TextPair = tuple[str, str]


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
    """Flatten an extraction of the `form` schema: one pair for each value, in order.

    The answer of a chat model may not fit the schema; what is no text under a text gives no pair.
    """
    return [(key, value) for key, values in _answers(extraction) for value in values]


def extraction_to_key_values(extraction: Mapping[str, Any]) -> dict[str, list[str]]:
    """Turn an extraction of the `form` schema into each key's values; a key that stands twice has those of both."""
    key_values: dict[str, list[str]] = {}
    for key, values in _answers(extraction):
        key_values.setdefault(key, []).extend(values)
    return key_values


def _answers(extraction: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    pairs = extraction.get("pairs")
    for pair in pairs if isinstance(pairs, list) else []:
        key, values = (pair.get("key"), pair.get("values")) if isinstance(pair, Mapping) else (None, None)
        if isinstance(key, str) and isinstance(values, list):
            yield key, [value for value in values if isinstance(value, str)]


def normalise(text: str) -> str:
    """Fold the case and drop everything but letters and digits, of any script."""
    return "".join(character for character in text.casefold() if character.isalnum())


def raw_counts(expected: Iterable[TextPair], predicted: Iterable[TextPair]) -> PairCounts:
    """Count pairs whose key and value both equal as they are, blanks at the ends aside."""
    return _counts(_trimmed(expected), _trimmed(predicted))


def exact_counts(expected: Iterable[TextPair], predicted: Iterable[TextPair]) -> PairCounts:
    """Count pairs whose normalised key and value both equal.

    A text of symbols alone is empty once normalised and equals nothing, yet its pair stays in the denominators.
    """
    return _counts(normalised(expected), normalised(predicted))


def key_counts(expected: Iterable[TextPair], predicted: Iterable[TextPair]) -> PairCounts:
    """Count pairs whose normalised key equals, whatever the value; a key counts as often as it has values.

    Of these pairs those in `exact_counts` have the right value too: the ratio of both is value accuracy given the key.
    """
    return _counts(*([(key, key) for key, _ in normalised(pairs)] for pairs in (expected, predicted)))


def _counts(gold: Sequence[TextPair], found: Sequence[TextPair]) -> PairCounts:
    matched = Counter(filter(all, gold)) & Counter(filter(all, found))
    return PairCounts(matched.total(), len(found), len(gold))


def _trimmed(pairs: Iterable[TextPair]) -> list[TextPair]:
    return [(key.strip(), value.strip()) for key, value in pairs]


def normalised(pairs: Iterable[TextPair]) -> list[TextPair]:
    """Normalise both texts of each pair; a text of symbols alone becomes empty."""
    return [(normalise(key), normalise(value)) for key, value in pairs]
