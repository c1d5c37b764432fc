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
    "sum": [
        "Cost",
        "Amount",
        "Budget",
        "Price",
        "Total",
        "Balance",
        "Expense",
        "Charge",
        "Fee",
        "Value",
        "Allowance",
        "Rate",
    ],
    "no": ["No.", "No.", "Number", "Number", "#", "Code", "Code No.", "ID"],
}
_SLOT = re.compile(r"\{(\w+)\}")
# Words that stay small in titles.
_SMALL = frozenset(["of", "the", "for", "to", "by", "and", "or", "in", "per", "on", "with", "from", "at", "as", "if"])


def fill(pattern: str, chance: Random) -> str:
    """Put words of the vocabulary into the `{slots}` of a pattern."""
    return _SLOT.sub(lambda slot: chance.choice(_SLOTS[slot[1]]), pattern)


def capitalise(text: str) -> str:
    """Begin the words with capitals, but for the small ones."""
    return " ".join(
        word if index and word in _SMALL else word[0].upper() + word[1:] for index, word in enumerate(text.split())
    )
