"""A person's word for values."""

from decimal import Decimal
from typing import Any

import pytest

from schemas.corrections import take_corrections
from schemas.form import Form
from schemas.receipt import Receipt

FORM, RECEIPT = Form.model_json_schema(), Receipt.model_json_schema()
PAIRS = {"pairs": [{"key": "Name", "values": ["A", "B"]}, {"key": "City", "values": ["C"]}]}


def _take(candidate: Any, schema: dict[str, Any] = FORM, **values: Any) -> Any:
    corrections = [{"path": path, "value": value} for path, value in values.items()]
    return take_corrections(candidate, corrections, list(values), schema)


def test_value_is_taken_in_the_schemas_type() -> None:
    """As a chat model's would be."""
    assert _take({"total": None}, RECEIPT, **{"/total": "12.30"}) == {"total": 12.3}
    assert _take({"total": None}, RECEIPT, **{"/total": Decimal("12.30")}) == {"total": 12.3}
    assert _take(PAIRS, **{"/pairs/0/values/0": 7})["pairs"][0]["values"] == ["7", "B"]


def test_place_that_was_not_asked_stays() -> None:
    """Only what was asked may change."""
    assert take_corrections({"total": 1}, [{"path": "/total", "value": 2}], ["/tax"], RECEIPT) == {"total": 1}


def test_null_is_a_value_where_the_schema_has_it() -> None:
    """A receipt without a total."""
    assert _take({"total": 8.0, "tax": 1.0}, RECEIPT, **{"/total": None}) == {"total": None, "tax": 1.0}


def test_items_are_removed_without_moving_each_other() -> None:
    """All pointers are those of the candidate as it was asked about."""
    removed = _take(PAIRS, **{"/pairs/0/values/0": None, "/pairs/0/values/1": None, "/pairs/1/values/0": "D"})
    assert removed == {"pairs": [{"key": "Name", "values": []}, {"key": "City", "values": ["D"]}]}


def test_item_goes_with_what_it_cannot_do_without() -> None:
    """A question that isn't on the form goes with its answers, once, whatever else of it was removed."""
    removed = {"/pairs/0/key": None, "/pairs/0/values": None, "/pairs/0/values/1": None}
    assert _take(PAIRS, **removed) == {"pairs": [PAIRS["pairs"][1]]}


def test_required_value_outside_a_list_is_left_for_validation() -> None:
    """Nothing takes the whole answer away."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]}
    assert _take({"a": "x", "b": "y"}, schema, **{"/a": None, "/b": None}) == {"a": None}


def test_valid_values_may_go() -> None:
    """A shorter list is a person's right, though no chat model's."""
    assert _take(PAIRS, **{"/pairs": [{"key": "Name", "values": "A"}]}) == {"pairs": [{"key": "Name", "values": ["A"]}]}


def test_whole_answer_is_taken_where_there_was_none() -> None:
    """What nobody could read is typed in."""
    assert _take(None, **{"": PAIRS}) == PAIRS


@pytest.mark.parametrize("path", ["/pairs/7/values/0", "/pairs/0/key/x", "/pairs/x"])
@pytest.mark.parametrize("value", ["x", None])
def test_place_that_is_gone_is_skipped(path: str, value: str | None) -> None:
    """The same round may have taken away what it stood in."""
    assert _take(PAIRS, **{path: value}) == PAIRS


def test_candidate_is_not_changed() -> None:
    """The state of a node is nobody's to write into."""
    before = repr(PAIRS)
    _take(PAIRS, **{"/pairs/0/key": None, "/pairs/1/key": "Town"})
    assert repr(PAIRS) == before
