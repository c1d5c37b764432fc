"""How surely a value is right, by what the page says of it, and what speaks against it in words.

The chat model and the page's words are two readings of one document. Where they agree the value is probably right;
where the page says something else in its place, it is probably wrong; where the page says nothing, nobody knows.
"""

from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

from documents.grounding import Place, Value
from documents.lookalikes import fold, look_alike
from documents.notation import normalise

Says = Literal["agrees", "silent", "differs"]

DOUBTFUL = 0.5
"""Below this a value is more likely wrong than right: one to look at, with a reason."""

# The shares behind these are in docs/experiments.md, "What the witness catches"; they are rounded, as the cases are
# few, and only their order and their side of DOUBTFUL matter to what is flagged.
# A value that no second reading confirms may play another role. Where that finds another value beside the field's own
# label, it does: nine in ten amounts taken from elsewhere on a receipt are told by it, and no right one.
_PLACED: dict[Says, float] = {"agrees": 1.0, "silent": 0.9, "differs": 0.4}
# Not on the page, and nothing else in its place: as often unread as invented. A second reader that agrees has it from
# words that were not recognised as the value.
_UNSEEN = 0.3
_MISSING: dict[Says, float] = {"agrees": DOUBTFUL, "silent": _UNSEEN, "differs": 0.0}
# Surely read text that differs in more than look-alikes: ten in twelve such answers were wrong.
_CONTRADICTED = 0.8
# A word in which the reader may have misread 0.4 characters contradicts nothing: on the recorded answers and SROIE's
# annotations the words that it had misread were at 0.17 and more, those that it had read right at 0.14 and less.
_UNSURE = 0.4


class Verdict(NamedTuple):
    """What a second reader of the same words says of a value."""

    says: Says
    text: str = ""
    """What it reads instead, where it differs."""
    label: str = ""
    """The field's label beside that, if there is one."""


SILENT = Verdict("silent")


def has_text(value: Value) -> bool:
    """Tell whether a value can be looked for: a truth value or a lone sign ("$") has no text that a page could read."""
    return not isinstance(value, bool) and bool(normalise(str(value)))


def weigh(value: Value, place: Place, verdict: Verdict | None = None) -> float:
    """Return the confidence that a value is right, 0 to 1; in how many places it stands says nothing against it.

    `verdict` is None where no second reader was asked.
    """
    if place["grounding"] == "missing":
        says = "silent" if verdict is None else verdict.says
        return DOUBTFUL if says == "silent" and not has_text(value) else _MISSING[says]
    # A text that both read is less doubtful than the page's reader alone was of it.
    confidence = (1 + place["score"]) / 2
    if place["grounding"] == "close":
        norm, there = _texts(value, place)
        confidence *= Levenshtein.normalized_similarity(norm, there)
        confidence *= 1 - _CONTRADICTED * contradiction(value, place)
    return confidence if verdict is None else confidence * _PLACED[verdict.says]


def contradiction(value: Value, place: Place) -> float:
    """Return how surely the page reads something else in the value's place, 0 to 1; look-alikes don't count."""
    norm, there = _texts(value, place)
    if place["grounding"] != "close" or look_alike(norm, there):
        return 0.0
    edits = Levenshtein.editops(fold(there), fold(norm))
    surest = min(place["misread"][min(edit.src_pos, len(place["misread"]) - 1)] for edit in edits)
    return max(0.0, 1 - surest / _UNSURE)


def _texts(value: Value, place: Place) -> tuple[str, str]:
    return normalise(str(value)), normalise(place["text"] or "")
