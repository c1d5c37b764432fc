"""What counts as a secret of this process."""

import pytest

from chat_models.secrets import without_secrets


def test_each_api_token_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only all of them in a row, as the variable holds them; names and roles are none."""
    monkeypatch.setenv("OPTOPHONE_API_TOKENS", "ann:read:0123456789abcdef, reviewer:review:fedcba9876543210")
    said = "reviewer sent 0123456789abcdef and fedcba9876543210"
    assert without_secrets(said) == "reviewer sent [secret] and [secret]"


def test_short_values_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """They stand in every other word."""
    monkeypatch.setenv("SOME_KEY", "a")
    monkeypatch.setenv("OPTOPHONE_API_TOKENS", "")
    assert without_secrets({"text": ["banana"]}) == {"text": ["banana"]}
