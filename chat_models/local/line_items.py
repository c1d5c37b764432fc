"""What was bought: the lines of a receipt between its head and the amounts at its foot."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chat_models.local.payment import amounts_in, foot_start

# An amount at a line's end, perhaps with a mark of its tax ("3.30*", "15.25 SR").
_ENDS_IN_AMOUNT = re.compile(r"\d[.,]\s?\d{2}\s?(?:\W{0,2}|[A-Z]{1,3})$")
_HEADING = re.compile(r"\b(?:qty|quantity|price|amount|amt|desc\w*|item|u/p|uom|rsp)\b", re.IGNORECASE)
_NO_GOODS = re.compile(
    r"\bsub\W*t|\b(?:total|tax|gst|vat|sst|excl?|rounding|disc\w*|service|charges?|tel|fax|date|time)\b", re.IGNORECASE
)
# Codes, quantities, units and amounts, which stand beside a description and aren't part of it.
_FIGURES = re.compile(
    r"(?<!\S)(?:\W*(?:RM|MYR|USD|EUR|GBP)?\W*[\dx]+(?:[.,]\d+)?[x*%]?\W*|pcs?|sets?|units?|ea|uom|sr|zrl?|rm|x|@)(?!\S)",
    re.IGNORECASE,
)
# The shop's code of an item, or of its tax, before the description.
_CODE = re.compile(r"^(?:\W*(?:\w{0,2}\d{6,}|SR|ZRL?)\b\W*)+")
_COUNT = re.compile(r"(?<![\w.,])\d{1,4}(?:[.,]0{1,3})?(?=[xX]?(?![\w.,]))")
_CENT = Decimal("0.05")


@dataclass(frozen=True)
class BoughtItem:
    """One thing bought, as far as its line says."""

    description: str | None
    quantity: Decimal | None
    price: Decimal
    """The amount of the line."""


def find_items(lines: Sequence[str]) -> list[BoughtItem]:
    """Return the items in reading order; a description may stand on the lines above or below the amount."""
    end = foot_start(lines)
    priced = [index for index in range(end) if _is_priced(lines[index])]
    if not priced:
        return []
    first = priced[0]
    is_above = first > 0 and _is_wording(lines[first - 1]) and not _wording(lines[first])
    return [_read(lines, index, priced, end, is_above=is_above) for index in priced]


def _read(lines: Sequence[str], index: int, priced: Sequence[int], end: int, *, is_above: bool) -> BoughtItem:
    price = amounts_in(lines[index])[-1]
    if is_above:
        beside = range(max((other + 1 for other in priced if other < index), default=index - 1), index)
    else:
        beside = range(index + 1, min((other for other in priced if other > index), default=end))
    own = _wording(lines[index])
    described = [own] if own else [_wording(lines[other]) for other in beside if _is_wording(lines[other])]
    return BoughtItem(" ".join(described) or None, _quantity(lines[index], price), price)


def _is_priced(line: str) -> bool:
    return bool(_ENDS_IN_AMOUNT.search(line) and amounts_in(line)) and not _NO_GOODS.search(line)


def _is_wording(line: str) -> bool:
    return bool(_wording(line)) and not amounts_in(line) and not _HEADING.search(line) and not _NO_GOODS.search(line)


def _wording(line: str) -> str:
    """Return what a line says besides figures; "" where that is no word."""
    rest = re.sub(r"\s+", " ", _FIGURES.sub(" ", _CODE.sub("", line))).strip(" -:*.,")
    return rest if re.search(r"[^\W\d_]{3}", rest) else ""


def _quantity(line: str, price: Decimal) -> Decimal | None:
    """Return the whole number that, times an amount of the line, makes the price: else a code could be taken for it."""
    counts = [Decimal(text.replace(",", ".")) for text in _COUNT.findall(line)]
    each = amounts_in(line)[:-1] or [price]
    return next((count for count in counts for amount in each if abs(count * amount - price) <= _CENT), None)
