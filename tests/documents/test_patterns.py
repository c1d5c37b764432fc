"""What the shipped patterns find, and what they leave alone."""

import re
import signal
from collections.abc import Iterator

import pytest

from documents.page import Word
from documents.patterns import SHIPPED, find_by
from documents.redaction import REDACTED, Mask, words_to_hide

# Each is taken again and again: what nearly is of a kind, what a repeated part of an expression can divide in many
# ways, what each place could begin with.
HOSTILE = [
    "1", "1 ", "1-", "12 ", "1234 ", "12345678901234567890123x ", "+4912345678901234567890123x ", "(0", "0 ", "1 a",
    "4111 1111 1111 1111 ", "1234567 ", "078-05-1120 ", "04-03-1996 ", "1 jan ", " ", "-", "1.", "A", "AB12",
    "AB12 ABCD ABCD ABCD ABCD ABCD ABCD ABCD ABCDE", "a", "a.", "a@", "a@b.", "a@b.c+", "a @ b ",
]  # fmt: skip
HOSTILE_SIGNS = 50_000
# CPU seconds; the slowest of them takes 0.4, one whose time grows with the square of the length takes 30.
ENOUGH_S = 5.0


@pytest.fixture
def _bounded() -> Iterator[None]:
    """What takes too long fails; `re` looks at signals while it matches."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"more than {ENOUGH_S} CPU seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, ENOUGH_S)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


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
        ("email", "a@b.example+c@d.example", ["a@b.example+c@d.example"]),
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


@pytest.mark.usefixtures("_bounded")
@pytest.mark.parametrize("again", HOSTILE)
@pytest.mark.parametrize("name", SHIPPED)
def test_time_grows_with_the_length_alone(name: str, again: str) -> None:
    """A document is not to stop the process that redacts it; a letter at the end spoils what matched so far."""
    find = SHIPPED[name]
    text = (again * HOSTILE_SIGNS)[:HOSTILE_SIGNS]
    assert all(0 <= start < end <= len(text) + 2 for start, end in find(text + "1a"))


@pytest.mark.usefixtures("_bounded")
def test_page_of_nothing_but_numbers_is_hidden() -> None:
    """As many words as hidden places, each looked at once."""
    mask = Mask(patterns=[SHIPPED["account"]])
    words = [Word(text, (0.0, 0.0, 0.1, 0.1), 1.0) for text in ["12345678", "and"] * 20_000]
    assert words_to_hide(words, mask) == set(range(0, 40_000, 2))
    assert mask.hide("12345678 and " * 20_000) == f"{REDACTED} and " * 20_000
