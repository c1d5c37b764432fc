"""Which failures of a provider pass, and how to say what happened, without importing any provider's package."""

from collections.abc import Iterator
from json import JSONDecodeError

from chat_models.secrets import without_secrets

# Timeout, too early, too many requests; 409 is OpenAI's for a lock held elsewhere. All of 5xx besides.
_TRANSIENT_STATUS = {408, 409, 425, 429}
# The roots of what HTTP clients (httpx and its successors) and providers' packages raise where no answer came.
_TRANSIENT_TYPES = {"TransportError", "APIConnectionError"}
# No key or a wrong one, a key without the right, a model or address that isn't there.
_REFUSED_STATUS = {401, 403, 404}


def is_transient(error: BaseException) -> bool:
    """Tell whether asking again can help: timeouts, lost connections, 429 and 5xx, whichever package raised them.

    A response whose body is no JSON, though it says so, was garbled on its way; packages let json's error through.
    """
    for cause in _causes(error):
        if isinstance(cause, JSONDecodeError):  # the response that OpenAI's package hangs on it says 200
            return True
        if (status := _status(cause)) is not None:
            return (status in _TRANSIENT_STATUS and not _quota_used_up(cause)) or status >= 500
        if isinstance(cause, TimeoutError | ConnectionError) or _TRANSIENT_TYPES & _type_names(cause):
            return True
    return False


def is_callers_fault(error: BaseException) -> bool:
    """Tell whether every document would fail alike: a wrong key or model, an empty account, a broken package.

    A request that the provider finds too long or unfit (400, 413, 422) is a matter of this document.
    """
    for cause in _causes(error):
        if (status := _status(cause)) is not None:
            return status in _REFUSED_STATUS or _quota_used_up(cause)
    return not is_transient(error)


def is_refused(error: BaseException) -> bool:
    """Tell whether the provider itself said that it answers nobody: a wrong key or model, or an empty account."""
    return any(_status(cause) in _REFUSED_STATUS or _quota_used_up(cause) for cause in _causes(error))


def explain(error: BaseException) -> str:
    """Say in one line what the provider answered; at most 200 characters, its own words."""
    status = _status(error)
    message = without_secrets(" ".join(str(error).split()))[:200] or type(error).__name__
    return f"HTTP {status}: {message}" if status is not None and str(status) not in message else message


def _status(error: BaseException) -> int | None:
    """Return the HTTP status, wherever the provider's package keeps it."""
    response = getattr(error, "response", None)
    for status in (getattr(error, "status_code", None), getattr(response, "status_code", None)):
        if isinstance(status, int):
            return status
    code = getattr(error, "code", None)
    return code if isinstance(code, int) and 400 <= code < 600 else None


def _type_names(error: BaseException) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}


def _quota_used_up(error: BaseException) -> bool:
    """OpenAI answers 429 also for an account without credit, which no waiting mends."""
    return getattr(error, "code", None) == "insufficient_quota"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__
