"""What the shipped patterns find, and what they leave alone."""

import re

import pytest

from documents.patterns import SHIPPED, find_by


def _found(name: str, text: str) -> list[str]:
    return [text[start:end] for start, end in SHIPPED[name](text)]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("iban", "pay to DE89 3704 0044 0532 0130 00 now", ["DE89 3704 0044 0532 0130 00"]),
        ("iban", "GB29NWBK60161331926819", ["GB29NWBK60161331926819"]),
        ("iban", "INVOICE AB12", []),
        ("card", "4111 1111 1111 1111 12/25", ["4111 1111 1111 1111"]),
        ("card", "ref 77 4111-1111-1111-1111", ["4111-1111-1111-1111"]),
        ("card", "4111 1111 1111 1112", []),  # the check digit is wrong
        ("email", "write to jo.doe+x@mail.example.org.", ["jo.doe+x@mail.example.org"]),
        ("phone", "+49 30 123456 or 555-123-4567", ["+49 30 123456", "555-123-4567"]),
        ("phone", "Tel (03) 123-4567", ["(03) 123-4567"]),
        ("phone", "on 04-03-1996 for 12.50", []),
        ("ssn", "SSN 078-05-1120", ["078-05-1120"]),
        ("ssn", "no 1078-05-11203", []),
        ("account", "acct 1234 5678 90", ["1234 5678 90"]),
        ("account", "25-12-2018 and 12345678.50", []),
    ],
)
def test_pattern_finds_its_kind(name: str, text: str, found: list[str]) -> None:
    """In running text, among other figures; dates and amounts are none."""
    assert _found(name, text) == found


def test_own_expression_finds_what_it_matches() -> None:
    """Each match in its order."""
    assert list(find_by(r"P-\d+")("P-1 and P-22")) == [(0, 3), (8, 12)]


@pytest.mark.parametrize(("regex", "error"), [("(", re.error), ("x*", ValueError)])
def test_expression_that_cannot_mask_is_refused(regex: str, error: type[Exception]) -> None:
    """A broken one, and one that matches nothing at all everywhere."""
    with pytest.raises(error):
        find_by(regex)
