"""How probably each value of an answer is right, where the models that read it say so."""

import re
from collections.abc import Sequence
from typing import Any

from chat_models.local.pairs import Pair
from schemas.pointers import leaves

_IN_PAIR = re.compile(r"/\d+/(?:key|values/\d+)$")


def pair_confidences(filled: Any, pairs: Sequence[Pair]) -> dict[str, float]:
    """Return the probability of each key and value of the pairs in an answer, by JSON pointer.

    A key is as probable as the likeliest of its values. Pairs found by rules, and fields with names of their own, have
    none: the models judge that a pair is right, not that its key is the one a field means.
    """
    known: dict[str, tuple[str, float]] = {}
    for index, pair in enumerate(pairs):
        if pair.scores:
            known[f"/{index}/key"] = (pair.key_text, max(pair.scores))
        known |= {f"/{index}/values/{number}": scored for number, scored in enumerate(pair.scored_values)}
    found = {}
    for pointer, leaf in leaves(filled):
        place = _IN_PAIR.search(pointer)
        if place and place.group() in known:
            text, score = known[place.group()]
            if leaf == text:  # else the list is another one
                found[pointer] = score
    return found
