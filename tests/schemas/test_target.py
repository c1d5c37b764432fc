import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from schemas.errors import SchemaError
from schemas.target import TargetSchema, load_schema, make_schema


def test_type_errors_say_what_was_expected_and_got() -> None:
    """A message of its own instead of 'not valid under any of the given schemas'."""
    errors = load_schema("receipt").errors({"total": "abc", "line_items": [{"price": []}]})
    assert [(error["path"], error["message"]) for error in errors] == [
        ("/line_items/0/price", "expected number or null, got []"),
        ("/total", 'expected number or null, got "abc"'),
    ]


@pytest.mark.parametrize(
    ("json_format", "right", "wrong", "expected"),
    [
        ("date", "2018-12-25", "25/12/2018", "a date as YYYY-MM-DD"),
        ("date", "2020-02-29", "2018-02-29", "a date as YYYY-MM-DD"),
        ("email", "ada@example.org", "ada at example.org", "an e-mail address"),
        ("ipv4", "10.0.0.1", "10.0.0.256", "an IPv4 address"),
        ("ipv6", "::1", "10.0.0.1", "an IPv6 address"),
        ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08", "a UUID"),
    ],
)
def test_formats_hold(json_format: str, right: str, wrong: str, expected: str) -> None:
    """Each says what it expects, also where null is allowed."""
    text = {"type": "string", "format": json_format}
    schema = make_schema({"type": "object", "properties": {"a": text, "b": {"anyOf": [text, {"type": "null"}]}}})
    assert schema.errors({"a": right, "b": right}) == schema.errors({"a": right, "b": None}) == []
    assert [(error["kind"], error["message"]) for error in schema.errors({"a": wrong, "b": wrong})] == [
        ("schema", f'expected {expected}, got "{wrong}"'),
        ("schema", f'expected {expected} or null, got "{wrong}"'),
    ]
    assert schema.errors({"a": right, "b": 8})[0]["message"] == "expected string or null, got 8"


DATE, NULL = {"type": "string", "format": "date"}, {"type": "null"}
VISIT = {"type": "object", "properties": {"d": {"anyOf": [DATE, NULL]}, "e": {}}, "required": ["e"]}


@pytest.mark.parametrize(
    ("place", "value", "found"),
    [
        ({"anyOf": [VISIT, NULL]}, {"d": "25/12/2018"}, {
            "/a/d": 'expected a date as YYYY-MM-DD or null, got "25/12/2018"', "/a/e": "a value is required here",
        }),
        ({"oneOf": [VISIT, NULL]}, {"d": 8, "e": 1}, {"/a/d": "expected string or null, got 8"}),
        ({"anyOf": [{"const": "none"}, VISIT]}, {"d": 8, "e": 1}, {"/a/d": "expected string or null, got 8"}),
        ({"anyOf": [VISIT, NULL]}, "x", {"/a": 'expected object or null, got "x"'}),
        ({"anyOf": [{"type": "array", "items": {"anyOf": [VISIT, NULL]}}, NULL]}, [None, {"d": None}], {
            "/a/1/e": "a value is required here",
        }),
        ({"oneOf": [DATE, NULL]}, "x", {"/a": 'expected a date as YYYY-MM-DD or null, got "x"'}),
        ({"anyOf": [DATE, {"type": "integer"}]}, "x", {"/a": 'expected a date as YYYY-MM-DD or integer, got "x"'}),
        ({"anyOf": [{"anyOf": [DATE, NULL]}, {"type": "array", "items": DATE}]}, ["x"], {
            "/a/0": 'expected a date as YYYY-MM-DD, got "x"',
        }),
        ({"anyOf": [{"type": "number", "minimum": 0}, NULL]}, -1, {"/a": "-1 is less than the minimum of 0"}),
        ({"anyOf": [False, {"type": "integer"}]}, "x", {"/a": 'expected integer, got "x"'}),
        ({"oneOf": [{"type": "integer"}, {"minimum": 0}]}, 3, {
            "/a": "3 is valid under each of {'minimum': 0}, {'type': 'integer'}",
        }),
        ({"anyOf": [{"required": ["b"]}, {"required": ["c"]}]}, {}, {
            "/a": "{} is not valid under any of the given schemas",
        }),
    ],
)  # fmt: skip
def test_one_of_several_schemas_is_told_where_it_breaks(place: Any, value: Any, found: dict[str, str]) -> None:
    """Inside the only branch that takes such a value; else at the place itself, by all that it may hold."""
    errors = make_schema({"type": "object", "properties": {"a": place}}).errors({"a": value})
    assert {error["path"]: error["message"] for error in errors} == found
    assert len(errors) == len(found)


