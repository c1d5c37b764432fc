"""The application: `app` is what `langgraph dev` mounts and `optophone serve` runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from graph.settings import get_settings
from serving.variables import warn_of_unknown_variables
from serving.web import documents, extractions, health, lookups, page_words, reviews, waiting
from serving.web.auth import parse_tokens
from serving.web.deletion import sweep
from serving.web.errors import answer_errors
from serving.web.headers import BrowserSafety
from serving.web.models import ErrorAnswer
from serving.web.service import running_service
from serving.web.settings import ServiceSettings, get_service_settings

_STATIC = Path(__file__).parent.parent / "static"
# Extractions and schemas are kilobytes.
_MAX_JSON_BYTES = 2_000_000
# What multipart/form-data adds to a file.
_FORM_BYTES = 10_000

_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorAnswer} for code in (400, 401, 403, 413, 422, 429, 503)
}


def make_app(settings: ServiceSettings | None = None) -> FastAPI:
    """Make the application; its queue runs from its start to its end.

    Raises:
        UsageError: a variable can't be used.
    """
    settings = settings or get_service_settings()
    limits = get_settings().limits
    tokens = parse_tokens(settings.api_tokens.get_secret_value())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        warn_of_unknown_variables()  # `langgraph dev` has no command line of ours
        async with running_service(settings, tokens) as service:
            app.state.service = service
            sweeper = asyncio.create_task(sweep(service, settings.retention_days)) if settings.retention_days else None
            yield
            if sweeper:
                sweeper.cancel()
                await asyncio.wait({sweeper})

    app = FastAPI(
        title="Optophone",
        version=version("optophone"),
        description="Turns scanned forms into schema-valid JSON, every value tied to its place on the page.",
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        # Its pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    # Base64 in JSON takes a third more than the document.
    app.add_middleware(BrowserSafety, max_foreign_bytes=2 * limits.max_bytes)
    answer_errors(app)
    api = APIRouter(prefix="/api/v1", responses=_REFUSALS)
    api.include_router(documents.router, max_body_size=limits.max_bytes + _FORM_BYTES)
    api.include_router(page_words.router)
    api.include_router(extractions.router, max_body_size=_MAX_JSON_BYTES)
    api.include_router(reviews.router, max_body_size=_MAX_JSON_BYTES)
    api.include_router(waiting.router, max_body_size=_MAX_JSON_BYTES)
    api.include_router(lookups.router)
    app.include_router(api)
    app.include_router(health.router, responses={code: _REFUSALS[code] for code in (401, 403, 429)})
    app.mount("/static", StaticFiles(directory=_STATIC, check_dir=False))
    app.get("/", include_in_schema=False)(_page)
    app.openapi = partial(_describe, app.openapi)  # type: ignore[method-assign]
    return app


def _describe(make_openapi: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the OpenAPI document: an error is JSON, also of what else answers with a picture or a stream."""
    document = make_openapi()
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        for status, answer in operation["responses"].items():
            if status >= "400" and answer.get("content"):
                answer["content"] = {"application/json": next(iter(answer["content"].values()))}
    return document


def _page() -> FileResponse:
    """Return the page."""
    return FileResponse(_STATIC / "index.html", headers={"Cache-Control": "no-cache"})


app = make_app()
