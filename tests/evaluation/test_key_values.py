"""The article's key-value accuracy."""

import pytest

from evaluation.metrics import clean_key, key_value_accuracy, p90

GOLD = {"NAME:": ["Ada", "Lovelace"], "Born on": ["1815"], "Town": ["London"]}


@pytest.mark.parametrize(
    ("key", "cleaned"),
    [("  Tel.  No.:\n(home) ", "TEL NO HOME"), ("e-mail_1", "E-MAIL_1"), ("Größe", "GRÖSSE"), ("?!", "")],
)
def test_keys_are_cleaned(key, cleaned):
    """Word characters, blanks, "-" and "_" stay."""
    assert clean_key(key) == cleaned


def test_hand_worked_example():
    """Of 4 values "Ada" and "1815" are found; "Lovelace" is missing and "london" is written otherwise."""
    assert key_value_accuracy(GOLD, {"name": ["Ada"], "BORN  ON:": ["x", "1815"], "town": ["london"]}) == 0.5


def test_identical_is_one_and_disjoint_zero():
    """Every value found, or none."""
    assert key_value_accuracy(GOLD, GOLD) == 1.0
    assert key_value_accuracy(GOLD, {"Colour": ["green"]}) == 0.0


@pytest.mark.parametrize(
    ("expected", "predicted"), [({}, {}), ({"a": []}, {"a": []}), (GOLD, {}), (GOLD, None), (GOLD, ["Ada"])]
)
def test_nothing_expected_or_no_mapping_is_zero(expected, predicted):
    """As in the article, an empty form read as empty scores 0."""
    assert key_value_accuracy(expected, predicted) == 0.0


def test_lone_text_is_no_list_of_values():
    """A text is not searched for the expected one."""
    assert key_value_accuracy({"name": ["Ada"]}, {"name": "Ada Lovelace"}) == 0.0


def test_keys_that_clean_to_the_same_are_one():
    """Neither side's values get lost."""
    assert key_value_accuracy({"Name": ["Ada"], "NAME:": ["Bob"]}, {"name": ["Bob"], "name.": ["Ada"]}) == 1.0


@pytest.mark.parametrize(("count", "expected"), [(1, 0), (2, 1), (5, 4), (10, 9), (11, 9), (20, 18)])
def test_p90_is_the_articles(count, expected):
    """The score at int(0.9 n) of the sorted ones."""
    assert p90(reversed(range(count))) == expected


def test_p90_of_no_scores_is_an_error():
    """There is no such score."""
    with pytest.raises(IndexError):
        p90([])
