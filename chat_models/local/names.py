"""Match a schema's property to the keys printed on a page."""

import re
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz

from chat_models.local.checkboxes import Choice
from chat_models.local.pairs import Pair
from schemas.references import JsonSchema

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# How forms abbreviate what schemas spell out.
_ABBREVIATIONS = {
    "#": "number", "no": "number", "nr": "number", "num": "number", "tel": "phone", "telephone": "phone", "ph": "phone",
    "dept": "department", "amt": "amount", "qty": "quantity", "addr": "address", "dob": "date of birth",
    "ref": "reference", "acct": "account", "desc": "description", "e-mail": "email", "id": "identification",
}  # fmt: skip
# Below this, "total" meets "subtotal" (77) and "name" meets "game" (75).
_MIN_SIMILARITY = 80.0
# A key that has more words than the property ("Invoice date" for `date`) is worth less than one that has the same.
_SUBSET_WEIGHT = 0.85
# Words that turn a key into another thing's: "GST ID" is no amount of GST, "Company No" no company, "Sub Total" none.
_IDENTIFIERS = {"identification", "number", "registration", "reg", "code", "quantity", "sub"}


def property_names(name: str, json_schema: JsonSchema) -> list[str]:
    """Return what a property may be called on paper, normalised: name, title, aliases, and a short description."""
    description = str(json_schema.get("description", ""))
    spoken = [name, json_schema.get("title", ""), *_aliases(json_schema)]
    # A description of a few words names the thing; a longer one explains it.
    if len(description.split()) <= 3:
        spoken.append(description)
    return list(dict.fromkeys(filter(None, map(normalise_name, spoken))))


def normalise_name(text: str) -> str:
    """Split camel and snake case, spell out abbreviations, drop case and punctuation."""
    words = re.findall(r"[^\W_]+(?:-[^\W_]+)*|#", _CAMEL.sub(" ", text).casefold())
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)


def best_pair(names: Sequence[str], pairs: Sequence[Pair]) -> Pair | None:
    """Return the pair whose key is most like one of the names, the first of equals; None where none is like it."""
    index = _best(names, [pair.key_text for pair in pairs])
    return None if index is None else pairs[index]


def best_choice(names: Sequence[str], choices: Sequence[Choice]) -> Choice | None:
    """Return the box to tick whose wording is most like one of the names, the first of equals; None where none is."""
    index = _best(names, [choice.wording for choice in choices])
    return None if index is None else choices[index]


def label_likeness(names: Sequence[str], label: str) -> float:
    """Return how like a printed label is to one of the names, 0 to 1; 0 below what counts as like.

    Of a row such as "No. 12 Date:" only what follows the last colon inside it and no figures count.
    """
    last = label.strip(" :.").rpartition(":")[2]
    words = [word for word in last.split() if not any(char.isdigit() for char in word)]
    similarity = _similarity(names, normalise_name(" ".join(words)))
    return similarity / 100 if similarity >= _MIN_SIMILARITY else 0.0


def _best(names: Sequence[str], texts: Sequence[str]) -> int | None:
    scores = [_similarity(names, normalise_name(text)) for text in texts]
    best = max(range(len(scores)), key=lambda index: scores[index], default=None)
    return best if best is not None and scores[best] >= _MIN_SIMILARITY else None


def _similarity(names: Sequence[str], key: str) -> float:
    return max((_name_similarity(name, key) for name in names), default=0.0)


def _name_similarity(name: str, key: str) -> float:
    whole = fuzz.token_sort_ratio(name, key)
    further = set(key.split()) - set(name.split())
    within = set(name.split()) <= set(key.split()) and not further & _IDENTIFIERS
    return max(whole, 100 * _SUBSET_WEIGHT if within else 0.0)


def _aliases(json_schema: JsonSchema) -> Iterator[str]:
    for keyword in ("aliases", "x-aliases"):
        yield from map(str, json_schema.get(keyword, []))
