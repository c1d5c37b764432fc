"""Taking a person's word for values: unlike a chat model's repair, it may also take valid values away."""

import copy
from collections.abc import Sequence
from typing import Any

from jsonpointer import JsonPointer, JsonPointerException

from schemas.coerce import coerce, nullable
from schemas.pointers import document_order, get, name_of, put
from schemas.references import JsonSchema, resolve, with_definitions
from schemas.repair import schema_at


def take_corrections(candidate: Any, corrections: Any, asked: Sequence[str], json_schema: JsonSchema) -> Any:
    """Return the candidate with every correction that was asked for, in the schema's types.

    A null where the schema allows none removes the place: a property, an item of a list, and an item whole where it
    can't do without that property. A required value elsewhere becomes null, for validation to report.

    Args:
        candidate: the answer so far; None where nothing could be read.
        corrections: list of `{"path": …, "value": …}` as parsed.
        asked: the pointers that were asked for; no other place may change.
        json_schema: the target schema.
    """
    removed = set()
    for correction in corrections if isinstance(corrections, list) else []:
        path, value = correction["path"], correction["value"]
        if path not in asked:
            continue
        place = with_definitions(schema_at(json_schema, path), json_schema)
        if value is None and path and not nullable(place, json_schema):
            removed.add(_place_to_remove(candidate, path, json_schema))
        else:
            candidate = _put(candidate, path, coerce(value, place))
    # From the end: what is removed from a list moves the items behind it.
    for path in sorted(removed, key=document_order, reverse=True):
        candidate = _without(candidate, path, json_schema)
    return candidate


def _put(candidate: Any, path: str, value: Any) -> Any:
    try:
        return put(candidate, path, value)
    except JsonPointerException:  # the place went with a correction of what it stood in
        return candidate


def _place_to_remove(candidate: Any, path: str, json_schema: JsonSchema) -> str:
    holder = _holder(path)
    is_item_whole = bool(holder) and isinstance(get(candidate, _holder(holder)), list)
    return holder if is_item_whole and _is_required(path, json_schema) else path


def _without(candidate: Any, path: str, json_schema: JsonSchema) -> Any:
    if _is_required(path, json_schema):
        return _put(candidate, path, None)
    candidate = copy.deepcopy(candidate)
    try:
        holder, last = JsonPointer(path).to_last(candidate)
        del holder[last]
    except (JsonPointerException, LookupError, TypeError):  # nothing stands there
        pass
    return candidate


def _is_required(path: str, json_schema: JsonSchema) -> bool:
    node = schema_at(json_schema, _holder(path))
    branches = [node, *(resolve(branch, json_schema) for branch in node.get("anyOf") or node.get("oneOf") or [])]
    return any(name_of(path) in branch.get("required", []) for branch in branches)


def _holder(path: str) -> str:
    return path.rpartition("/")[0]
