"""Let a request in: its token's role, and its share of the service."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import HTTPConnection

from serving.web.auth import LOCAL_CALLER, ApiToken, Caller, Role, find_caller, is_local
from serving.web.errors import ApiError
from serving.web.service import Running

# Only for the OpenAPI document; the header is read as it is.
_bearer = HTTPBearer(auto_error=False, description="A token of OPTOPHONE_API_TOKENS; none on 127.0.0.1 without tokens")


def admit(
    request: HTTPConnection, tokens: Sequence[ApiToken], limiter: FixedWindowRateLimiter, requests_per_minute: int
) -> Caller:
    """Tell who asks.

    Raises:
        ApiError: nobody known does, or too often.
    """
    if tokens:
        caller = find_caller(request.headers.get("authorization"), tokens)
    else:
        caller = LOCAL_CALLER if is_local(request) else None
    who = caller.name if caller else request.client.host if request.client else ""
    if not limiter.hit(RateLimitItemPerMinute(requests_per_minute), who):
        raise ApiError(429, "too_many_requests", "more requests a minute than allowed; wait a minute")
    if caller is None:
        raise ApiError(401, "unauthorized", "expected a valid bearer token in the Authorization header; send one")
    return caller


def demand(caller: Caller, role: Role) -> Caller:
    """Return the caller; raise ApiError where the role doesn't suffice."""
    if not caller.may(role):
        raise ApiError(403, "forbidden", f"expected a token with the role {role}, got {caller.role}; use another")
    return caller


def _caller(
    request: Request, service: Running, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    return admit(request, service.tokens, service.limiter, service.settings.requests_per_minute)


def _requires(role: Role) -> Callable[[Caller], Caller]:
    def check(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        return demand(caller, role)

    return check


Reader = Annotated[Caller, Depends(_requires("read"))]
Extractor = Annotated[Caller, Depends(_requires("extract"))]
Reviewer = Annotated[Caller, Depends(_requires("review"))]
