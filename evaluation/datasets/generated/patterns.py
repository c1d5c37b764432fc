"""Patterns with slots for words."""

import re
from random import Random

from evaluation.datasets.generated import vocabulary as words

_SLOTS = {
    "thing": words.THINGS,
    "product": words.PRODUCTS,
    "quality": words.QUALITIES,
    "deed": words.DEEDS,
    "event": words.EVENTS,
    "role": words.ROLES,
    "department": words.DEPARTMENTS,
    "aside": words.ASIDES,
    "limit": words.LIMITS,
    "form": words.FORM_NOUNS,
    "verb": words.VERBS,
    "adverb": words.ADVERBS,
    "name": words.LAST_NAMES,
    "sum": words.entries("Cost, Amount, Budget, Price, Total, Balance, Expense, Charge, Fee, Value, Allowance, Rate"),
    "no": ["No.", "No.", "Number", "Number", "#", "Code", "Code No.", "ID"],
}
_SLOT = re.compile(r"\{(\w+)\}")
# Real forms are full of words that no training has seen. If the forms of a training shared all theirs, it would learn
# to trust wording far more than it may elsewhere.
_COINED = 0.4
_OPEN = frozenset({"thing", "product", "quality", "role", "department", "name", "deed", "event"})
_ONSETS = [*"bcdfghlmnprstvw", "br", "ch", "cl", "cr", "dr", "fl", "gr", "pl", "pr", "sh", "sp", "st", "th", "tr"]
_NUCLEI = [*"aeioaeiou", "ai", "ea", "er", "in", "on", "or", "ou", "ar", "en"]
_CODAS = ["", "", "n", "t", "s", "r", "l", "m", "nd", "st", "ck", "ng", "d", "x"]
# Words that stay small in titles.
_SMALL = frozenset(["of", "the", "for", "to", "by", "and", "or", "in", "per", "on", "with", "from", "at", "as", "if"])


def fill(pattern: str, chance: Random) -> str:
    """Put words of the vocabulary, or coined ones, into the `{slots}` of a pattern."""
    return _SLOT.sub(lambda slot: _word(slot[1], chance), pattern)


def coin(chance: Random) -> str:
    """Make up a word that no list holds: two to four syllables."""
    count = chance.choice([2, 2, 3, 3, 4])
    return "".join(chance.choice(_ONSETS) + chance.choice(_NUCLEI) for _ in range(count)) + chance.choice(_CODAS)


def _word(slot: str, chance: Random) -> str:
    if slot in _OPEN and chance.random() < _COINED:
        return coin(chance)
    return chance.choice(_SLOTS[slot])


def capitalise(text: str) -> str:
    """Begin the words with capitals, but for the small ones."""
    return " ".join(
        word if index and word in _SMALL else word[0].upper() + word[1:] for index, word in enumerate(text.split())
    )
