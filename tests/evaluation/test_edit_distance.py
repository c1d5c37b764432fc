"""1-NED and ANLS*."""

import pytest

from evaluation.metrics import Ratio, anls_star, one_minus_ned

PAIRS = [("Name", "Ada"), ("Born", "1815")]


def test_ned_of_identical_disjoint_and_empty():
    """All, none, and nothing of nothing; one side empty costs 1 a pair."""
    assert one_minus_ned(PAIRS, PAIRS) == Ratio(2, 2)
    assert one_minus_ned(PAIRS, [("xxxx", "yyy"), ("xxxx", "yyyy")]) == Ratio(0, 2)
    assert one_minus_ned([], []) == Ratio(0, 0)
    assert one_minus_ned(PAIRS, []) == one_minus_ned([], PAIRS) == Ratio(0, 2)


def test_ned_worked_by_hand():
    """ "NameAda" is 2 letters of 7 from "NameEve" and takes it at 3/7; "Born1815" is left with the other at 1/8.

    Then one prediction is over and costs 1: 3 - 3/7 - 1/8 - 1.
    """
    found = [("Born", "1816"), ("Name", "Eve"), ("zzz", "zzzz")]
    score = one_minus_ned(PAIRS, found)
    assert score.denominator == 3
    assert score.numerator == pytest.approx(2 - 3 / 7 - 1 / 8)


def test_ned_matches_in_order_not_at_best():
    """The first expected pair takes its nearest although the second needs it more, as the study's definition says."""
    score = one_minus_ned([("ab", "cd"), ("ab", "ce")], [("ab", "ce"), ("xx", "xx")])
    assert score.numerator == pytest.approx(2 - 1 / 4 - 1)


def test_surplus_expected_pairs_cost_one_each():
    """What no prediction is left for is not found."""
    assert one_minus_ned([("a", "b"), ("c", "d")], [("a", "b")]) == Ratio(1, 2)


def test_anls_star_of_identical_disjoint_and_empty():
    """All, none; nothing predicted where nothing is expected is right; no answer at all is wrong."""
    gold = {"name": "Ada", "items": [{"price": 1.5}, {"price": 2}]}
    assert anls_star(gold, gold) == 1.0
    assert anls_star(gold, {"name": "xyz", "items": []}) == 0.0
    assert anls_star({}, {}) == 1.0
    assert anls_star({"name": None}, {}) == 1.0
    assert anls_star({"name": None}, None) == 0.0


def test_anls_star_worked_by_hand():
    """ "mathematician" with a letter missing is 12/13; the list is right in any order; a third key is too much."""
    gold = {"occupation": "mathematician", "towns": ["London", "Paris"]}
    found = {"occupation": "matematician", "towns": ["Paris", "London"], "sex": "f"}
    assert anls_star(gold, found) == pytest.approx((12 / 13 + 2 + 0) / 4)
