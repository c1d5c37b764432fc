"""Keep this process's secrets out of what it says and stores."""

import os
import re
from typing import Any

_NAME = re.compile(r"(API_?KEY|TOKEN|SECRET|PASSWORD)S?$", re.IGNORECASE)
# Shorter values are flags and names that stand everywhere.
_MIN_CHARS = 8


def secrets() -> list[str]:
    """Return the values of the environment variables that are named like secrets."""
    return [value for name, value in os.environ.items() if _NAME.search(name) and len(value) >= _MIN_CHARS]


def without_secrets(value: Any) -> Any:
    """Replace each secret in text, and in text within dictionaries and lists."""
    return _without(secrets(), value)


def _without(known: list[str], value: Any) -> Any:
    if not known:
        return value
    if isinstance(value, str):
        for secret in known:
            value = value.replace(secret, "[secret]")
        return value
    if isinstance(value, dict):
        return {key: _without(known, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(known, item) for item in value]
    return value
