from pathlib import Path

import pytest

from chat_models.factory import default_chat_model, make_chat_model
from chat_models.pricing import cost_usd
from chat_models.secrets import without_secrets
from documents.store import DocumentStore
from schemas.errors import ChatModelError


def test_without_a_key_the_local_reader_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is paid that nobody asked for."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert default_chat_model() == "local"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0000")
    assert default_chat_model() == "openai:gpt-4o-mini"


def test_changed_key_counts_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A chat model is made once for each state of its provider's variables."""
    store = DocumentStore(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0000")
    first = make_chat_model("openai:gpt-4o-mini", store, 5)
    assert make_chat_model("openai:gpt-4o-mini", store, 5) is first
    monkeypatch.setenv("OPENAI_API_KEY", "sk-second-0000")
    second = make_chat_model("openai:gpt-4o-mini", store, 5)
    assert second.openai_api_key.get_secret_value() == "sk-second-0000"  # type: ignore[attr-defined]


@pytest.mark.parametrize("choice", ["nonesuch:model", "mistralai:mistral-small"])
def test_provider_that_is_not_here_is_named(choice: str, tmp_path: Path) -> None:
    """An unknown provider, and one whose package isn't installed."""
    with pytest.raises(ChatModelError, match=f"cannot make the chat model '{choice}'"):
        make_chat_model(choice, DocumentStore(tmp_path), 5)


def test_price_is_the_lists_or_unknown() -> None:
    """gpt-4o-mini: 0.15 $ a million tokens in, 0.60 $ out; an unknown model's price is None, never zero."""
    assert cost_usd("openai:gpt-4o-mini", 1_000_000, 1_000_000) == pytest.approx(0.75)
    assert cost_usd("openai:nonesuch", 10, 10) is None
    assert cost_usd("local", 0, 0) == 0
    assert cost_usd("ollama:anything", 10, 10) == 0


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "DB_PASSWORD", "COHERE_KEY"])
def test_secrets_are_known_by_their_names(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """In text, in lists and in dictionaries."""
    monkeypatch.setenv(name, "0123456789")
    assert without_secrets({"a": ["key 0123456789!"]}) == {"a": ["key [secret]!"]}
