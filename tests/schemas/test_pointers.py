import pytest

from schemas.pointers import contains, get, join, leaves, populated, put, record_of


def test_leaves_are_named_in_document_order() -> None:
    """Every scalar with its pointer; keys are escaped as RFC 6901 says."""
    value = {"a": [1, {"b/c": None}], "d~": "", "e": {}}
    assert list(leaves(value)) == [("/a/0", 1), ("/a/1/b~1c", None), ("/d~0", "")]
    assert list(populated(value)) == [("/a/0", 1)]


def test_zero_and_false_are_populated() -> None:
    """They say something."""
    assert list(populated({"a": 0, "b": False, "c": " "})) == [("/a", 0), ("/b", False)]


def test_put_makes_a_copy_and_missing_objects() -> None:
    """A repair may name a place whose object was absent; what was given stays as it was."""
    before = {"a": [1]}
    assert put(before, "/b/c", 2) == {"a": [1], "b": {"c": 2}}
    assert put(before, "/a/0", 3) == {"a": [3]}
    assert put(before, "", "x") == "x"
    assert before == {"a": [1]}
    assert get(before, "/a/0") == 1
    assert get(before, "/nowhere/0") is None


@pytest.mark.parametrize(
    ("pointer", "record"),
    [
        ("/pairs/3/key", "/pairs/3"),
        ("/pairs/3/values/0", "/pairs/3"),
        ("/line_items/2/price", "/line_items/2"),
        ("/total", "/total"),
        ("/notes/1", "/notes/1"),
    ],
)
def test_record_is_the_item_of_a_list(pointer: str, record: str) -> None:
    """A pair's label and values, a line's cells, and a value of its own."""
    assert record_of(pointer) == record


def test_containment_is_by_whole_parts() -> None:
    """/ab is not inside /a."""
    assert contains("/a", "/a/b")
    assert contains("/a", "/a")
    assert not contains("/a", "/ab")
    assert join("/a", "b/c") == "/a/b~1c"
