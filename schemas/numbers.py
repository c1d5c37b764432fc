"""Numbers as people write them."""

import re
from decimal import Decimal

# A currency's sign ("$", "S$") or code ("RM", "Rs."), before or after; a lone letter is no currency: "A1" is a name.
_CURRENCY = r"(?:[A-Z]{0,2}[$€£¥₹₽₩₫฿₱₺₴]|[A-Za-z]{2,4}\.?)"
_AMOUNT = r"[+-]?\(?\s*\d[\d.,' \u00a0]*\)?-?"
# What tills print behind an amount: a star, "x" for times, a letter for the tax rate; a per cent sign is no such mark.
_MARK = r"(?:\s*[*#xX×]|\s[A-Z])"
_WRITTEN = re.compile(rf"([+-]?)\s*(?:{_CURRENCY})?\s*({_AMOUNT})(?:\s*{_CURRENCY}|{_MARK})?")


def parse_number(text: str) -> Decimal | None:
    """Read one amount, or return None where the text is no number or could be two.

    "1,234.50", "1.234,50", "RM 1,234.50", "$8.20", "-3", "(3.00)" and "3.00-" are numbers. A single separator
    before exactly three digits is read as a group ("1,234" and "1.234" are 1234) only when it is a comma: a lone
    point is always a decimal point, as in JSON.
    """
    match = _WRITTEN.fullmatch(text.strip())
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
