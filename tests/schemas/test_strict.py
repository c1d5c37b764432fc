from typing import Any

from jsonschema import Draft202012Validator

from schemas.repair import repair_schema
from schemas.strict import strict_schema
from schemas.target import load_schema


def _objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        found = [node] if isinstance(node.get("properties"), dict) else []
        return found + [inner for item in node.values() for inner in _objects(item)]
    return [inner for item in node for inner in _objects(item)] if isinstance(node, list) else []


def test_every_object_is_closed_and_requires_all_it_has() -> None:
    """What OpenAI's strict mode demands, at every depth, for the schemas that ship and their repairs."""
    places = {"form": ["/pairs/0/values/0", "/pairs/1"], "receipt": ["/line_items", "/total"], "invoice": ["/tax"]}
    for name, paths in places.items():
        schema = load_schema(name).json_schema
        for wanted in (schema, repair_schema(schema, paths)):
            strict = strict_schema(wanted)
            assert strict is not None
            Draft202012Validator.check_schema(strict)
            for node in _objects(strict):
                assert node["additionalProperties"] is False
                assert sorted(node["required"]) == sorted(node["properties"])


def test_optional_property_becomes_nullable() -> None:
    """Absence is said by null, and what was required stays as it is."""
    strict = strict_schema(
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]}
    )
    assert strict is not None
    assert strict["properties"] == {"a": {"type": "string"}, "b": {"anyOf": [{"type": "string"}, {"type": "null"}]}}


def test_open_dictionary_can_not_be_strict() -> None:
    """A schema that strict mode would refuse is sent without it."""
    assert strict_schema({"type": "object", "properties": {"a": {"type": "object"}}}) is None
    assert strict_schema({"type": "object", "properties": {"a": {}}}) is None
    assert strict_schema({"type": "object", "properties": {"a": True}}) is None
    assert strict_schema({"type": "object", "properties": {"a": {"allOf": [{"type": "string"}]}}}) is None


def test_property_that_has_a_keywords_name_is_kept() -> None:
    """A field called "default" or "not" is a field."""
    strict = strict_schema({"type": "object", "properties": {"default": {"type": "string"}, "not": {"type": "string"}}})
    assert strict is not None
    assert list(strict["properties"]) == ["default", "not"]
