import time
from email.utils import formatdate

import httpx
import openai
import pytest

from chat_models.retry_after import retry_after_s


def _error(**headers: str) -> Exception:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = httpx.Request("POST", "http://provider")
    response = httpx.Response(429, request=request, headers=names)
    return openai.RateLimitError("slow down", response=response, body=None)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after": "7", "retry_after_ms": "250"}, 0.25),
        ({"retry_after": "-3"}, 0.0),
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "1m30s"}, 90.0),
        ({"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "20ms"}, 0.02),
        ({"x_ratelimit_remaining_tokens": "9", "x_ratelimit_reset_tokens": "6h0m0s"}, None),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
def test_headers_say_how_long(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, OpenAI's milliseconds, and the reset of what is used up."""
    assert retry_after_s(_error(**headers)) == seconds


def test_date_is_the_time_until_then() -> None:
    """RFC 9110's other form."""
    assert retry_after_s(_error(retry_after=formatdate(time.time() + 30, usegmt=True))) == pytest.approx(30, abs=2)


def test_error_without_a_response_asks_for_nothing() -> None:
    """A lost connection has no headers."""
    assert retry_after_s(ConnectionResetError()) is None
