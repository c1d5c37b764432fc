"""Walking through a JSON Schema: the schemas within it, and what its references stand for."""

from collections.abc import Iterator
from typing import Any

from schemas.errors import SchemaError

JsonSchema = dict[str, Any]


def subschemas(node: JsonSchema) -> Iterator[JsonSchema]:
    """Yield the schema and every schema in it, never a property that merely has a keyword's name."""
    yield node
    for keyword in ("properties", "$defs", "definitions"):
        for inner in node.get(keyword, {}).values():
            yield from subschemas(inner)
    lists = (node.get(keyword, []) for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"))
    for inner in [*(inner for branches in lists for inner in branches), node.get("items")]:
        if isinstance(inner, dict):
            yield from subschemas(inner)


def resolve(node: JsonSchema, root: JsonSchema) -> JsonSchema:
    """Follow local references ("#/$defs/Item") to the schema that says something.

    Raises:
        SchemaError: one leads nowhere, round in a circle, or out of the schema: nothing is fetched.
    """
    seen: list[str] = []
    while "$ref" in node:
        reference = node["$ref"]
        if reference in seen:
            raise SchemaError(f"the JSON Schema's reference '{reference}' leads back to itself; correct the schema")
        seen.append(reference)
        node = {**_target(reference, root), **{key: item for key, item in node.items() if key != "$ref"}}
    return node


def _target(reference: str, root: JsonSchema) -> JsonSchema:
    node: Any = root
    if not reference.startswith("#"):
        raise SchemaError(f"the JSON Schema refers to '{reference}' outside itself; put that under '$defs'")
    for part in reference[1:].split("/")[1:]:
        node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise SchemaError(f"the JSON Schema's reference '{reference}' leads nowhere; correct the schema")
    return node
