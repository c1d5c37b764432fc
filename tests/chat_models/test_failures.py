import json

import httpx
import openai
import pytest

from chat_models.failures import explain, is_callers_fault, is_transient

REQUEST = httpx.Request("POST", "http://provider")


def _openai(status: int, code: str | None = None) -> Exception:
    return openai.APIStatusError("said", response=httpx.Response(status, request=REQUEST), body={"code": code})


class GoogleError(Exception):
    """Carries its status as an int `code`, as Google's packages do."""

    def __init__(self, code: int) -> None:
        super().__init__("said")
        self.code = code


def _http(status: int) -> Exception:
    return httpx.HTTPStatusError("said", request=REQUEST, response=httpx.Response(status, request=REQUEST))


def _wrapped(error: Exception) -> Exception:
    wrapper = RuntimeError("wrapped")
    wrapper.__cause__ = error
    return wrapper


def _garbled() -> Exception:
    """As OpenAI's package passes it on: json's own error, with the response beside it."""
    error = json.JSONDecodeError("Expecting value", "{", 1)
    error.response = httpx.Response(200, request=REQUEST)  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    "error",
    [
        *[make(status) for make in (_openai, _http, GoogleError) for status in (408, 429, 500, 503, 529)],
        openai.APITimeoutError(REQUEST),
        openai.APIConnectionError(request=REQUEST),
        httpx.ReadTimeout("slow"),
        TimeoutError(),
        ConnectionResetError(),
        _wrapped(TimeoutError()),
        _wrapped(_http(503)),
        _garbled(),
    ],
)
def test_what_passes_is_tried_again(error: Exception) -> None:
    """Timeouts, lost connections, rate limits and overload, in each package's own type."""
    assert is_transient(error)
    assert not is_callers_fault(error)


@pytest.mark.parametrize(
    "error",
    [*[make(status) for make in (_openai, _http, GoogleError) for status in (401, 403, 404)], ValueError("odd")],
)
def test_what_is_wrong_for_every_document_is_the_callers(error: Exception) -> None:
    """A key, a model, an address, a broken package."""
    assert not is_transient(error)
    assert is_callers_fault(error)


@pytest.mark.parametrize(
    "error", [make(status) for make in (_openai, _http, GoogleError) for status in (400, 413, 422)]
)
def test_unfit_request_is_a_matter_of_its_document(error: Exception) -> None:
    """Too long for the chat model, or refused for what it shows."""
    assert not is_transient(error)
    assert not is_callers_fault(error)


def test_empty_account_is_no_rate_limit() -> None:
    """No waiting fills it."""
    error = _openai(429, "insufficient_quota")
    assert not is_transient(error)
    assert is_callers_fault(error)


def test_explanation_has_status_and_words_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, cut, without the key that some providers repeat."""
    monkeypatch.setenv("SOME_API_KEY", "very-secret-key")
    response = httpx.Response(401, request=REQUEST)
    error = openai.APIStatusError("wrong key:\n very-secret-key", response=response, body=None)
    assert explain(error) == "HTTP 401: wrong key: [secret]"
    assert explain(TimeoutError()) == "TimeoutError"
