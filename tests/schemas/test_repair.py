from typing import Any

from jsonschema import Draft202012Validator

from schemas.errors import ErrorKind, FieldError
from schemas.repair import failed_paths, loses_valid_value, merge_repairs, repair_schema, schema_at
from schemas.target import load_schema

RECEIPT = load_schema("receipt").json_schema
FORM = load_schema("form").json_schema


def _error(path: str, kind: ErrorKind = "schema") -> FieldError:
    return FieldError(path=path, kind=kind, message="wrong", value=None)


def _merge(candidate: Any, repairs: Any, *errors: FieldError) -> Any:
    return merge_repairs(candidate, repairs, failed_paths(errors), errors, RECEIPT)[0]


def test_each_failing_place_is_asked_once_and_without_those_inside_it() -> None:
    """Several errors at a place are one question."""
    errors = [_error("/a"), _error("/a"), _error("/a/0/b"), _error("/ab"), _error("")]
    assert failed_paths(errors) == ["/a", "/ab"]


def test_whole_answer_is_asked_only_where_nothing_more_specific_failed() -> None:
    """A repair that could not be parsed doesn't throw the places away."""
    assert failed_paths([_error("", "parse")]) == [""]
    assert failed_paths([_error("", "parse"), _error("/total")]) == ["/total"]


def test_repair_is_typed_by_its_place() -> None:
    """The schema of a repair takes the right type at each pointer, and no other pointer."""
    validator = Draft202012Validator(repair_schema(RECEIPT, ["/total", "/line_items/0"]))
    assert validator.is_valid({"repairs": [{"path": "/total", "value": 1.5}]})
    assert validator.is_valid({"repairs": [{"path": "/line_items/0", "value": {"price": 2}}]})
    assert not validator.is_valid({"repairs": [{"path": "/total", "value": "x"}]})
    assert not validator.is_valid({"repairs": [{"path": "/company", "value": "x"}]})


def test_schema_is_found_through_references_lists_and_nullable_objects() -> None:
    """Pointers lead to the schema of what stands there."""
    assert schema_at(FORM, "/pairs/3/values/0")["type"] == "string"
    assert schema_at(RECEIPT, "/line_items/2/price")["anyOf"][0] == {"type": "number"}
    assert schema_at(RECEIPT, "/nowhere") == {}


def test_only_places_that_were_asked_change() -> None:
    """A repair elsewhere is not taken, and what was valid stays as it is."""
    repairs = [{"path": "/total", "value": "9.00"}, {"path": "/company", "value": "Other"}]
    candidate = {"company": "A", "total": "x"}
    assert _merge(candidate, repairs, _error("/total")) == {"company": "A", "total": 9.0}
    assert candidate == {"company": "A", "total": "x"}


def test_repair_that_loses_a_valid_value_is_refused() -> None:
    """A list that comes back shorter than what was valid in it is not taken."""
    before = {"line_items": [{"description": "a", "price": 1.0}, {"description": "b"}]}
    shorter = [{"path": "/line_items", "value": [{"description": "a", "price": 1.0}]}]
    longer = [{"path": "/line_items", "value": [*before["line_items"], {"description": "c"}]}]
    cut_off = _error("/line_items", "parse")
    assert _merge(before, shorter, cut_off) == before
    assert _merge(before, longer, cut_off)["line_items"][2] == {"description": "c"}


def test_null_may_replace_a_wrong_value() -> None:
    """Taking back an invented value is a repair."""
    assert _merge({"total": 5.0}, [{"path": "/total", "value": None}], _error("/total", "grounding")) == {"total": None}


def test_repair_without_a_value_is_no_null() -> None:
    """A chat model that forgets the value has said nothing."""
    assert _merge({"total": "x"}, [{"path": "/total"}], _error("/total")) == {"total": "x"}


def test_malformed_repairs_change_nothing() -> None:
    """Whatever a chat model sends instead of repairs is ignored."""
    for repairs in (None, "x", [1], [{}], [{"path": "/total"}, {"path": 3, "value": 1}]):
        assert _merge({"company": "A"}, repairs, _error("/company/x"))["company"] == "A"


def test_rule_over_the_whole_does_not_make_the_values_in_it_wrong() -> None:
    """One of several values is wrong, and nobody knows which: each may be replaced, none may go."""
    assert loses_valid_value({"a": "x"}, {"a": None}, [_error("", "rule")])
    assert loses_valid_value({"a": "x"}, {"a": None}, [_error("/a", "rule")])
    assert not loses_valid_value({"a": "x"}, {"a": "y"}, [_error("/a", "rule")])
    assert not loses_valid_value({"a": "x"}, {"a": None}, [_error("/a", "schema")])
