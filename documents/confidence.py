"""How surely a value is right, by what the page says of it; and why a reviewer should look at it."""

from typing import Literal

from rapidfuzz.distance import Levenshtein

from documents.grounding import Place, Value
from documents.lookalikes import look_alike
from documents.notation import normalise

Verdict = Literal["agrees", "silent", "differs"]
"""What a second reader of the same page says of the value."""

DOUBTFUL = 0.5
"""Below this a value is more likely wrong than right, and is one to look at."""

_SILENT = 0.9
_DIFFERS = 0.4
_CONTRADICTED = 0.8
_UNSEEN = 0.3
_AMBIGUOUS = 0.9


def weigh(value: Value, place: Place, verdict: Verdict = "silent") -> float:
    """Return the confidence, 0 to 1."""
    if place["grounding"] == "missing":
        return 0.0 if verdict == "differs" else _UNSEEN
    confidence = (1 + place["score"]) / 2
    norm, there = normalise(str(value)), normalise(place["text"] or "")
    if place["grounding"] == "close":
        confidence *= Levenshtein.normalized_similarity(norm, there)
        if not look_alike(norm, there):
            confidence *= 1 - _CONTRADICTED * place["score"]
    if verdict == "agrees":
        return confidence
    if place["grounding"] == "ambiguous":
        confidence *= _AMBIGUOUS
    return confidence * (_DIFFERS if verdict == "differs" else _SILENT)
