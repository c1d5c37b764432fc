"""Fields that receipts and invoices often print without a key: who sold, where, when, and the amount to pay."""

import re
from collections.abc import Callable, Sequence

from chat_models.local.pairs import Pair
from chat_models.local.segments import Segment

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(
    rf"(?<![\d-])(?:\d{{1,2}}(?P<separator>[/.-])\d{{1,2}}(?P=separator)(?:20\d\d|19\d\d|\d\d)|\d{{4}}[/.-]\d{{1,2}}[/.-]\d{{1,2}}"
    rf"|\d{{1,2}}[\s/.-]*{_MONTH}[\s/.,-]*(?:\d{{4}}|\d{{2}})|{_MONTH}\.?\s*\d{{1,2}},?\s*\d{{4}})",
    re.IGNORECASE,
)
# Two decimals tell an amount of money from a quantity; OCR can lose the point ("64 15"). From a number's start
# only: a long run of digits would be tried from each of them.
_MONEY = re.compile(r"(?<!\d)(?:\d{1,3}(?:,\d{3})+|\d+)(?:[.,]\s?|\s)\d{2}(?![.,]?\d)")
_TOTAL = re.compile(
    r"\bt[oa0]t\w{0,2}l\b|\b(?:amount|balance)\s+(?:due|payable)|\bnett?\s+(?:amount|payable)", re.IGNORECASE
)
_OTHER_TOTAL = re.compile(
    r"sub\W*t|qty|quant|item|disc|sav|exc|includes|tax\s*:?\s*\d|total\s+(?:gst|tax|vat)|summary|tender|change|cash|point",
    re.IGNORECASE,
)
_PAYMENT = re.compile(r"total|\b(?:amount|balance)\s+due|\bcash\b|\bchange\b", re.IGNORECASE)
# Below this stand totals of each tax rate.
_TAX_SUMMARY = re.compile(r"\b(?:gst|tax|vat|sst)\s+(?:summary|analysis|code)", re.IGNORECASE)
_CURRENCY = re.compile(r"[€$£¥₹]|\b(?:RM|MYR|USD|EUR|GBP|CHF|JPY|CNY|INR|SGD|AUD|CAD)\b")
# What ends the head of a receipt, where the seller and the address stand.
_END_OF_HEAD = re.compile(
    r"@|\b(?:tel|telephone|phone|fax|gst|vat|tax|tax\s?invoice|invo[il]ce|rece[il]pt|bill|document|date|cash|cashier|email"
    r"|website|www)\b",
    re.IGNORECASE,
)
_COMPANY_FORM = re.compile(
    r"\b(?:sdn|bhd|s/b|ltd|limited|inc|llc|plc|gmbh|corp|enterprise|trading|restaurants?|mart|store)\b", re.IGNORECASE
)
_REGISTERED = re.compile(r"\b(?:reg|rfg|roc|br\s+no|(?:co|company)\W+no)\b", re.IGNORECASE)
_REGISTRATION = re.compile(r"\W*(?:co\W*reg\W*no\W*)?[a-z]{0,3}\W?\d{5,}\W{0,2}[a-z]?\W*$", re.IGNORECASE)
# A head is a name, a registration, and an address of up to five lines; further down are the goods.
_MAX_HEAD_ROWS = 10


def find_unkeyed(names: Sequence[str], pair: Pair | None, rows: Sequence[Sequence[Segment]]) -> list[str]:
    """Return the text of a field by its meaning, place and shape; [] where it has none of the known meanings.

    Args:
        names: what the field is called, normalised.
        pair: the printed key that was matched with it, if any, with its values.
        rows: all text, from the top.
    """
    finder = next((_FINDERS[name] for name in names if name in _FINDERS), None)
    lines = [" ".join(segment.text for segment in row) for row in rows]
    found = finder(lines, pair) if finder else None
    return [found] if found else []


