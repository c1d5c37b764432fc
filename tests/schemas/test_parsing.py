from decimal import Decimal

import pytest

from schemas.parsing import parse_answer


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}```',
        'Here is the result:\n{"a": 1}\nI hope this helps!',
        'Sure.\n```json\n{"a": 1}\n```\nAnything else?',
        'As {asked}:\n```json\n{"a": 1}\n```',
    ],
)
def test_object_is_found_in_fences_and_prefaces(text: str) -> None:
    """What a chat model wraps around its JSON doesn't matter."""
    assert parse_answer(text) == ({"a": 1}, [])


def test_fence_within_a_value_is_text() -> None:
    """What is printed on a page can't replace the answer."""
    assert parse_answer('{"company": "``` {} ```", "total": 8}').value == {"company": "``` {} ```", "total": 8}


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1}, {"a": 2}]',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": ' + "[" * 100 + "]" * 100 + "}",
        '{"a": ' + "[" * 5_000 + "]" * 5_000 + "}",
    ],
)
def test_what_is_no_sane_object_is_an_error(text: str) -> None:
    """A list, numbers that JSON has not, and a chat model that has lost itself in brackets."""
    value, errors = parse_answer(text)
    assert value is None
    assert [(error["path"], error["kind"]) for error in errors] == [("", "parse")]


def test_digits_of_fractions_are_kept() -> None:
    """ "193.00" stays two digits long until the schema says what it is to be."""
    assert str(parse_answer('{"total": 193.00}').value["total"]) == "193.00"


@pytest.mark.parametrize(
    ("text", "said"), [("", "empty"), ("I can't read this.", "I can't read"), ("{a: 1}", "{a: 1}")]
)
def test_no_object_is_an_error_of_the_whole_answer(text: str, said: str) -> None:
    """An answer without JSON is data: one parse error at the root that quotes it."""
    value, errors = parse_answer(text)
    assert value is None
    assert [(error["path"], error["kind"]) for error in errors] == [("", "parse")]
    assert said in errors[0]["message"]


@pytest.mark.parametrize(
    ("text", "value", "path"),
    [
        ('{"a": 1, "b": [1, 2', {"a": 1, "b": [1]}, "/b"),
        ('{"a": 1, "b": [{"c": 1}, {"c": 2, "d": "x', {"a": 1, "b": [{"c": 1}, {"c": 2}]}, "/b"),
        ('{"a": 1, "b": [{"c": 1}, {"c', {"a": 1, "b": [{"c": 1}]}, "/b"),
        ('{"a": 1, "total": 12', {"a": 1}, "/total"),
        ('{"a": "x, y", "b": "it\\"s, ', {"a": "x, y"}, "/b"),
        ('```json\n{"a": 1, "b": "x', {"a": 1}, "/b"),
        ('{"a": [', {}, "/a"),
        ('{"a": ' + "[" * 200_000, {}, "/a"),
        ('{"a": 1,', {"a": 1}, ""),
        ("{", {}, ""),
    ],
)
def test_cut_off_answer_keeps_what_is_complete(text: str, value: object, path: str) -> None:
    """The value that was being written is dropped, and the top-level property of the cut is named."""
    parsed = parse_answer(text)
    assert parsed.value == value
    assert [(error["path"], error["kind"]) for error in parsed.errors] == [(path, "parse")]


def test_decimals_inside_a_cut_off_answer_are_decimals_too() -> None:
    """Cut-off and whole answers give the same types."""
    assert parse_answer('{"a": 1.50, "b": [').value == {"a": Decimal("1.50")}
