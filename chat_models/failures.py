"""Which failures of a provider pass, and how to say what happened, without importing any provider's package."""

from collections.abc import Iterator

import httpx

from chat_models.secrets import without_secrets

# Timeout, too early, too many requests; 409 is OpenAI's for a lock held elsewhere. All of 5xx besides.
_TRANSIENT_STATUS = {408, 409, 425, 429}


def is_transient(error: BaseException) -> bool:
    """Tell whether asking again can help: timeouts, lost connections, 429 and 5xx, whichever package raised them."""
    for cause in _causes(error):
        status = getattr(cause, "status_code", None)
        if isinstance(status, int):
            return (status in _TRANSIENT_STATUS and not _quota_used_up(cause)) or status >= 500
        if isinstance(cause, httpx.TransportError | TimeoutError | ConnectionError):
            return True
    return False


def explain(error: BaseException) -> str:
    """Say in one line what the provider answered; at most 200 characters, its own words."""
    status = getattr(error, "status_code", None)
    message = without_secrets(" ".join(str(error).split()))[:200] or type(error).__name__
    return f"HTTP {status}: {message}" if isinstance(status, int) and str(status) not in message else message


def _quota_used_up(error: BaseException) -> bool:
    """OpenAI answers 429 also for an account without credit, which no waiting mends."""
    return getattr(error, "code", None) == "insufficient_quota"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
