"""Numbers as people write them."""

import re
from decimal import Decimal

# A currency sign or code before or after, a sign, digits in groups, at most one decimal part.
_WRITTEN = re.compile(r"^(?:[^\W\d]{1,4}\.?|[^\w\s])?\s*([+-]?\(?\s*\d[\d.,' \u00a0]*\)?-?)\s*(?:[^\W\d]{1,4}|[^\w\s])?$")


def parse_number(text: str) -> Decimal | None:
    """Read one amount, or return None where the text is no number or could be two.

    "1,234.50", "1.234,50", "RM 1,234.50", "$8.20", "-3", "(3.00)" and "3.00-" are numbers. A single separator
    before exactly three digits is read as a group ("1,234" and "1.234" are 1234) only when it is a comma: a lone
    point is always a decimal point, as in JSON.
    """
    match = _WRITTEN.match(text.strip())
    if not match:
        return None
    body = re.sub(r"[\s\u00a0']", "", match.group(1))
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
    if any(len(group) != 3 for group in groups[1:]) or len(groups[0]) > 3 and len(groups) > 1:
        return None
    return "".join(groups) + (f".{fraction}" if fraction else "")
