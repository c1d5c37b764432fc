"""Keep this process's secrets out of what it says and stores."""

import os
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL)S?$", re.IGNORECASE)
# A database's, or a tracking server's, with its password.
_ADDRESS = re.compile(r"(URL|URI|DSN)$", re.IGNORECASE)
_PASSWORD = re.compile(r"://[^/@:]*:(.+)@")
# Shorter values are flags and names that stand everywhere.
_MIN_CHARS = 8
_TOKENS = "OPTOPHONE_API_TOKENS"


def secrets() -> list[str]:
    """Return the values of the environment variables that are named like secrets, and passwords in addresses."""
    # By name first: reading a variable costs more than looking at what it is called.
    named = [os.environ.get(name, "") for name in os.environ if _NAME.search(name)]
    # Several tokens, each as name:role:token, where any could stand alone.
    tokens = [entry.rpartition(":")[2] for entry in os.environ.get(_TOKENS, "").split(",")]
    addresses = (os.environ.get(name, "") for name in os.environ if _ADDRESS.search(name))
    passwords = [password for address in addresses for password in _PASSWORD.findall(address)]
    return [value for value in [*named, *tokens, *passwords, *map(unquote, passwords)] if len(value) >= _MIN_CHARS]


def without_secrets(value: Any, known: Sequence[str] | None = None) -> Any:
    """Replace each secret in text, and in text within dictionaries and lists.

    `known` are the secrets, for who looks at many values; without it the environment is read anew.
    """
    return _without(secrets() if known is None else known, value)


def _without(known: Sequence[str], value: Any) -> Any:
    if isinstance(value, str):
        for secret in known:
            value = value.replace(secret, "[secret]")
        return value
    if isinstance(value, dict):
        return {key: _without(known, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(known, item) for item in value]
    return value
