"""What one run has to hide, and its texts, values and words without it.

Who writes something of a run down puts it through here: `graph.redaction.spans` for traces, the service for its request
log and for corrections.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from documents.grounding import ground
from documents.page import BBox, Word
from documents.redaction import REDACTED, Mask, words_at, words_to_hide
from documents.word_index import PageIndex
from graph.redaction.rules import KEY, Pointer, Redaction, concerns, is_chosen
from schemas.pointers import join, populated
from schemas.repair import now
from schemas.target import REGISTERED


@dataclass(frozen=True)
class Hidden:
    """What one run hides, and how."""

    pointers: Sequence[Pointer]
    mask: Mask
    quotes: Sequence[str] = ()
    """Texts that quote values, perhaps cut short; hidden as a whole."""
    places: Sequence[tuple[int, BBox]] = ()
    """Where values stand: page, from 0, and box."""
    has_fields: bool = False
    """Whether values are hidden by their place in the answer."""
    unplaced: str | None = None
    """What may stand anywhere on the pages, so that nothing of them can be shown; None for nothing."""

    def text(self, text: str) -> str:
        """Return a text without what is hidden."""
        for quote in self.quotes:
            text = text.replace(quote, REDACTED)
        return self.mask.hide(text)

    def extraction(self, value: Any, path: str = "") -> Any:
        """Return an extraction, or the part of one at a pointer, without what is hidden.

        A number elsewhere goes too where it is written as a hidden text.
        """
        if isinstance(value, dict):
            return {key: self.extraction(inner, join(path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.extraction(inner, join(path, index)) for index, inner in enumerate(value)]
        if value is None:
            return None
        if is_chosen(path, self.pointers):
            return REDACTED
        if isinstance(value, str):
            return self.text(value)
        return value if all(self.mask.hide(text) == text for text in written(value)) else REDACTED

    def words(self, page_index: int, words: Sequence[Word]) -> set[int]:
        """Return which of a page's words to hide: whole words, and wherever the text of a value stands again."""
        boxes = [box for page, box in self.places if page == page_index]
        return words_at(words, boxes) | words_to_hide(words, self.mask)


def make_hidden(
    redaction: Redaction, rounds: Sequence[Mapping[str, Any]], pages: Sequence[Sequence[Word]] | None
) -> Hidden:
    """Work out what a run has to hide.

    Args:
        redaction: what is chosen.
        rounds: each `extraction` of the run, with its `fields` and `validation_errors` where there are any; the last
            one is the run's result, with its `target_schema`.
        pages: the words of each page; None where they were not read.
    """
    pointers = [pointer for each in rounds for pointer in redaction.pointers_in(each.get("extraction"))]
    values = [
        value for each in rounds for path, value in populated(each.get("extraction")) if is_chosen(path, pointers)
    ]
    fields = [field for each in rounds for field in each.get("fields") or [] if is_chosen(field["path"], pointers)]
    # Each round lists them again.
    places = list(dict.fromkeys((field["page_index"], tuple(field["bbox"])) for field in fields if field["bbox"]))
    texts = [text for value in values for text in written(value)]
    texts += [_text_at(pages[index], box) for index, box in places] if pages else []
    quotes = [quote for each in rounds for quote in _quotes(each, pointers)] if redaction.has_fields else []
    unplaced = "words that were not read" if pages is None else None
    if pages is not None and redaction.has_fields:
        unplaced = _find_unplaced(redaction, rounds[-1] if rounds else {}, pages)
    longest_first = sorted(set(quotes) - {""}, key=len, reverse=True)
    return Hidden(pointers, Mask(texts, redaction.patterns), longest_first, places, redaction.has_fields, unplaced)


def hide_extraction(extraction: Mapping[str, Any], redaction: Redaction) -> Any:
    """Return an extraction that stands for itself, as a reviewer's does, with `REDACTED` for what is chosen."""
    return make_hidden(redaction, [{"extraction": extraction}], []).extraction(extraction)


def written(value: Any) -> list[str]:
    """Return how a value is written: a number with a fraction as an amount too."""
    is_amount = isinstance(value, float | Decimal)
    return [str(value), f"{value:.2f}"] if is_amount else [str(value)]


def _text_at(words: Sequence[Word], box: BBox) -> str:
    return " ".join(words[index].text for index in sorted(words_at(words, [box])))


def _quotes(each: Mapping[str, Any], pointers: Sequence[Pointer]) -> Iterator[str]:
    """Yield what is said of chosen values, to the chat model too; a broken rule is said of several fields at once."""
    for error in each.get("validation_errors") or []:
        if error["kind"] == "rule" or concerns(error["path"], pointers):
            yield error["message"]
            if each.get("extraction") is not None:
                yield now(each["extraction"], error["path"])


def _find_unplaced(redaction: Redaction, result: Mapping[str, Any], pages: Sequence[Sequence[Word]]) -> str | None:
    """Name a chosen field that has a value, or may have one, that nobody knows the place of; None for none.

    What the answer leaves empty may stand on the page all the same.
    """
    extraction = result.get("extraction") or {}
    placed = {field["path"] for field in result.get("fields") or [] if field["bbox"] is not None}
    values = [path for path, _ in populated(extraction)]
    schema = REGISTERED.get(str(result.get("target_schema")))
    for pointer in redaction.pointers:
        found = [path for path in values if is_chosen(path, [pointer])]
        # Of a schema that isn't registered nobody knows here what else it has.
        if (schema is None or pointer[0] in schema.model_fields) and (not found or not placed.issuperset(found)):
            return "/" + "/".join(pointer)
    for key in redaction.keys if "pairs" in extraction else ():
        pointers = Redaction(keys=(key,)).pointers_in(extraction)
        found = [path for path in values if is_chosen(path, pointers)]
        if not placed.issuperset(found) or (not found and _stands_there(key, pages)):
            return KEY + key
    # The form that was not understood at all.
    return KEY + redaction.keys[0] if redaction.keys and not extraction else None


def _stands_there(key: str, pages: Sequence[Sequence[Word]]) -> bool:
    return ground(key, [PageIndex(words) for words in pages])["grounding"] != "missing"
