from decimal import Decimal
from typing import Any

import pytest

from schemas.coerce import coerce
from schemas.target import load_schema

RECEIPT = load_schema("receipt").json_schema


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("193.00", 193.0),
        ("RM 1,234.50", 1234.5),
        ("$8.20", 8.2),
        ("1.234,50", 1234.5),
        ("about ten", "about ten"),
        (None, None),
        (7, 7),
        (True, True),
        (Decimal("1e400"), "1E+400"),
    ],
)
def test_number_is_read_from_text_or_left_for_validation(value: object, expected: object) -> None:
    """Only the notation changes; what is no number stays for the error message."""
    assert coerce({"total": value}, RECEIPT) == {"total": expected}


def test_text_keeps_the_digits_of_a_number() -> None:
    """A number where text is wanted becomes its digits as written."""
    assert coerce({"date": Decimal("20.10")}, RECEIPT) == {"date": "20.10"}


def test_unknown_properties_of_a_closed_object_go() -> None:
    """A property that the schema doesn't know is no error of the values."""
    assert coerce({"vendor": "x", "company": "y"}, RECEIPT) == {"company": "y"}


def test_open_object_keeps_unknown_properties() -> None:
    """Where the schema is open, everything stays."""
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    assert coerce({"x": Decimal("1.5")}, schema) == {"x": 1.5}


def test_lone_item_becomes_a_list() -> None:
    """One line item that isn't in a list is a list of one."""
    assert coerce({"line_items": {"description": "x", "price": "2.00"}}, RECEIPT) == {
        "line_items": [{"description": "x", "price": 2.0}]
    }


def test_null_of_an_optional_property_goes_where_null_is_not_allowed() -> None:
    """Strict mode makes optional properties nullable; the way back drops the null."""
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    assert coerce({"a": None, "b": "x"}, {**schema, "required": ["b"]}) == {"b": "x"}
    assert coerce({"a": None}, {**schema, "required": ["a"]}) == {"a": None}


def test_integers_keep_every_digit() -> None:
    """An account number is no floating-point number."""
    schema: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert repr(coerce({"n": "12345678901234567890"}, schema)) == "{'n': 12345678901234567890}"
    assert repr(coerce({"n": Decimal("5.0")}, schema)) == "{'n': 5}"


def test_schemas_that_say_nothing_change_nothing() -> None:
    """true is a JSON Schema, for a property and for the items of a list."""
    schema: dict[str, Any] = {"type": "object", "properties": {"a": True, "b": {"type": "array", "items": True}}}
    assert coerce({"a": {"x": 1}, "b": [1, "2"]}, schema) == {"a": {"x": 1}, "b": [1, "2"]}


def test_references_are_followed() -> None:
    """Types behind $ref count like types in place."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"x": {"$ref": "#/$defs/N"}},
        "$defs": {"N": {"type": "number"}},
    }
    assert coerce({"x": "1,000"}, schema) == {"x": 1000.0}
