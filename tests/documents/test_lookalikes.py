"""What readers confuse is told from what differs."""

import pytest

from documents.lookalikes import fold, look_alike


@pytest.mark.parametrize(("one", "two"), [("b1750", "81750"), ("ted", "teo"), ("corner", "comer"), ("5il", "s11")])
def test_confused_characters_look_alike(one, two):
    """Letters and digits of one class, and rn for m."""
    assert look_alike(one, two)


@pytest.mark.parametrize(("one", "two"), [("13", "18"), ("1", "7"), ("6", "8"), ("hill", "mill"), ("ab", "abc")])
def test_other_characters_do_not(one, two):
    """Two digits never do."""
    assert not look_alike(one, two)


def test_folding_keeps_digits_apart():
    """Each digit stands for itself, and the length stays."""
    assert fold("0123456789") == "0123456789"
    assert fold("ol") == "01"
