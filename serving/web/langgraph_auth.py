"""The same tokens and roles for the LangGraph server's own routes (`auth.path` in langgraph.json)."""

from typing import Any

from langgraph_sdk import Auth
from starlette.requests import HTTPConnection

from serving.web.auth import LOCAL_CALLER, ROLES, Caller, Role, find_caller, is_local, parse_tokens
from serving.web.settings import get_service_settings

auth = Auth()
_tokens = parse_tokens(get_service_settings().api_tokens.get_secret_value())

_NEEDED: dict[str, Role] = {"read": "read", "search": "read", "delete": "review"}
"""Role of an action; every other one changes or runs something and takes `extract`."""


@auth.authenticate
async def authenticate(request: HTTPConnection) -> Auth.types.MinimalUserDict:
    """Tell who asks."""
    caller = _find_caller(request)
    if caller is None:
        raise Auth.exceptions.HTTPException(
            status_code=401, detail="expected a valid bearer token in the Authorization header; send one"
        )
    permissions = [role for role in ROLES if caller.may(role)]
    return {"identity": caller.name, "is_authenticated": True, "permissions": permissions}


def _find_caller(request: HTTPConnection) -> Caller | None:
    if _tokens:
        return find_caller(request.headers.get("authorization"), _tokens)
    return LOCAL_CALLER if is_local(request) else None


@auth.on
async def authorize(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """Hold the action against the caller's role."""
    return _NEEDED.get(ctx.action, "extract") in ctx.permissions
