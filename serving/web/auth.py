"""Who may do what: bearer tokens with a role, and no cookies."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, get_args

from starlette.requests import HTTPConnection

from schemas.errors import UsageError

Role = Literal["read", "extract", "review"]
ROLES: tuple[Role, ...] = get_args(Role)
"""In rising order: each may do what those before it may."""

_ENTRY = re.compile(r"(?P<name>[\w.-]+):(?P<role>[a-z]+):(?P<token>[!-+\--~]+)")
# 128 bits in hexadecimal digits; `openssl rand -hex 32` gives twice that.
_MIN_TOKEN_CHARS = 32


@dataclass(frozen=True)
class Caller:
    """Who asks."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Tell whether the caller's role includes this one."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True)
class ApiToken:
    """One token and who holds it."""

    caller: Caller
    token: bytes

    def __repr__(self) -> str:
        return f"ApiToken({self.caller.name}:{self.caller.role})"


LOCAL_CALLER = Caller("local", "review")
"""Everybody, where no tokens are set and only this machine can ask."""


def parse_tokens(text: str) -> list[ApiToken]:
    """Read comma-separated `name:role:token`.

    Raises:
        UsageError: an entry is none, or its token is too short; the message doesn't repeat it.
    """
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    return [_parse_entry(entry, number) for number, entry in enumerate(entries, start=1)]


def _parse_entry(entry: str, number: int) -> ApiToken:
    match = _ENTRY.fullmatch(entry)
    if not match or match["role"] not in ROLES:
        raise UsageError(
            f"expected name:role:token, role one of {', '.join(ROLES)}, as entry {number} of OPTOPHONE_API_TOKENS, "
            "got something else; correct it"
        )
    if len(match["token"]) < _MIN_TOKEN_CHARS:
        raise UsageError(
            f"the token of '{match['name']}' in OPTOPHONE_API_TOKENS is shorter than {_MIN_TOKEN_CHARS} characters; "
            "make one with: openssl rand -hex 32"
        )
    role = next(role for role in ROLES if role == match["role"])
    return ApiToken(Caller(match["name"], role), match["token"].encode())


def find_caller(authorization: str | None, tokens: Sequence[ApiToken]) -> Caller | None:
    """Return who sent this Authorization header; None for nobody known.

    Every token is compared, each in constant time, so that the time says nothing about any of them.
    """
    scheme, _, sent = (authorization or "").partition(" ")
    given = sent.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else b""
    found = None
    for known in tokens:
        if hmac.compare_digest(known.token, given):
            found = known.caller
    return found


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine."""
    host = host.strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(request: HTTPConnection) -> bool:
    """Tell whether a program on this machine asks, under this machine's name: a page whose name was rebound doesn't."""
    return request.client is not None and is_loopback(request.client.host) and is_loopback(request.url.hostname or "")


def check_address(host: str, tokens: Sequence[ApiToken]) -> None:
    """Refuse to serve others without tokens.

    Raises:
        UsageError: the address is not this machine's own, and no tokens are set.
    """
    if not tokens and not is_loopback(host):
        raise UsageError(
            f"expected OPTOPHONE_API_TOKENS to serve on {host}, which others can reach, got none; "
            "set name:role:token, or serve on 127.0.0.1"
        )
