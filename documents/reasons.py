"""Why a doubtful value is one to look at, in words for a reviewer."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from documents.confidence import Verdict, contradiction, has_text
from documents.grounding import Place, Value
from documents.notation import normalise

_NOWHERE = "does not stand on the page"
# Longer stretches of a page than this are shown cut.
_SHOWN_CHARS = 60


def give_reason(value: Value, place: Place, labels: Sequence[str], verdict: Verdict | None) -> str:
    """Say in one clause what speaks against a value; `labels` are what stands beside its place."""
    if verdict and verdict.says == "differs":
        here = _NOWHERE if place["grounding"] == "missing" else f"stands {_beside(*labels[:1]) or 'on the page'}"
        there = f"the page reads {_shown(verdict.text)} {_beside(verdict.label)}".rstrip()
        return f"{here}; {there}" if has_text(value) else there
    if place["grounding"] == "missing":
        return _NOWHERE
    if contradiction(value, place):
        return "; ".join(_differences(_words(str(value)), _words(place["text"] or "")))
    return "the page is hard to read there"


def _beside(label: str = "") -> str:
    return f"beside {_shown(label.strip(' :'))}" if label else ""


def _shown(text: str) -> str:
    return f"'{text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + '…'}'"


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if normalise(word)]


def _differences(answer: list[str], page: list[str]) -> list[str]:
    """Return a clause for each run of words that differs in letters or digits."""
    codes = SequenceMatcher(None, [*map(normalise, answer)], [*map(normalise, page)], autojunk=False).get_opcodes()
    runs = [(" ".join(answer[i:j]), " ".join(page[k:n])) for kind, i, j, k, n in codes if kind != "equal"]
    return [_difference(said, read) for said, read in runs if normalise(said) != normalise(read)]


def _difference(said: str, read: str) -> str:
    if not read:
        return f"the page does not read {_shown(said)} there"
    if not said:
        return f"the answer leaves out {_shown(read)}"
    return f"the page reads {_shown(read)}, the answer says {_shown(said)}"
