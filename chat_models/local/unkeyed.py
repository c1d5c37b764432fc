"""Fields that receipts and invoices often print without a key: who sold, where, when, and the amount to pay."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from chat_models.local.pairs import Pair
from chat_models.local.payment import amounts_in, find_rounding, find_tax, find_total, has_payment
from chat_models.local.segments import Segment

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_DATE = re.compile(
    rf"(?<![\d-])(?:{_DAY}(?P<separator>[/.-]){_DAY}(?P=separator)(?:20\d\d|19\d\d|\d\d)|\d{{4}}[/.-]\d{{1,2}}[/.-]\d{{1,2}}"
    rf"|\d{{1,2}}[\s/.-]*{_MONTH}[\s/.,-]*(?:\d{{4}}|\d{{2}})|{_MONTH}\.?\s*\d{{1,2}},?\s*\d{{4}})",
    re.IGNORECASE,
)
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
# The seller's own numbers, which may stand above the address.
_NUMBERED = re.compile(r"\b(?:gst|vat|tax|reg|roc|co)\W+(?:reg\W+)?(?:id|no)\b", re.IGNORECASE)
_REGISTERED = re.compile(r"\b(?:reg|rfg|roc|br\s+no|(?:co|company)\W+no)\b", re.IGNORECASE)
_REGISTRATION = re.compile(r"\W*(?:co\W*reg\W*no\W*)?[a-z]{0,3}\W?\d{5,}\W{0,2}[a-z]?\W*$", re.IGNORECASE)
# A head is a name, a registration, and an address of up to five lines; further down are the goods.
_MAX_HEAD_ROWS = 10


def find_unkeyed(names: Sequence[str], pair: Pair | None, rows: Sequence[Sequence[Segment]]) -> list[str] | None:
    """Return the text of a field by its meaning, place and shape; None where these say nothing, [] where it is absent.

    Args:
        names: what the field is called, normalised.
        pair: the printed key that was matched with it, if any, with its values.
        rows: all text, from the top.
    """
    finder = next((_FINDERS[name] for name in names if name in _FINDERS), None)
    lines = [" ".join(segment.text for segment in row) for row in rows]
    found = finder(lines, pair) if finder else None
    return None if found is None else [found] if found else []


def _find_date(lines: list[str], pair: Pair | None) -> str | None:
    """Return the date alone, without the time beside it; of a printed key's value first."""
    keyed = " ".join(pair.value_texts) if pair else ""
    # A value with digits that are no date is a date misread, which another date of the page must not replace.
    texts = [keyed] if re.search(r"\d", keyed) else lines
    return next((match.group() for text in texts if (match := _DATE.search(text))), None)


def _find_total(lines: list[str], pair: Pair | None) -> str | None:
    return _printed(find_total(lines))


def _find_rounding(lines: list[str], pair: Pair | None) -> str | None:
    return _printed(find_rounding(lines))


def _find_tax(lines: list[str], pair: Pair | None) -> str | None:
    """Return the tax; "" where there is a total and no amount that could be its tax, whatever key was matched."""
    total = find_total(lines)
    return None if total is None else _printed(find_tax(lines, total)) or ""


def _printed(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _find_currency(lines: list[str], pair: Pair | None) -> str | None:
    """Return the first sign or code that stands before an amount of money."""
    found = [_CURRENCY.search(line) for line in ([] if pair else lines) if amounts_in(line)]
    return next((match.group() for match in found if match), None)


def _find_company(lines: list[str], pair: Pair | None) -> str | None:
    index = None if pair else _company_index(lines)
    if index is None:
        return None
    name = " ".join(lines[index : index + 2]) if lines[index].endswith("&") else lines[index]
    return _REGISTRATION.sub("", name).strip() or None


def _find_address(lines: list[str], pair: Pair | None) -> str | None:
    """Join the lines of the head below the company."""
    start = None if pair else _company_index(lines)
    if start is None:
        return None
    address: list[str] = []
    for line in lines[start + 1 : start + _MAX_HEAD_ROWS]:
        if not address and _NUMBERED.search(line):
            continue
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
    if not has_payment(lines):
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
    **dict.fromkeys(("tax", "gst", "vat", "tax amount", "total tax"), _find_tax),
    "rounding": _find_rounding,
}
