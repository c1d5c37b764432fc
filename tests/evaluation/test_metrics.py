"""Pair precision, recall and F1."""

import pytest

from evaluation.metrics import (
    PairCounts,
    Ratio,
    exact_counts,
    extraction_to_key_values,
    extraction_to_pairs,
    fuzzy_counts,
    invented_pairs,
    key_counts,
    normalise,
    raw_counts,
)

PAIRS = [("Name:", "Ada Lovelace"), ("Born", "1815"), ("Born", "1815")]


@pytest.mark.parametrize("count", [raw_counts, exact_counts, fuzzy_counts, key_counts])
def test_identical_pairs_score_one(count):
    """Every expected pair is found, duplicates included."""
    counts = count(PAIRS, PAIRS)
    assert counts == PairCounts(3, 3, 3)
    assert (counts.precision, counts.recall, counts.f1) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("count", [raw_counts, exact_counts, fuzzy_counts, key_counts])
def test_disjoint_pairs_score_zero(count):
    """Nothing in common is 0, not an error."""
    counts = count(PAIRS, [("Colour", "green")])
    assert counts == PairCounts(0, 1, 3)
    assert (counts.precision, counts.recall, counts.f1) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("count", [raw_counts, exact_counts, fuzzy_counts, key_counts])
def test_nothing_expected_and_nothing_predicted_is_right(count):
    """An empty form read as empty is no failure; one invented pair is."""
    assert count([], []).f1 == 1.0
    assert (count([], []).precision, count([], []).recall) == (1.0, 1.0)
    assert (count([], PAIRS).precision, count([], PAIRS).recall, count([], PAIRS).f1) == (0.0, 0.0, 0.0)
    assert (count(PAIRS, []).precision, count(PAIRS, []).recall) == (0.0, 0.0)


def test_hand_worked_example():
    """Of 4 expected, 2 match exactly and a third by similarity; 4 were predicted, one of them twice.

    Exact: "Name"/"ADA" and "Born:"/"1815" match; the second "Name"/"Ada" has no partner left.
    Raw: none is written alike. Keys: "Name", "Born" and "Occupation", the second "Name" has no partner left.
    Fuzzy: "occupation"/"matematician" is 1 and 12/13 similar (one letter of 13 missing), so it matches too.
    """
    expected = [("Name:", "Ada"), ("Born", "1815"), ("Occupation", "mathematician"), ("Town", "London")]
    predicted = [("NAME", "ADA"), ("Name", "Ada"), ("Born:", "18-15"), ("occupation", "matematician")]
    exact = exact_counts(expected, predicted)
    assert exact == PairCounts(2, 4, 4)
    assert exact.f1 == 0.5
    assert raw_counts(expected, predicted) == PairCounts(0, 4, 4)
    assert key_counts(expected, predicted) == PairCounts(3, 4, 4)
    fuzzy = fuzzy_counts(expected, predicted)
    assert fuzzy == PairCounts(3, 4, 4)
    assert (fuzzy.precision, fuzzy.recall, fuzzy.f1) == (0.75, 0.75, 0.75)


def test_fuzzy_wants_both_texts_similar():
    """A right key does not make up for a wrong value, nor the reverse; 4 of 5 letters are just enough."""
    assert fuzzy_counts([("abcde", "12345")], [("abcde", "12399")]).matched == 0
    assert fuzzy_counts([("abcde", "12345")], [("abxye", "12345")]).matched == 0
    assert fuzzy_counts([("abcde", "12345")], [("abcdx", "12349")]).matched == 1


def test_fuzzy_takes_the_most_similar_partner():
    """Each expected pair gets the prediction that is most like it, whatever their order."""
    expected = [("total", "12345678"), ("total", "12345679")]
    assert fuzzy_counts(expected, list(reversed(expected))) == PairCounts(2, 2, 2)


@pytest.mark.parametrize("count", [exact_counts, fuzzy_counts])
def test_text_of_symbols_alone_never_matches(count):
    """What is empty once normalised stays in the denominators and is never right."""
    assert count([("Sex", "☒")], [("Sex", "☒")]) == PairCounts(0, 1, 1)


