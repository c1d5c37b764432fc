"""The form of a JSON Schema that providers' strict structured output accepts."""

import copy

from schemas.references import JsonSchema, subschemas

# What OpenAI's strict mode refuses: it must know every property, and takes no logic over whole schemas.
_UNSUPPORTED = {"allOf", "oneOf", "not", "if", "dependentRequired", "dependentSchemas", "patternProperties"}
_TYPED = {"type", "anyOf", "enum", "const", "$ref"}
# What says nothing about form to a provider; "aliases" is Optophone's own, for the local reader.
_ANNOTATIONS = {"default", "examples", "aliases", "readOnly", "writeOnly", "deprecated", "$schema", "$id"}


def strict_schema(json_schema: JsonSchema) -> JsonSchema | None:
    """Return the schema with every property required and objects closed, or None where that can't be.

    An optional property becomes a nullable one; `schemas.coerce` drops the null again.
    """
    strict = copy.deepcopy(json_schema)
    nodes = list(subschemas(strict))
    if any(_UNSUPPORTED & node.keys() or _is_open(node) for node in nodes):
        return None
    for node in nodes:
        _close(node)
    return strict


def _is_open(node: JsonSchema) -> bool:
    """Tell whether it is a dictionary of unknown keys, or holds a place of any type."""
    if node.get("type") == "object" and (not node.get("properties") or node.get("additionalProperties")):
        return True
    places = [*node.get("properties", {}).values(), *([node["items"]] if "items" in node else [])]
    return any(not (isinstance(place, dict) and _TYPED & place.keys()) for place in places)


def _close(node: JsonSchema) -> None:
    for keyword in _ANNOTATIONS & node.keys():
        del node[keyword]
    if "$ref" in node:  # a reference may have no keyword beside it
        for keyword in node.keys() - {"$ref", "$defs", "definitions"}:
            del node[keyword]
    if "properties" in node:
        required = node.get("required", [])
        node["properties"] = {
            name: inner if name in required else _nullable(inner) for name, inner in node["properties"].items()
        }
        node["required"] = list(node["properties"])
        node["additionalProperties"] = False


def _nullable(node: JsonSchema) -> JsonSchema:
    branches = node.get("anyOf", [])
    if node.get("type") == "array" or "null" in node.get("type", []) or {"type": "null"} in branches:
        return node
    if branches:
        return {**node, "anyOf": [*branches, {"type": "null"}]}
    return {"anyOf": [node, {"type": "null"}]}
