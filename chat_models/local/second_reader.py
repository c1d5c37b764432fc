"""The local reader as a witness: it reads the same words again by its rules, without having seen the answer."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any

from chat_models.local.fields import fill_schema
from chat_models.local.names import label_likeness, property_names
from chat_models.local.pairs import PageWords
from chat_models.local.reader import read_pages
from documents.confidence import SILENT, Verdict
from documents.grounding import Likeness, Place, Value, ground, labels_beside, means_same
from documents.notation import find_dates, is_figures, normalise, read_whole
from documents.word_index import PageIndex
from schemas.pointers import get, name_of, record_of
from schemas.purchase import TOLERANCE
from schemas.references import JsonSchema, make_validator, with_definitions
from schemas.repair import schema_at


class SecondReader:
    """Reads the named fields of a schema once, when first asked: milliseconds, as the words are there already."""

    def __init__(self, json_schema: JsonSchema, pages: Sequence[PageWords], indices: Sequence[PageIndex]) -> None:
        self._json_schema = json_schema
        self._pages = pages
        self._indices = indices

    def likeness(self, path: str) -> Likeness | None:
        """Return how like labels are to the field at a pointer; None within lists, whose values have no labels."""
        if record_of(path) != path:
            return None
        return partial(label_likeness, property_names(name_of(path), schema_at(self._json_schema, path)))

    def testify(self, path: str, value: Value, place: Place) -> Verdict | None:
        """Hold a value against the own reading of its field; None where it has no field of its own to read.

        A value that stands on the page differs only if it is figures, and has no label as good as the reader's has.
        """
        likeness = self.likeness(path)
        if likeness is None:
            return None
        other = get(self._reading, path)
        # Zeros stand beside many labels of a till receipt; no answer is held against one.
        if not other or isinstance(value, bool) or not self._is_value_of(path, other):
            return SILENT
        if _is_same(value, other):
            return Verdict("agrees")
        there = ground(other, self._indices, likeness=likeness)
        if there["grounding"] == "missing" or _may_be_same(value, other):
            return SILENT
        label = max(labels_beside(there, self._indices), key=likeness, default="")
        differs = Verdict("differs", there["text"] or "", label if likeness(label) else "")
        if place["grounding"] == "missing":
            return differs
        own = max(map(likeness, labels_beside(place, self._indices)), default=0.0)
        has_its_label = own > 0 and own >= likeness(label)
        return SILENT if has_its_label or not is_figures(str(value)) else differs

    def _is_value_of(self, path: str, read: Any) -> bool:
        """Tell whether what was read could be the field's value; a date in another notation could."""
        declared = with_definitions(schema_at(self._json_schema, path), self._json_schema)
        return make_validator(declared, with_formats=False).is_valid(read)

    @cached_property
    def _reading(self) -> dict[str, Any]:
        return fill_schema(self._json_schema, read_pages(self._pages))


def _is_same(value: Value, other: Any) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        return round(value - other, 2) == 0
    if normalise(str(value)) == normalise(str(other)):
        return True
    said, read = str(value), str(other)
    return means_same(said, read_whole(said, find_dates), read, read_whole(read, find_dates))


def _may_be_same(value: Value, other: Any) -> bool:
    """Tell whether the two are apart by the rounding of cash only, or the reader has just a part of the value."""
    if isinstance(value, int | float) and isinstance(other, int | float):
        return round(abs(value - other), 2) <= TOLERANCE
    return normalise(str(other)) in normalise(str(value))