def test_wrong_text_of_a_nested_class_is_told_alone() -> None:
    """The object around it isn't asked again, also where it may be absent."""

    class Visit(BaseModel):
        day: date | None = None
        ward: str

    class Patient(BaseModel):
        name: str
        visit: Visit | None = None

    schema = TargetSchema("patient", Patient.model_json_schema(), rules=Patient)
    (error,) = schema.errors({"name": "Ada", "visit": {"ward": "7", "day": "25/12/2018"}})
    assert (error["path"], error["value"]) == ("/visit/day", "25/12/2018")
    assert error["message"] == 'expected a date as YYYY-MM-DD or null, got "25/12/2018"'


@pytest.mark.parametrize("json_format", ["date-time", "time", "uri", "regex", "json-pointer", "hostname", "iban"])
def test_other_formats_are_annotations(json_format: str) -> None:
    """Whatever is installed beside: what is valid on one machine is so on every other."""
    schema = make_schema({"type": "object", "properties": {"a": {"type": "string", "format": json_format}}})
    assert schema.errors({"a": "(no such thing"}) == []


def test_absent_required_property_is_named_by_its_own_pointer() -> None:
    """The place to ask again is the absent property, not the object around it."""
    schema = make_schema({"type": "object", "properties": {"a": {}, "a/b": {}}, "required": ["a", "a/b"]})
    assert [error["path"] for error in schema.errors({})] == ["/a", "/a~1b"]


def test_rule_over_several_fields_names_each() -> None:
    """Amounts that don't add up are errors at every amount involved."""
    errors = load_schema("receipt").errors({"total": 5.0, "subtotal": 7.0, "tax": 1.0})
    assert [(error["path"], error["kind"]) for error in errors] == [
        ("/total", "rule"),
        ("/subtotal", "rule"),
        ("/tax", "rule"),
    ]
    assert errors[0]["message"] == "total is 5.00, but its parts give 7.00 or 8.00"


@pytest.mark.parametrize(
    "amounts",
    [
        {"total": 8.0, "subtotal": 7.0, "tax": 1.0},
        {"total": 7.0, "subtotal": 7.0, "tax": 1.0},
        {"total": 8.05, "subtotal": 7.0, "tax": 1.0},
        {"total": 7.98, "subtotal": 8.0, "rounding": -0.02},
        {"total": 8.0},
        {},
    ],
)
def test_totals_that_add_up_are_valid(amounts: dict[str, float]) -> None:
    """Tax on top or included, rounding to five cents, and amounts that are absent."""
    assert load_schema("receipt").errors(amounts) == []


def test_schema_file_takes_its_name_from_the_file(tmp_path: Path) -> None:
    """A user's schema is named in prompts and results."""
    path = tmp_path / "visa.json"
    path.write_text(json.dumps({"type": "object", "properties": {"number": {"type": "string"}}}))
    assert load_schema(str(path)).name == "visa"


def test_class_by_import_path_brings_its_rules() -> None:
    """module:Class is a schema with the class's validators."""
    errors = load_schema("schemas.receipt:Receipt").errors({"total": 5.0, "subtotal": 7.0})
    assert {error["kind"] for error in errors} == {"rule"}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("recipt", "unknown schema 'recipt'; use one of form, invoice, receipt"),
        ("nowhere.json", "No such file"),
        ("schemas.form:Missing", "cannot import"),
        ("no_such_module:Form", "cannot import"),
        ("pathlib:Path", "not a pydantic class"),
        ("pydantic:BaseModel", "has no JSON Schema"),
        (":X", "cannot import"),
        (".:X", "cannot import"),
    ],
)
def test_unknown_schema_says_what_to_do(spec: str, said: str) -> None:
    """Each wrong name gets one sentence with the remedy."""
    with pytest.raises(SchemaError, match=said):
        load_schema(spec)


