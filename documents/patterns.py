"""Numbers and addresses that point to a person, found by their form: account and card numbers, telephone, e-mail.

A pattern masks rather too much than too little: OCR misreads one character in a hundred, so that a check digit, where
one is asked for, can fail on the very number that was meant.

Texts come from documents and chat models, so what ships takes time in proportion to a text's length, whatever it says.
"""

import re
from collections.abc import Callable, Iterator

from documents.notation import find_dates

Extent = tuple[int, int]
"""Where something begins and ends in a text."""
Find = Callable[[str], Iterator[Extent]]

# Visa's old numbers, and ISO/IEC 7812's limit.
_MIN_CARD_DIGITS, _MAX_CARD_DIGITS = 13, 19
_FIGURES = re.compile(r"(?<!\w)\d+(?:[ -]\d+)*(?!\w)")


def find_by(regex: str) -> Find:
    """Make a finder of what a regular expression matches; one such as `(a+)+b` can take forever on some texts.

    Raises:
        re.error: it is none.
        ValueError: it matches the empty text, so it would mask between all signs.
    """
    compiled = re.compile(regex)
    if compiled.search(""):
        raise ValueError("it matches the empty text")
    return lambda text: (match.span() for match in compiled.finditer(text))


def _find_cards(text: str) -> Iterator[Extent]:
    """Find payment cards by Luhn's check digit; other figures may stand beside them."""
    for run in _FIGURES.finditer(text):
        groups = list(re.finditer(r"\d+", run[0]))
        for index, first in enumerate(groups):
            digits = ""
            # A group has a digit at least.
            for last in groups[index : index + _MAX_CARD_DIGITS]:
                digits += last[0]
                if len(digits) > _MAX_CARD_DIGITS:
                    break
                if len(digits) >= _MIN_CARD_DIGITS and _passes_luhn(digits):
                    yield run.start() + first.start(), run.start() + last.end()


def _passes_luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _but_dates(find: Find) -> Find:
    """Leave out what is a date: figures between hyphens or points too."""

    def without(text: str) -> Iterator[Extent]:
        dates = {(date.start, date.end) for date in find_dates(text)}
        return (found for found in find(text) if found not in dates)

    return without


SHIPPED: dict[str, Find] = {
    # Two letters, two check digits, then up to 30 signs in fours. No checksum: see above.
    "iban": find_by(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b"),
    "card": _find_cards,
    # From where a local part can begin; one that goes on from an address is found with it.
    "email": find_by(r"(?<![\w.+-])(?:[\w.+-]+ ?@ ?[\w-]+(?: ?\.[\w-]+)+)+"),
    # +49 30 123456, 030 123456, (03) 123-4567, 555-123-4567
    "phone": _but_dates(
        find_by(
            r"(?<![\w.,])(?:\+\d{1,3}|0\d{0,4}|\(\+?\d{1,5}\))(?:[ .()/-]{0,2}\d{2,5}){2,5}(?!\w)"
            r"|(?<![\w.,-])\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w-])"
        )
    ),
    # The United States' social security number.
    "ssn": find_by(r"(?<![\w-])\d{3}[- ]\d{2}[- ]\d{4}(?![\w-])"),
    # 8 to 18 digits in any groups, as bank accounts are long almost everywhere.
    "account": _but_dates(find_by(r"(?<![\w.,-])\d(?:[ -]?\d){7,17}(?![\w-]|[.,]\d)")),
}
"""The patterns that ship, by name."""
