"""Place each value of the answer on the page, and say how surely it is right and why it may not be."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from chat_models.local.names import label_likeness, property_names
from chat_models.local.pairs import PageWords
from chat_models.local.second_reader import read_again
from documents.confidence import Verdict, weigh
from documents.grounding import Likeness, Place, ground, ground_all
from documents.notation import find_dates, is_figures, normalise, read_whole
from documents.word_index import PageIndex
from graph.state import Field
from schemas.pointers import Scalar, get, populated, record_of
from schemas.purchase import TOLERANCE
from schemas.references import JsonSchema
from schemas.repair import schema_at


def locate(candidate: Any, pages: Sequence[PageWords], json_schema: JsonSchema) -> list[Field]:
    """Return one field for each populated value, in document order."""
    values = list(populated(candidate))
    if not values:
        return []
    indices = [PageIndex(page.words) for page in pages]
    likenesses = [_likeness(path, json_schema) for path, _ in values]
    groups = [record_of(path) for path, _ in values]
    places = ground_all([value for _, value in values], indices, groups, likenesses)
    again = read_again(json_schema, pages) if any(likenesses) else {}
    fields = []
    for (path, value), place, likeness in zip(values, places, likenesses, strict=True):
        verdict: Verdict = "silent"
        if likeness:
            verdict = _verdict(value, place, get(again, path), indices, likeness)
        fields.append(
            Field(
                path=path,
                value=value,
                grounding=place["grounding"],
                page_index=place["page_index"],
                bbox=place["bbox"],
                confidence=round(weigh(value, place, verdict), 4),
            )
        )
        import os
        if os.environ.get("DBG"):
            fields[-1]["dbg"] = [verdict, get(again, path), place["text"], place["score"], place["count"]]
    return fields


def _likeness(path: str, json_schema: JsonSchema) -> Likeness | None:
    if record_of(path) != path:
        return None
    names = property_names(path.rpartition("/")[2], schema_at(json_schema, path))
    return partial(label_likeness, names)


def _verdict(value: Scalar, place: Place, other: Any, indices: Sequence[PageIndex], likeness: Likeness) -> Verdict:
    if other is None or isinstance(value, bool):
        return "silent"
    if _same(value, other):
        return "agrees"
    there = ground(other, indices, likeness=likeness)
    if there["bbox"] is None or _may_be_same(value, other):
        return "silent"
    if place["bbox"] is None:
        return "differs"
    if not is_figures(str(value)):
        return "silent"
    own = likeness(indices[place["page_index"]].label_of(place["bbox"]))
    others = likeness(indices[there["page_index"]].label_of(there["bbox"]))
    return "differs" if others > own else "silent"


def _may_be_same(value: Scalar, other: Any) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        return abs(value - other) <= TOLERANCE + 1e-9
    return normalise(str(other)) in normalise(str(value))


def _same(value: Scalar, other: Any) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        return abs(value - other) < 0.005
    if normalise(str(value)) == normalise(str(other)):
        return True
    return not read_whole(str(value), find_dates).isdisjoint(read_whole(str(other), find_dates))
