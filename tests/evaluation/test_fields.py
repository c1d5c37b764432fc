"""Right and wrong of named fields."""

import pytest

from evaluation.metrics import Ratio, field_scores, invented_fields
from evaluation.metrics.fields import is_same

GOLD = {
    "company": "OJC Marketing",
    "total": "193.00",
    "tax": None,
    "items": [{"price": 1.5}, {"price": 2}],
    "notes": [],
}


def test_identical_fields_are_right():
    """Null and empty lists included."""
    assert field_scores(GOLD, GOLD) == dict.fromkeys(
        ["/company", "/total", "/tax", "/items/0/price", "/items/1/price", "/notes"], True
    )


def test_hand_worked_example():
    """A tax from nowhere, a missing item and a missing company are wrong; what the gold doesn't have is not judged."""
    given = {"total": 193.0, "tax": 11.58, "items": [{"price": "$1.50"}], "currency": "RM"}
    assert field_scores(GOLD, given) == {
        "/company": False,
        "/total": True,
        "/tax": False,
        "/items/0/price": True,
        "/items/1/price": False,
        "/notes": True,
    }
    assert invented_fields(GOLD, given) == Ratio(1, 2)


def test_no_answer_is_wrong_everywhere_but_an_empty_one_is_right_about_null():
    """Silence is not the answer null, and invents nothing."""
    assert set(field_scores(GOLD, None).values()) == {False}
    assert [pointer for pointer, is_right in field_scores(GOLD, {}).items() if is_right] == ["/tax", "/notes"]
    assert invented_fields(GOLD, None) == invented_fields(GOLD, {}) == Ratio(0, 2)


def test_nothing_expected_has_no_fields():
    """An empty gold judges nothing."""
    assert field_scores({}, {"company": "x"}) == {}


def test_answer_of_another_shape_is_wrong():
    """A text where a list is expected is not looked into letter by letter."""
    assert field_scores({"codes": ["A", "B"]}, {"codes": "AB"}) == {"/codes/0": False, "/codes/1": False}
    assert field_scores({"seller": {"name": "A"}}, {"seller": "A"}) == {"/seller/name": False}


def test_empty_list_filled_is_invented():
    """Items where the gold has none."""
    assert invented_fields({"items": []}, {"items": [{"price": 1}]}) == Ratio(1, 1)
    assert field_scores({"items": []}, {"items": [{"price": 1}]}) == {"/items": False}


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (193, 193.0),
        (193.0, 193.004),
        ("193.00", 193),
        ("RM 1,193.00", 1193.0),
        (193.0, "$193.00"),
        ("2018-12-25", "2018-12-25T10:30:00"),
        ("2018-12-25", "20181225"),
        ("NO. 2 & 4, Jalan", "no 2&4 JALAN"),
        ("-", " - "),
        (None, " "),
        (True, True),
    ],
)
def test_same_values(expected, given):
    """Notation is no error."""
    assert is_same(expected, given)


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (193.0, 193.01),
        (193.0, -193.0),
        ("193.00", "19300"),
        ("-3", "3"),
        ("2018-12-25", "2018-12-26"),
        ("2018-12-25", "25.12.2018"),
        ("-", "x"),
        ("☒", "☐"),
        ("Ada", None),
        (None, "Ada"),
        (None, 0),
        (0, None),
        (True, 1),
        (1, True),
        (True, "true"),
        ("B1750 Masai", 81750),
        (193.0, float("nan")),
        (193.0, [193.0]),
        ({"price": 1.5}, 1.5),
    ],
)
def test_different_values(expected, given):
    """A cent, a sign, a point, a day and a type count."""
    assert not is_same(expected, given)
