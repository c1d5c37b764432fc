"""Asking again for only what failed, and merging the answer into what was valid.

The rule is that of careful pipelines (trustcall patches, AWS's accelerator compares): a repair is taken value by
value, and only if every place that held a valid value still holds one.
"""

import json
from collections.abc import Sequence
from typing import Any

from jsonpointer import JsonPointerException

from schemas.coerce import coerce
from schemas.errors import FieldError
from schemas.pointers import contains, get, populated, put
from schemas.references import JsonSchema, resolve, with_definitions

REPAIRS = "repairs"
# Long enough for any value of a form; a whole list that failed is recognised by its start.
_SHOWN_CHARS = 300


def failed_paths(errors: Sequence[FieldError]) -> list[str]:
    """Return the pointers to ask again: each failing place once."""
    return outermost([error["path"] for error in errors])


def outermost(paths: Sequence[str]) -> list[str]:
    """Return each place once, without those inside another; the whole answer ("") only where nothing else is named."""
    named = list(dict.fromkeys(path for path in paths if path)) or [""]
    return [path for path in named if not any(other != path and contains(other, path) for other in named)]


def now(candidate: Any, path: str) -> str:
    """Say what stands at a place of the candidate, cut short."""
    return f"now {json.dumps(get(candidate, path), ensure_ascii=False)[:_SHOWN_CHARS]}"


def repair_schema(json_schema: JsonSchema, paths: Sequence[str]) -> JsonSchema:
    """Return the schema of a repair: `{"repairs": [{"path": …, "value": …}]}`, each value typed by its place.

    A list of path and value, because providers restrict the characters of property names.
    """
    by_type: dict[str, tuple[JsonSchema, list[str]]] = {}
    for path in paths:
        place = schema_at(json_schema, path)
        by_type.setdefault(repr(place), (place, []))[1].append(path)
    variants = [_repair_item(place, group) for place, group in by_type.values()]
    items = variants[0] if len(variants) == 1 else {"anyOf": variants}
    schema: JsonSchema = {
        "title": REPAIRS,
        "type": "object",
        "properties": {REPAIRS: {"type": "array", "items": items}},
        "required": [REPAIRS],
        "additionalProperties": False,
    }
    return with_definitions(schema, json_schema)


def schema_at(json_schema: JsonSchema, path: str) -> JsonSchema:
    """Return the schema of the value at a pointer; {} where the schema doesn't tell."""
    node = resolve(json_schema, json_schema)
    for part in path.split("/")[1:]:
        inner = _step(node, part.replace("~1", "/").replace("~0", "~"), json_schema)
        if inner is None:
            return {}
        node = resolve(inner, json_schema)
    return node


def merge_repairs(
    candidate: Any, repairs: Any, asked: Sequence[str], errors: Sequence[FieldError], json_schema: JsonSchema
) -> tuple[Any, list[str]]:
    """Return the candidate with every repair taken that was asked for and loses no valid value, and their pointers.

    Args:
        candidate: the answer so far; None before the first.
        repairs: the value under "repairs" of the repair answer, as parsed.
        asked: the pointers that were asked for; no other place may change.
        errors: what was wrong with the candidate.
        json_schema: the target schema.
    """
    taken = []
    for repair in repairs if isinstance(repairs, list) else []:
        path = repair.get("path") if isinstance(repair, dict) else None
        if not isinstance(path, str) or path not in asked or "value" not in repair:
            continue
        place = with_definitions(schema_at(json_schema, path), json_schema)
        try:
            merged = put(candidate, path, coerce(repair["value"], place))
        except JsonPointerException:  # the place went with an earlier repair
            continue
        if not loses_valid_value(candidate, merged, errors):
            candidate = merged
            taken.append(path)
    return candidate, taken


def loses_valid_value(before: Any, after: Any, errors: Sequence[FieldError]) -> bool:
    """Tell whether a place that held a valid value holds none any more.

    Only a value of the wrong type, or one that doesn't stand on the page, may go. A broken rule says that one of
    several values is wrong, not which, and a cut-off list says nothing of the values in it: there a value may only
    be replaced by another.
    """
    wrong = [error["path"] for error in errors if error["path"] and error["kind"] in ("schema", "grounding")]
    still = {path for path, _ in populated(after)}
    return any(path not in still and not any(contains(bad, path) for bad in wrong) for path, _ in populated(before))


def _repair_item(place: JsonSchema, paths: list[str]) -> JsonSchema:
    return {
        "type": "object",
        "properties": {"path": {"type": "string", "enum": paths}, "value": place},
        "required": ["path", "value"],
        "additionalProperties": False,
    }


def _step(node: JsonSchema, part: str, root: JsonSchema) -> JsonSchema | None:
    if part in node.get("properties", {}):
        inner: JsonSchema = node["properties"][part]
        return inner
    if part.isdigit() and isinstance(node.get("items"), dict):
        return dict(node["items"])
    for branch in node.get("anyOf") or node.get("oneOf") or []:
        if (found := _step(resolve(branch, root), part, root)) is not None:
            return found
    return None
