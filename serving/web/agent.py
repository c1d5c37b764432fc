"""`optophone serve --agent`: MLflow's agent server around the same graph, for clients of OpenAI's Responses API."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from functools import cache
from typing import Any

import mlflow
from fastapi import Depends, FastAPI, HTTPException, Request
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from mlflow.genai.agent_server import AgentServer, invoke, stream
from mlflow.genai.agent_server.validator import ResponsesAgentValidator
from mlflow.types.responses import ResponsesAgentRequest
from pydantic import ValidationError

import graph.app  # noqa: F401 - turns tracing on
from graph.context import Context
from graph.settings import get_settings
from schemas.errors import OptophoneError, UsageError
from serving.agent.events import Event
from serving.agent.request import NO_PAGE, first_mistake
from serving.responses_agent import agent
from serving.web.access import admit, demand
from serving.web.auth import parse_tokens
from serving.web.errors import answer_errors
from serving.web.headers import BrowserSafety
from serving.web.running import told
from serving.web.settings import ServiceSettings, get_service_settings

_HEALTH = "/health"
# What a request says beside its document.
_MAX_JSON_BYTES = 2_000_000
_logger = logging.getLogger("optophone")


def make_agent_app(settings: ServiceSettings) -> FastAPI:
    """Make the application: `POST /responses` and `/invocations`, `GET /agent/info` and `/health`.

    Raises:
        UsageError: a variable can't be used.
    """
    if not get_settings().tracing:
        mlflow.tracing.disable()  # MLflow's server makes a span of each request
    agent.configure(Context(), settings.choosable_chat_models())
    # It would log each error once more, with a traceback that quotes the request.
    logging.getLogger("mlflow.genai.agent_server.server").setLevel(logging.CRITICAL)
    server = _Server("ResponsesAgent")
    server.validator = _Validator()
    app = FastAPI(title="Optophone", openapi_url=None)
    limit = get_settings().limits.max_bytes * 4 // 3 + _MAX_JSON_BYTES  # base64
    app.add_middleware(BrowserSafety, max_foreign_bytes=limit, own_paths=("/",))
    answer_errors(app)
    app.include_router(server.app.router, dependencies=[Depends(_access(settings))], max_body_size=limit)
    return app


def _access(settings: ServiceSettings) -> Any:
    tokens = parse_tokens(settings.api_tokens.get_secret_value())
    limiter = FixedWindowRateLimiter(MemoryStorage())

    def let_in(request: Request) -> None:
        if request.url.path != _HEALTH:
            demand(admit(request, tokens, limiter, settings.requests_per_minute), "extract")

    return let_in


class _Server(AgentServer):
    async def _handle_invocations_request(self, request: Request) -> Any:
        """Refuse what MLflow would stumble over; the body is parsed once, Starlette keeps it."""
        try:
            body = await request.json()
        except (ValueError, RecursionError) as error:
            raise HTTPException(400, "expected JSON, got something else; correct the request") from error
        if not isinstance(body, dict):
            raise HTTPException(400, "expected a JSON object with 'input', got another value; correct the request")
        return await super()._handle_invocations_request(request)


class _Validator(ResponsesAgentValidator):
    """Makes a status 400 of what the client got wrong, before anything is run."""

    def validate_and_convert_request(  # type: ignore[override] # as MLflow's own validator for this agent
        self, data: dict[str, Any]
    ) -> ResponsesAgentRequest:
        """Return the request; a ValueError is what the server tells the client."""
        try:
            if isinstance(data.get("input"), str):  # OpenAI's API takes a text too
                raise UsageError(NO_PAGE)
            request = ResponsesAgentRequest.model_validate(data)
            agent.read(request)
        except ValidationError as error:
            raise ValueError(first_mistake(error)) from error
        except UsageError as error:
            raise ValueError(str(error)) from error
        return request


@invoke()
async def predict(request: ResponsesAgentRequest) -> dict[str, Any]:
    """Read the page; an error that ends the run becomes a status 500 with its sentence."""
    try:
        *_, last = [event async for event in _events(request)]
    except Exception as error:
        _log(error)
        raise OptophoneError(told(error)["message"]) from error
    response: dict[str, Any] = last["response"]
    return response


@stream()
async def predict_stream(request: ResponsesAgentRequest) -> AsyncGenerator[Event, None]:
    """Read the page and tell what happens; an error that ends the run is the last event."""
    try:
        async for event in _events(request):
            yield event
    except Exception as error:
        _log(error)
        yield {"type": "error", "param": None, **told(error)}


async def _events(request: ResponsesAgentRequest) -> AsyncGenerator[Event, None]:
    async with _turns():
        async for event in agent.aevents(agent.read(request)):
            yield event


@cache
def _turns() -> asyncio.Semaphore:
    return asyncio.Semaphore(get_service_settings().max_concurrent)


def _log(error: Exception) -> None:
    known = isinstance(error, OptophoneError)
    _logger.error("a request of the agent failed: %s", error if known else type(error).__name__)
