"""How one and the same value may be written: letters, numbers and dates brought to a form that can be compared.

A number or a date on paper can have more than one reading (`1.234`, `05/12/2018`), so both are sets of readings, and
two notations agree when they share a reading and at least one of them leaves no choice.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Set
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

# Codes that receipts print glued to the amount (`RM12.50`); other letters before digits make an identifier (`A4`).
_CURRENCY = r"rm|rs|rp|kr|us|usd|eur|gbp|chf|jpy|cny|inr|myr|sgd|aud|cad|hkd|idr|thb"
_DIGIT = re.compile(r"\d")
_DIGITS = r"\d+(?:[.,'’]\d+)*"
_GROUPED = {group: re.compile(rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+|\d+") for group in ",.'’"}
_NUMBER = re.compile(
    rf"(?<![\w.,/'’-])(?P<sign>[-−(]?)\s*(?:(?:{_CURRENCY})?\s*[$€£¥₹₩]?|%)\s*(?P<inner>[-−]?)"
    rf"(?P<digits>{_DIGITS})\s*(?:%|[$€£¥₹₩]|(?:{_CURRENCY})(?!\w))?(?P<end>[-−)]?)(?![\w/]|[.,'’:-]\d)",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*"
_YEAR = r"(?P<year>\d{4}|\d\d)"
_DATES = tuple(
    re.compile(rf"(?<![\w./-]){pattern}(?![\w/]|[.-]\d)", re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})\s?[-/.]\s?(?P<month>\d\d?)\s?[-/.]\s?(?P<day>\d\d?)",
        rf"(?P<first>\d\d?)\s?[-/.]\s?(?P<second>\d\d?)\s?[-/.]\s?{_YEAR}",
        rf"(?P<day>\d\d?)(?:st|nd|rd|th)?[-/.,\s]*{_MONTH}[-/.,\s]*{_YEAR}",
        rf"{_MONTH}[-/.,\s]*(?P<day>\d\d?)(?:st|nd|rd|th)?[-/.,\s]+{_YEAR}",
    )
)

Reading = Decimal | date


class Notation(NamedTuple):
    """A number or a date as it is written in a text."""

    start: int
    end: int
    readings: frozenset[Reading]


@lru_cache(maxsize=4096)
def is_text(char: str) -> bool:
    """Say whether a character is a letter, a digit or a mark that belongs to one, in any script."""
    return unicodedata.category(char)[0] in "LNM"


def normalise(text: str) -> str:
    """Keep letters and digits only: NFKC, case folded, every script's decimal digits as 0 to 9."""
    composed = unicodedata.normalize("NFKC", text)
    if composed.isascii():
        return "".join(filter(str.isalnum, composed)).lower()
    folded = "".join(char for char in composed.casefold() if is_text(char))
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in folded)


def find_numbers(text: str) -> Iterator[Notation]:
    """Find the numbers that stand for themselves: not the parts of a date, a telephone number or an identifier."""
    for match in _NUMBER.finditer(text) if _DIGIT.search(text) else ():  # most words are none, and soon known for it
        magnitudes = _magnitudes(match["digits"])
        negative = {-magnitude for magnitude in magnitudes}
        if any(match[group] in {"-", "−"} for group in ("sign", "inner", "end")):
            magnitudes = negative
        elif match["sign"] == "(" and match["end"] == ")":  # a loss in a balance sheet, or a remark's number
            magnitudes |= negative
        if magnitudes:
            yield Notation(match.start(), match.end(), frozenset(magnitudes))


def find_dates(text: str) -> Iterator[Notation]:
    """Find the dates of day, month and year in figures, or with an English month."""
    for pattern in _DATES if _DIGIT.search(text) else ():
        for match in pattern.finditer(text):
            if readings := _calendar_days(match.groupdict()):
                yield Notation(match.start(), match.end(), readings)


def read_whole(text: str, find: Callable[[str], Iterator[Notation]]) -> frozenset[Reading]:
    """Give the readings of a text that is one notation from end to end; empty where it is more or something else."""
    spans = [n for n in find(text) if not any(is_text(char) for char in text[: n.start] + text[n.end :])]
    return frozenset().union(*(n.readings for n in spans))


def is_figures(text: str) -> bool:
    """Say whether a text is a number, a date or a code: what one wrong digit makes another thing."""
    digits, letters = (sum(map(kind, text)) for kind in (str.isdecimal, str.isalpha))
    return digits > letters or bool(read_whole(text, find_numbers) or read_whole(text, find_dates))


def agree(first: Set[Reading], second: Set[Reading]) -> bool:
    """Say whether two notations mean the same: `1.234` and `1,234`, both with two readings, don't."""
    return not first.isdisjoint(second) and min(len(first), len(second)) == 1


def _magnitudes(digits: str) -> set[Decimal]:
    """Read `1,234.50`, `1.234,50`, `1'234` or `1234.5`; a lone separator before three digits may be of either kind."""
    if re.match(r"0\d", digits):  # a code such as 00123: its zeros mean something
        return set()
    if digits.isdecimal():
        return {Decimal(f"{digits}.0")}
    readings = set()
    for group, point in ((",", "."), (".", ","), ("'", "."), ("’", ".")):
        whole, separator, fraction = digits.partition(point)
        if _GROUPED[group].fullmatch(whole) and (fraction.isdecimal() or not separator):
            readings.add(Decimal(f"{whole.replace(group, '')}.{fraction or 0}"))
    return readings


def _calendar_days(parts: dict[str, str | None]) -> frozenset[Reading]:
    year = int(parts["year"] or 0)
    years = (year,) if len(parts["year"] or "") == 4 else (1900 + year, 2000 + year)
    if "first" in parts:  # 05/12 is the fifth of December or the twelfth of May
        one, two = int(parts["first"] or 0), int(parts["second"] or 0)
        pairs = {(one, two), (two, one)}
    else:
        name = parts.get("name")
        pairs = {(_MONTHS.index(name.lower()) + 1 if name else int(parts["month"] or 0), int(parts["day"] or 0))}
    return frozenset(date(y, m, d) for y in years for m, d in pairs if _exists(y, m, d))


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
