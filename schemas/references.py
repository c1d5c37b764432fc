"""Reading a JSON Schema: the schemas within it, what its references stand for, and a validator that fetches nothing."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry

from schemas.errors import SchemaError

JsonSchema = dict[str, Any]


FORMATS = {
    "date": "a date as YYYY-MM-DD",
    "email": "an e-mail address",
    "ipv4": "an IPv4 address",
    "ipv6": "an IPv6 address",
    "uuid": "a UUID",
}
"""The formats that hold, and how they are called; named, as jsonschema's own list grows with the packages around it."""


def make_validator(json_schema: JsonSchema, *, with_formats: bool = True) -> Draft202012Validator:
    """Make a validator with an empty registry: by default jsonschema would open a reference's address."""
    formats = FormatChecker(FORMATS) if with_formats else None
    return Draft202012Validator(json_schema, registry=Registry(), format_checker=formats)


def subschemas(node: Any) -> Iterator[JsonSchema]:
    """Yield the schema and every schema in it, never a property that merely has a keyword's name."""
    if not isinstance(node, dict):  # true and false are schemas too, with nothing inside
        return
    yield node
    for keyword in ("properties", "$defs", "definitions"):
        for inner in node.get(keyword, {}).values():
            yield from subschemas(inner)
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inner in node.get(keyword, []):
            yield from subschemas(inner)
    yield from subschemas(node.get("items"))


def resolve(node: Any, root: JsonSchema) -> JsonSchema:
    """Follow local references ("#/$defs/Item") to the schema that says something; `true` says nothing: {}.

    Raises:
        SchemaError: one leads nowhere, round in a circle, or out of the schema.
    """
    seen: list[str] = []
    while isinstance(node, dict) and "$ref" in node:
        reference = node["$ref"]
        if reference in seen:
            raise SchemaError(f"the JSON Schema's reference '{reference}' leads back to itself; correct the schema")
        seen.append(reference)
        node = {**_target(reference, root), **{key: item for key, item in node.items() if key != "$ref"}}
    return node if isinstance(node, dict) else {}


def with_definitions(node: JsonSchema, root: JsonSchema) -> JsonSchema:
    """Return the schema with the root's definitions, so that it can stand alone."""
    return {**node, **{key: root[key] for key in ("$defs", "definitions") if key in root}}


def check_references(json_schema: JsonSchema) -> None:
    """Follow every reference once, wherever it stands.

    Raises:
        SchemaError: one leads nowhere, round in a circle, or out of the schema.
    """
    for node in _dictionaries(json_schema):
        if isinstance(node.get("$ref"), str):
            resolve(node, json_schema)


def _dictionaries(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _dictionaries(inner)


def _target(reference: str, root: JsonSchema) -> JsonSchema:
    if not reference.startswith("#"):
        raise SchemaError(f"the JSON Schema refers to '{reference}' outside itself; put that under '$defs'")
    node: Any = root
    for part in reference[1:].split("/")[1:]:
        node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise SchemaError(f"the JSON Schema's reference '{reference}' leads nowhere; correct the schema")
    return node
