"""Numbers and dates are read in every notation that leaves no choice."""

from datetime import date
from decimal import Decimal

import pytest

from documents.notation import agree, find_dates, find_numbers, normalise, read_whole


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("1,234.50", {"1234.50"}),
        ("1.234.567,5", {"1234567.5"}),
        ("1.234", {"1234", "1.234"}),
        ("USD 5", {"5"}),
        ("5%", {"5"}),
        ("-$5.00", {"-5"}),
        ("5.00-", {"-5"}),
        ("(7)", {"7", "-7"}),
        ("007", set()),
        ("A4", set()),
        ("555-1234", set()),
        ("12/05", set()),
    ],
)
def test_number_readings(text, readings):
    """A lone separator before three digits leaves two readings; codes and telephone numbers have none."""
    assert read_whole(text, find_numbers) == {Decimal(reading) for reading in readings}


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("2018-12-25", {date(2018, 12, 25)}),
        ("25.12.2018", {date(2018, 12, 25)}),
        ("5/12/2018", {date(2018, 12, 5), date(2018, 5, 12)}),
        ("December 25th, 2018", {date(2018, 12, 25)}),
        ("3 Sept 92", {date(1992, 9, 3), date(2092, 9, 3)}),
        ("31.02.2018", set()),
    ],
)
def test_date_readings(text, readings):
    """Day and month change places where both can be a month; a year of two digits has two centuries."""
    assert read_whole(text, find_dates) == readings


def test_two_notations_with_a_choice_each_do_not_agree():
    """`1.234` and `1,234` may mean the same, or not."""
    both = {Decimal(1234), Decimal("1.234")}
    assert agree(both, {Decimal(1234)})
    assert not agree(both, both)
    assert not agree({Decimal(1)}, {Decimal(2)})


def test_normalise_keeps_letters_and_digits_of_all_scripts():
    """Blanks, signs and case go; full-width, ligatures and Arabic digits become plain."""
    assert normalise("Ａ-ﬁ ٣٤, Straße 北") == "afi34strasse北"
