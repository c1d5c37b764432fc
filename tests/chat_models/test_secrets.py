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


def test_password_of_an_address_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands there, and as it is meant; the rest of the address is none."""
    monkeypatch.setenv("OPTOPHONE_DATABASE_URL", "postgresql://ann:hard%2Fto-guess@db.example:5432/forms")
    assert without_secrets("ann hard%2Fto-guess hard/to-guess db.example") == "ann [secret] [secret] db.example"
