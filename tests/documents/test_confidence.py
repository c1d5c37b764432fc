"""The confidence follows what the page says of a value, and a doubtful value gets its reason."""

import pytest

from documents.confidence import DOUBTFUL, SILENT, Verdict, contradiction, weigh
from documents.grounding import Place
from documents.reasons import give_reason

AGREES = Verdict("agrees")
DIFFERS = Verdict("differs", "1.90", "Total")


def place(text, grounding="close", score=0.99, misread=0.0):
    """A place that reads `text`; `misread` counts for each of its characters."""
    return Place(
        grounding=grounding, page_index=0, bbox=(0, 0, 1, 1), text=text, score=score, misread=(misread,) * len(text)
    )


MISSING = Place(grounding="missing", page_index=None, bbox=None, text=None, score=0.0, misread=())


def test_found_value_is_hardly_doubtful():
    """Two readings that are equal are surer than the page's reader alone, in one place or in several."""
    assert weigh("abc", place("abc", "found", score=0.8)) == pytest.approx(0.9)
    assert weigh("abc", place("abc", "ambiguous", score=0.8)) == pytest.approx(0.9)


def test_second_reader_moves_the_confidence():
    """It agrees, says nothing, or finds another value in the field's place."""
    found = place("2.00", "found", score=1.0)
    agreed, silent, differing = (weigh(2.0, found, verdict) for verdict in (AGREES, SILENT, DIFFERS))
    assert agreed > silent > DOUBTFUL > differing


def test_contradicted_value_is_less_sure_than_an_unseen_one_than_a_confirmed_one():
    """Another value in its place speaks against it more than that nothing is read there."""
    assert weigh("x", MISSING, DIFFERS) == 0 < weigh("x", MISSING, SILENT) == weigh("x", MISSING) < DOUBTFUL
    assert weigh("x", MISSING, AGREES) == DOUBTFUL


@pytest.mark.parametrize(
    ("value", "page", "is_doubtful"),
    [
        ("12 Hill Road", "12 Mill Road", True),
        ("12 Hill Road", "17 Hill Road", True),
        ("12 Hill Road", "12 Hill Roa", True),
        ("12 Hill Road", "12 Hi11 R0ad", False),
        ("Burnside 8", "Bumside B", False),
    ],
)
def test_surely_read_difference_makes_a_value_doubtful(value, page, is_doubtful):
    """A digit, a letter or a missing one; but not 1 for l, 0 for o, m for rn, B for 8."""
    assert (weigh(value, place(page)) < DOUBTFUL) == is_doubtful


def test_unsurely_read_difference_does_not():
    """A word that the page's reader may have misread contradicts nothing."""
    assert weigh("12 Hill Road", place("12 Mill Road", misread=0.3)) > DOUBTFUL
    assert contradiction("12 Hill Road", place("12 Mill Road", misread=0.5)) == 0


@pytest.mark.parametrize(
    ("value", "where", "labels", "verdict", "reason"),
    [
        ("NO.50 JALAN", place("NO.59 Jalan"), [], None, "the page reads 'NO.59', the answer says 'NO.50'"),
        ("ALAM 1", place("ALAM"), [], SILENT, "the page does not read '1' there"),
        ("A, C", place("A B, C"), [], SILENT, "the answer leaves out 'B'"),
        ("x", MISSING, [], None, "does not stand on the page"),
        (2.1, MISSING, [], DIFFERS, "does not stand on the page; the page reads '1.90' beside 'Total'"),
        (
            2.0,
            place("2.00", "found"),
            ["CASH:", "above"],
            DIFFERS,
            "stands beside 'CASH'; the page reads '1.90' beside 'Total'",
        ),
        ("ab", place("ab", score=0.1), [], None, "the page is hard to read there"),
    ],
)
def test_reason_says_what_the_page_says(value, where, labels, verdict, reason):
    """One clause for a reviewer, with both readings."""
    assert give_reason(value, where, labels, verdict) == reason


def test_long_text_of_the_page_is_cut():
    """A page is untrusted, and a reason is one line."""
    reason = give_reason("x", MISSING, [], Verdict("differs", "y" * 500))
    assert len(reason) < 120
    assert reason.endswith("y…'")
