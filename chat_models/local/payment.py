"""The amounts at the foot of a receipt or invoice, read by what stands beside them and held against each other."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain

# Two decimals tell an amount of money from a quantity; OCR can lose the point ("64 15"). From a number's start
# only: a long run of digits would be tried from each of them.
_MONEY = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:[.,]\s?|\s)\d{2}(?![.,]?\d)|(?<![\d.,])\.\d{2}(?!\d)")
_TOTAL = re.compile(
    r"\bt[oa0]t\w{0,2}l\b|^\W*tot\b|\b(?:amount|balance)\s+(?:due|payable)|\bnett?\s+(?:amount|payable)", re.IGNORECASE
)
_OTHER_TOTAL = re.compile(
    r"sub\W*t|qty|quant|item|disc|sav|exc|includes|tax\s*:?\s*\d|total\s+(?:gst|tax|vat)|summary|tender|change|cash|point",
    re.IGNORECASE,
)
_CASH = re.compile(r"^\W*(?:cash|tendered|paid|payment|amount\s+(?:paid|tendered))\b", re.IGNORECASE)
_CHANGE = re.compile(r"\bchange\b", re.IGNORECASE)
_ROUNDING = re.compile(r"\brounding\b", re.IGNORECASE)
# A minus or a bracket before the last amount, perhaps with the currency between.
_NEGATIVE = re.compile(r"[-(]\s?(?:[A-Z]{2,3}|[^\w\s])?\s?\d*[.,]\s?\d{2}\W*$")
_TAX = re.compile(r"\b(?:gst|tax|vat|sst)\b", re.IGNORECASE)
_NO_TAX = re.compile(r"excl|charge|chrg|\b(?:id|no|number|reg|code|invoice)\b", re.IGNORECASE)
_PAYMENT = re.compile(r"total|\b(?:amount|balance)\s+due|\bcash\b|\bchange\b", re.IGNORECASE)
# Below this stand the taxed amounts and the taxes of each rate.
_TAX_SUMMARY = re.compile(r"\b(?:gst|tax|vat|sst)\s+(?:summary|analysis|code)", re.IGNORECASE)
# No country's rate of sales tax is higher than Hungary's 27 %, so no tax is a larger share of what is paid with it.
_MAX_TAX_SHARE = Decimal("0.27") / Decimal("1.27")
# Cash is paid in multiples of 5 cents where 1 cent is out of use; sums of rounded lines are off by as much.
_ROUNDED_BY = Decimal("0.05")


def has_payment(lines: Sequence[str]) -> bool:
    """Tell whether something is paid on this page: a line names a total, cash or change beside an amount."""
    return foot_start(lines) < len(lines)


def amounts_in(line: str) -> list[Decimal]:
    """Return the amounts of money that stand in a line, without their signs."""
    return [_to_amount(match) for match in _MONEY.findall(line)]


def find_total(lines: Sequence[str]) -> Decimal | None:
    """Return the amount to pay, after tax and rounding.

    What was handed over less the change is that amount, if it is printed somewhere. Else it is the last total above
    the tax summary (rounding comes after the sum, and the amount to pay after that), rounded if that is printed too.
    Else it is the cash, where nothing else is named.
    """
    foot = _above_summary(lines)
    printed = {amount for line in foot for amount in amounts_in(line)}
    if (paid := _paid(foot)) in printed:
        return paid
    totals = [amount for index, line in enumerate(foot) if _is_total(line) and (amount := _amount_at(foot, index))]
    if not totals:
        return next((_amount_at(foot, index) for index, line in enumerate(foot) if _CASH.search(line)), None)
    rounding = find_rounding(lines) or Decimal(0)
    is_rounded = totals[-1] - rounding in totals
    return totals[-1] + rounding if not is_rounded and totals[-1] + rounding in printed else totals[-1]


def find_rounding(lines: Sequence[str]) -> Decimal | None:
    """Return the adjustment that rounds the amount to pay, with its sign."""
    for line in filter(_ROUNDING.search, lines):
        if (amounts := amounts_in(line)) and amounts[-1] <= _ROUNDED_BY:
            return -amounts[-1] if _NEGATIVE.search(line) else amounts[-1]
    return None


def find_tax(lines: Sequence[str], total: Decimal) -> Decimal | None:
    """Return the tax in a total: the amount beside its name, else the smaller of two on a line that make the total."""
    foot = _above_summary(lines)
    named = [amounts_in(line) for line in foot if _TAX.search(line) and not _NO_TAX.search(line)]
    taxes = [amounts[-1] for amounts in named if amounts and amounts[-1] <= total * _MAX_TAX_SHARE]
    return next(chain(taxes, _taxes_in_summary(lines, total)), None)


def _taxes_in_summary(lines: Sequence[str], total: Decimal) -> Iterator[Decimal]:
    for line in lines:
        match amounts_in(line)[-2:]:
            case [taxed, tax] if abs(taxed + tax - total) <= _ROUNDED_BY and tax <= total * _MAX_TAX_SHARE:
                yield tax


def _above_summary(lines: Sequence[str]) -> Sequence[str]:
    """Leave out the tax summary and what follows; a table of goods can have such a head too, above what is paid."""
    start = foot_start(lines)
    return lines[: next((index for index in range(start, len(lines)) if _TAX_SUMMARY.search(lines[index])), len(lines))]


def foot_start(lines: Sequence[str]) -> int:
    """Return the first line that names what is paid beside an amount."""
    matches = (index for index, line in enumerate(lines) if _PAYMENT.search(line) and amounts_in(line))
    return next(matches, len(lines))


def _paid(lines: Sequence[str]) -> Decimal | None:
    """Return cash less change, each with its amount on its own line."""
    cash = [amounts[-1] for line in lines if _CASH.search(line) and (amounts := amounts_in(line))]
    change = [amounts[-1] for line in lines if _CHANGE.search(line) and (amounts := amounts_in(line))]
    return cash[0] - change[-1] if cash and change and cash[0] > change[-1] else None


def _is_total(line: str) -> bool:
    return _TOTAL.search(line) is not None and not _OTHER_TOTAL.search(line)


def _amount_at(lines: Sequence[str], index: int) -> Decimal | None:
    """Return the last amount of the line; else the next line's, where the amount has slipped below."""
    return next((amounts[-1] for line in lines[index : index + 2] if (amounts := amounts_in(line))), None)


def _to_amount(text: str) -> Decimal:
    digits = re.sub(r"\D", "", text)
    return Decimal(digits).scaleb(-2)
