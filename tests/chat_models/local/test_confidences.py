"""Probabilities of the values that the local reader answers."""

from chat_models.local.confidences import pair_confidences
from chat_models.local.pairs import Pair
from chat_models.local.segments import Segment
from documents.page import Word


def text(words: str) -> Segment:
    """A segment; where it stands doesn't matter here."""
    return Segment(tuple(Word(word, (0, 0, 1, 1), 1.0) for word in words.split()))


LEARNED = Pair(text("Name:"), (text("Ada"), text("Augusta")), (0.9, 0.4))
RULED = Pair(text("City:"), (text("London"),))


def test_each_value_has_its_pairs_probability_and_a_key_its_best():
    """By the place in the answer; what rules found has none."""
    filled = {"form": {"pairs": [{"key": "Name", "values": ["Ada", "Augusta"]}, {"key": "City", "values": ["London"]}]}}
    assert pair_confidences(filled, [LEARNED, RULED]) == {
        "/form/pairs/0/key": 0.9,
        "/form/pairs/0/values/0": 0.9,
        "/form/pairs/0/values/1": 0.4,
    }


def test_a_value_that_is_not_the_pairs_has_none():
    """Lists of other things, and fields with names of their own."""
    filled = {"name": "Ada", "items": [{"key": "A-1", "values": ["1", "2"]}], "values": ["Ada"]}
    assert pair_confidences(filled, [LEARNED]) == {}