def test_counts_of_documents_add_up():
    """The micro average pools pairs before it divides."""
    total = sum([PairCounts(1, 1, 1), PairCounts(0, 3, 1)], PairCounts())
    assert (total.precision, total.recall) == (0.25, 0.5)
    assert total.f1 == pytest.approx(1 / 3)


def test_normalise_keeps_letters_and_digits_of_any_script():
    """Case, blanks and punctuation go; "ß" folds to "ss"."""
    assert normalise("Straße №. 5 — 東京!") == "strasse5東京"


def test_extraction_becomes_one_pair_per_value():
    """A question with two answers is two pairs, in order."""
    extraction = {"pairs": [{"key": "cc", "values": ["A", "B"]}, {"key": "to", "values": []}]}
    assert extraction_to_pairs(extraction) == [("cc", "A"), ("cc", "B")]
    assert extraction_to_pairs({}) == []


@pytest.mark.parametrize("count", [raw_counts, exact_counts, fuzzy_counts])
def test_surplus_duplicates_are_wrong(count):
    """A pair predicted three times and expected once is right once and wrong twice."""
    assert count([("a1", "b2")], [("a1", "b2")] * 3) == PairCounts(1, 3, 1)
    assert count([("a1", "b2")] * 3, [("a1", "b2")]) == PairCounts(1, 1, 3)


def test_raw_texts_are_trimmed_and_nothing_else():
    """Blanks at the ends don't count; case and a colon do; symbols are texts like others."""
    assert raw_counts([("Sex", " ☒")], [("Sex ", "☒")]) == PairCounts(1, 1, 1)
    assert raw_counts([("Name:", "Ada")], [("Name", "Ada")]).matched == 0
    assert raw_counts([("Name", "Ada")], [("Name", "ADA")]).matched == 0


def test_keys_count_whatever_the_value():
    """A key counts once for each of its values."""
    assert key_counts([("cc", "A"), ("cc", "B")], [("CC:", "x")]) == PairCounts(1, 1, 2)


@pytest.mark.parametrize(
    ("pair", "invented"),
    [
        (("Name", "Ada"), 0),
        (("Name", "Bob"), 0),  # a wrong value under a known key is a misreading
        (("Colour", "Lovelace"), 0),  # a known value under a wrong key is a mispairing
        (("Colour", "Born"), 0),  # the form's own label taken for a value
        (("Colour", "Ada Lovelacc"), 0),  # a misread one
        (("Colour", "green"), 1),
        (("☒", "☐"), 1),
    ],
)
def test_invented_is_what_the_gold_knows_nothing_of(pair, invented):
    """Neither the key nor the value resembles anything expected."""
    assert invented_pairs([("Name:", "Ada Lovelace"), ("Born", "1815")], [pair]) == Ratio(invented, 1)


def test_everything_is_invented_where_nothing_is_expected():
    """An empty form read as two pairs has two invented ones; read as empty, none of none."""
    assert invented_pairs([], PAIRS[:2]) == Ratio(2, 2)
    assert invented_pairs(PAIRS, []) == Ratio(0, 0)


@pytest.mark.parametrize(
    "answer",
    [{"pairs": None}, {"pairs": "x"}, {"pairs": ["x", None]}, {"pairs": [{"key": "a"}, {"key": 1, "values": ["b"]}]}],
)
def test_answer_that_does_not_fit_the_form_has_no_pairs(answer):
    """A chat model's malformed answer is an empty prediction, not an error."""
    assert extraction_to_pairs(answer) == []
    assert extraction_to_key_values(answer) == {}


def test_malformed_values_are_left_out():
    """What is sound of a malformed answer is scored."""
    assert extraction_to_pairs({"pairs": [{"key": "a", "values": ["b", None, 3]}]}) == [("a", "b")]


def test_key_that_stands_twice_has_the_values_of_both():
    """Nothing is overwritten."""
    extraction = {"pairs": [{"key": "cc", "values": ["A", "B"]}, {"key": "cc", "values": ["C"]}]}
    assert extraction_to_key_values(extraction) == {"cc": ["A", "B", "C"]}
