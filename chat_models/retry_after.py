"""How long a provider asks to be left alone."""

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

# What OpenAI writes: 20ms, 7.66s, 1m30s, 6h0m0s.
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:(\d+)ms)?")


def retry_after_s(error: BaseException) -> float | None:
    """Return the seconds that the failed answer's headers ask for; None where it has none, or none that can be read.

    The most exact is taken: OpenAI's retry-after-ms, then Retry-After (RFC 9110, section 10.2.3: seconds or a date),
    then when the limits of a minute that are used up begin anew.
    """
    headers = getattr(getattr(error, "response", None), "headers", None)
    if not isinstance(headers, Mapping):
        return None
    wait_s = _number(headers.get("retry-after-ms"), 1000)
    if wait_s is None:
        wait_s = _seconds_or_date(headers.get("retry-after"))
    return _reset(headers) if wait_s is None else max(0.0, wait_s)


def _number(text: str | None, divisor: float = 1) -> float | None:
    try:
        return float(text or "") / divisor
    except ValueError:
        return None


def _seconds_or_date(text: str | None) -> float | None:
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None


def _reset(headers: Mapping[str, str]) -> float | None:
    used_up = [kind for kind in ("requests", "tokens") if headers.get(f"x-ratelimit-remaining-{kind}") == "0"]
    return max((_span(headers.get(f"x-ratelimit-reset-{kind}", "")) for kind in used_up), default=None)


def _span(text: str) -> float:
    match = _SPAN.fullmatch(text)
    hours, minutes, seconds, milliseconds = (_number(part) or 0.0 for part in (match.groups() if match else [None] * 4))
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
