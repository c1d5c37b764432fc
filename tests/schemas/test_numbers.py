from decimal import Decimal

import pytest

from schemas.numbers import parse_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1,234", "1234"),
        ("1.234", "1.234"),
        ("12,50", "12.50"),
        ("RM 9.00", "9.00"),
        ("€9", "9"),
        ("9.00 EUR", "9.00"),
        ("-3", "-3"),
        ("(3.00)", "-3.00"),
        ("3.00-", "-3.00"),
        ("5.", "5"),
        ("1 234", "1234"),
        ("\u22123", "-3"),
        ("3.80*", "3.80"),
        ("1x", "1"),
        ("1 X", "1"),
        ("12.08 T", "12.08"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, number: str) -> None:
    """Groups, decimal commas, currencies and signs."""
    assert parse_number(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "12-34",
        "1,23,456",
        "A1",
        "25/12/2018",
        "1.2.3",
        "7%",
        "10 20",
        "2 3.50",
        "1 2 3",
        "1" + " " * 20_000 + "?",
        "1" * 100,
        "12A",
        "12 AB3",
    ],
)
def test_what_is_no_amount_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert parse_number(text) is None