def _find_date(lines: list[str], pair: Pair | None) -> str | None:
    """Return the date alone, without the time beside it; of a printed key's value first."""
    keyed = " ".join(pair.value_texts) if pair else ""
    # A value with digits that are no date is a date misread, which another date of the page must not replace.
    texts = [keyed] if re.search(r"\d", keyed) else lines
    return next((match.group() for text in texts if (match := _DATE.search(text))), None)


def _find_total(lines: list[str], pair: Pair | None) -> str | None:
    """Return the last total above the tax summary: rounding comes after the sum, and the amount to pay after that."""
    end = next((index for index, line in enumerate(lines) if _TAX_SUMMARY.search(line)), len(lines))
    found = [_last_amount(lines[index : index + 2]) for index, line in enumerate(lines[:end]) if _is_total(line)]
    return next((amount for amount in reversed(found) if amount), None)


def _is_total(line: str) -> bool:
    return _TOTAL.search(line) is not None and not _OTHER_TOTAL.search(line)


def _last_amount(lines: list[str]) -> str | None:
    """Return the last amount of the line; else the next line's, where the amount has slipped below."""
    for line in lines:
        if amounts := _MONEY.findall(line):
            return re.sub(r"[.,\s]+(\d{2})$", r".\1", str(amounts[-1]))
    return None


def _find_currency(lines: list[str], pair: Pair | None) -> str | None:
    """Return the first sign or code that stands before an amount of money."""
    found = [_CURRENCY.search(line) for line in ([] if pair else lines) if _MONEY.search(line)]
    return next((match.group() for match in found if match), None)


def _find_company(lines: list[str], pair: Pair | None) -> str | None:
    index = None if pair else _company_index(lines)
    return None if index is None else _REGISTRATION.sub("", lines[index]).strip() or None


def _find_address(lines: list[str], pair: Pair | None) -> str | None:
    """Join the lines of the head below the company."""
    start = None if pair else _company_index(lines)
    if start is None:
        return None
    address: list[str] = []
    for line in lines[start + 1 : start + _MAX_HEAD_ROWS]:
        if _END_OF_HEAD.search(line + " "):
            break
        if _is_address_line(line) and (address or re.search(r"[\d,]", line)):
            address.append(line)
    return " ".join(address) or None


def _is_address_line(line: str) -> bool:
    if _REGISTERED.search(line) or _REGISTRATION.fullmatch(line) or _DATE.match(line):
        return False
    return re.search(r"[^\W\d_]{2}", line) is not None


def _company_index(lines: list[str]) -> int | None:
    """Return the line that names the seller: with a company's legal form, else the first in capitals.

    None on what is no receipt or invoice, whose heading says something else.
    """
    if not any(_PAYMENT.search(line) and _MONEY.search(line) for line in lines):
        return None
    end = next((index for index, line in enumerate(lines) if index and _END_OF_HEAD.search(line + " ")), len(lines))
    head = range(min(end, _MAX_HEAD_ROWS))
    named = [index for index in head if _COMPANY_FORM.search(lines[index])]
    worded = [index for index in head if _is_name(lines[index])]
    return next(iter([*named, *worded]), None)


def _is_name(line: str) -> bool:
    letters = sum(character.isalpha() for character in line)
    return line[:1].isupper() and letters >= 4 and letters > 2 * sum(character.isdigit() for character in line)


_Finder = Callable[[list[str], Pair | None], str | None]
_FINDERS: dict[str, _Finder] = {
    **dict.fromkeys(("company", "vendor", "merchant", "seller", "store", "shop"), _find_company),
    **dict.fromkeys(
        ("address", "vendor address", "merchant address", "seller address", "store address"), _find_address
    ),
    **dict.fromkeys(("date", "receipt date", "purchase date", "transaction date"), _find_date),
    "currency": _find_currency,
    **dict.fromkeys(("total", "grand total", "total amount", "amount due"), _find_total),
}
