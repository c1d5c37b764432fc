"""One extraction of several parts'."""

import pytest

from schemas.parts import Contradiction, Source, merge_parts, part_schema
from schemas.target import load_schema


def test_lists_are_joined_in_order_with_their_sources() -> None:
    """Each item tells its part and its place there, and so does every value in it."""
    whole = merge_parts([{"pairs": [{"key": "a"}]}, None, {"pairs": [{"key": "b"}, {"key": "c"}]}])
    assert whole.value == {"pairs": [{"key": "a"}, {"key": "b"}, {"key": "c"}]}
    assert whole.source("/pairs/2/key") == Source(2, "/pairs/1/key")
    assert whole.source("/pairs") is None
    assert whole.contradictions == []


def test_first_value_that_says_something_stands() -> None:
    """Null and blank say nothing; objects are merged by property."""
    parts = [{"to": {"name": None, "city": " "}}, {"to": {"name": "Ann"}, "ok": False}, {"to": {"city": "Rome"}}]
    whole = merge_parts(parts)
    assert whole.value == {"to": {"name": "Ann", "city": "Rome"}, "ok": False}
    assert whole.source("/to/name") == Source(1, "/to/name")
    assert whole.source("/to/city") == Source(2, "/to/city")


def test_other_later_value_is_a_contradiction() -> None:
    """Case and blanks make no difference; another kind of value does."""
    whole = merge_parts([{"name": "Ann  Lee", "n": 1}, {"name": "ANN LEE", "n": 2}, {"name": "Bob", "n": [3]}])
    assert whole.value == {"name": "Ann  Lee", "n": 1}
    assert whole.contradictions == [
        Contradiction("/name", Source(2, "/name"), "Bob"),
        Contradiction("/n", Source(2, "/n"), [3]),
        Contradiction("/n", Source(1, "/n"), 2),
    ]


@pytest.mark.parametrize(("parts", "value"), [([], None), ([None], None), ([{}], {}), ([{"a": None}], {"a": None})])
def test_parts_that_say_nothing(parts: list[object], value: object) -> None:
    """Nothing is made up, and nothing is contradicted."""
    whole = merge_parts(parts)
    assert (whole.value, whole.sources, whole.contradictions) == (value, {}, [])


def test_a_part_need_not_have_every_value() -> None:
    """Null is allowed for single values, also behind references; a list may be empty; its items stay as they are."""
    who = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    schema = {
        "type": "object",
        "properties": {
            "who": {"$ref": "#/$defs/who"},
            "n": {"type": ["integer", "null"]},
            "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/who"}},
        },
        "$defs": {"who": who},
    }
    part = part_schema(schema)
    assert part["properties"]["who"]["properties"] == {"name": {"anyOf": [{"type": "string"}, {"type": "null"}]}}
    assert part["properties"]["n"] == {"type": ["integer", "null"]}
    assert part["properties"]["items"] == {"type": "array", "items": {"$ref": "#/$defs/who"}}
    assert part["$defs"] == schema["$defs"]


def test_shipped_schemas_are_asked_of_parts_as_they_are() -> None:
    """The form's list may be empty, and a receipt's values may be null anyway."""
    for name in ("form", "receipt"):
        schema = load_schema(name).json_schema
        assert part_schema(schema) == schema


def test_an_object_within_itself_ends() -> None:
    """A schema may refer to itself."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    schema = {"type": "object", "properties": {"first": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}}
    assert part_schema(schema) == schema
