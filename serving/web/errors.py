"""What a client is told when something is wrong: {"error": {"code", "message"}} and a fit status, never a traceback."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from schemas.errors import FieldError
from serving.web.database import DatabaseUnavailableError

_logger = logging.getLogger("optophone")


class ApiError(Exception):
    """A request that can't be fulfilled."""

    def __init__(self, status: int, code: str, message: str, errors: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.errors = status, code, message, errors


def answer_errors(app: FastAPI) -> None:
    """Give every error of this application the same shape."""
    app.exception_handler(ApiError)(_answer_api_error)
    app.exception_handler(DatabaseUnavailableError)(_answer_outage)
    app.exception_handler(RequestValidationError)(_answer_validation_error)
    app.exception_handler(HTTPException)(_answer_http_error)
    app.exception_handler(Exception)(_answer_anything)


def error_body(code: str, message: str) -> dict[str, Any]:
    """Return the body of an error."""
    return {"error": {"code": code, "message": message}}


async def _answer_api_error(_: Request, error: ApiError) -> JSONResponse:
    body = error_body(error.code, error.message)
    if error.errors is not None:
        body["errors"] = error.errors
    # 401 must say how to authenticate (RFC 9110); 429 and 503 pass.
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "60"}, 503: {"Retry-After": "10"}}
    return JSONResponse(body, error.status, headers.get(error.status))


async def _answer_outage(request: Request, error: DatabaseUnavailableError) -> JSONResponse:
    _logger.error("%s %s failed: %s", request.method, request.url.path, error)
    return await _answer_api_error(
        request, ApiError(503, "unreachable", "the service's database doesn't answer; try again later")
    )


async def _answer_validation_error(_: Request, error: RequestValidationError) -> JSONResponse:
    """Name the first field that is wrong, without repeating what was sent."""
    first = error.errors()[0]
    where = "/".join(str(part) for part in first["loc"])
    return JSONResponse(error_body("invalid_request", f"{where}: {first['msg'].removeprefix('Value error, ')}"), 422)


async def _answer_http_error(_: Request, error: HTTPException) -> JSONResponse:
    codes = {
        400: "invalid_request",
        404: "not_found",
        405: "method_not_allowed",
        413: "too_large",
        415: "unsupported_type",
    }
    code = codes.get(error.status_code, "http_error")
    return JSONResponse(error_body(code, str(error.detail)), error.status_code, error.headers)


async def _answer_anything(request: Request, error: Exception) -> JSONResponse:
    _logger.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return JSONResponse(error_body("internal", "the service failed; its log has the reason"), 500)