@pytest.mark.parametrize("spec", ["schemas.form:Form", "form.json"])
def test_only_registered_names_count_where_paths_are_not_allowed(spec: str) -> None:
    """Over HTTP no module is imported and no file is read."""
    with pytest.raises(SchemaError, match="unknown schema"):
        load_schema(spec, allow_paths=False)


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is not JSON"), ('{"type": "nonsense", "properties": {}}', "broken JSON Schema at type"), ("{}", "object")],
)
def test_broken_schema_file_says_where(tmp_path: Path, content: str, said: str) -> None:
    """Broken JSON, broken JSON Schema, and a schema that is not of an object."""
    path = tmp_path / "broken.json"
    path.write_text(content)
    with pytest.raises(SchemaError, match=said):
        load_schema(str(path))


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("#/$defs/nope", "leads nowhere"),
        ("#/$defs/loop", "leads back to itself"),
        ("http://example.com/schema", "outside itself"),
        ("file:///etc/passwd", "outside itself"),
    ],
)
@pytest.mark.parametrize("keyword", ["allOf", "if", "properties"])
def test_reference_that_is_no_local_schema_is_told(reference: str, said: str, keyword: str) -> None:
    """Nothing is fetched, and no reference is followed for ever, wherever it stands."""
    inner = {"$ref": reference}
    place = {"allOf": [inner]} if keyword == "allOf" else {"if": inner} if keyword == "if" else inner
    schema = {"type": "object", "properties": {"a": place}, "$defs": {"loop": {"$ref": "#/$defs/loop"}}}
    with pytest.raises(SchemaError, match=said):
        make_schema(schema)


def test_patterns_of_strangers_are_refused() -> None:
    """A regular expression can run for ever."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    assert make_schema(schema).name == "inline"
    with pytest.raises(SchemaError, match="regular expressions"):
        make_schema(schema, allow_patterns=False)


class _Cat(BaseModel):
    lives: int


class _Dog(BaseModel):
    age: int


class Owner(BaseModel):
    pet: _Cat | _Dog

    @field_validator("pet")
    @classmethod
    def _fails(cls, pet: object) -> object:
        return pet.nonesuch  # type: ignore[attr-defined]


def test_errors_in_a_union_stand_at_places_of_the_answer() -> None:
    """Pydantic names the branch, which the answer doesn't have."""
    schema = TargetSchema("owner", {"type": "object"}, Owner)
    assert {error["path"] for error in schema.errors({"pet": {"lives": "x"}})} <= {"/pet/lives", "/pet/age", "/pet"}


def test_mistake_in_a_rule_is_told_like_a_broken_rule() -> None:
    """A validator that raises what pydantic doesn't catch ends nothing."""
    errors = TargetSchema("owner", {"type": "object"}, Owner).errors({"pet": {"lives": 9}})
    assert [(error["path"], error["kind"]) for error in errors] == [("", "rule")]
    assert "AttributeError" in errors[0]["message"]


def test_errors_come_in_document_order() -> None:
    """The tenth item comes after the second."""
    items = [{"price": "x"} for _ in range(11)]
    paths = [error["path"] for error in load_schema("receipt").errors({"line_items": items})]
    assert paths == [f"/line_items/{number}/price" for number in range(11)]


def test_schema_may_hold_itself() -> None:
    """A tree refers to itself through its properties, and that ends."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "name": {"type": "string"}}}
    schema = make_schema({**node, "$defs": {"node": node}})
    assert [error["path"] for error in schema.errors({"next": {"next": {"name": 1}}})] == ["/next/next/name"]
