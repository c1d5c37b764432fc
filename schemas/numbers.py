"""Numbers as people write them."""

import re
from decimal import Decimal

# A currency's sign ("$", "S$") or code ("RM", "Rs."), before or after; a lone letter is no currency: "A1" is a name.
_CURRENCY = r"(?:[A-Z]{0,2}[$€£¥₹₽₩₫฿₱₺₴]|[A-Za-z]{2,4}\.?)"
# Groups of three set apart by one kind of blank, comma, point or apostrophe; or digits with one separator.
_DIGITS = r"(?:\d{1,3}(?:[ \u00a0,.']\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)[.,]?"
_AMOUNT = rf"[+-]?\(?\s?{_DIGITS}\)?-?"
# What tills print behind an amount: a star, "x" for times, a letter for the tax rate; a per cent sign is no such mark.
_MARK = r"(?:\s*[*#xX×]|\s[A-Z])"
_WRITTEN = re.compile(rf"([+-]?)\s*(?:{_CURRENCY})?\s*({_AMOUNT})(?:\s*{_CURRENCY}|{_MARK})?")
# An amount with its currency; what is longer is text.
_MAX_CHARS = 60


def parse_number(text: str) -> Decimal | None:
    """Read one amount, or return None where the text is no number or could be two.

    "1,234.50", "1.234,50", "1 234", "RM 1,234.50", "$8.20", "-3", "(3.00)" and "3.00-" are numbers; "10 20" is two. A
    lone comma before three digits groups them ("1,234" is 1234); a lone point is a decimal point, as in JSON.
    """
    text = text.strip()
    match = _WRITTEN.fullmatch(text.replace("\u2212", "-")) if len(text) <= _MAX_CHARS else None
    if not match:
        return None
    body = match.group(1) + re.sub(r"[\s\u00a0']", "", match.group(2))
    negative = body.startswith("-") or body.endswith("-") or (body.startswith("(") and body.endswith(")"))
    digits = _decimal_point(body.strip("+-()"))
    if digits is None:
        return None
    return -Decimal(digits) if negative else Decimal(digits)


def _decimal_point(digits: str) -> str | None:
    """Drop group separators and make the decimal separator a point; None where groups are not of three."""
    digits = digits.rstrip(".,")
    last = max(digits.rfind("."), digits.rfind(","))
    if last == -1:
        return digits
    separator, whole, fraction = digits[last], digits[:last], digits[last + 1 :]
    is_group = separator in whole or (separator == "," and len(fraction) == 3)
    if is_group:
        whole, fraction = digits, ""
    groups = re.split(r"[.,]", whole)
    if any(len(group) != 3 for group in groups[1:]) or (len(groups[0]) > 3 and len(groups) > 1):
        return None
    return "".join(groups) + (f".{fraction}" if fraction else "")
