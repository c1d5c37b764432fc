"""What a client can choose from."""

from fastapi import APIRouter

from graph.settings import get_settings
from prompts.connection import connect
from prompts.publishing import list_versions
from schemas.errors import UnreachableError, UsageError
from schemas.target import REGISTERED, load_schema
from serving.web.access import Reader
from serving.web.errors import ApiError
from serving.web.jobs import in_thread
from serving.web.models import ErrorAnswer, PromptItem, SchemaItem
from serving.web.service import Running

router = APIRouter(tags=["choices"])


@router.get("/schemas")
async def schemas(_: Reader) -> list[SchemaItem]:
    """List the registered schemas."""
    return [SchemaItem(name=name, json_schema=load_schema(name).json_schema) for name in REGISTERED]


@router.get("/chat-models")
async def chat_models(service: Running, _: Reader) -> list[str]:
    """List the chat models that can be chosen here, the default first."""
    return service.chat_models


@router.get("/prompts", responses={503: {"model": ErrorAnswer}})
async def prompts(_: Reader) -> list[PromptItem]:
    """List the prompt versions in the registry."""
    try:
        return await in_thread(_prompts)
    except (UnreachableError, UsageError) as error:
        raise ApiError(503, "unreachable", "MLflow doesn't answer; try again later") from error


def _prompts() -> list[PromptItem]:
    settings = get_settings()
    rows = connect(settings.tracking_uri).run(lambda: list_versions(settings.tracking_uri), settings.registry_timeout_s)
    return [
        PromptItem(
            name=row.name,
            version=row.version,
            aliases=row.aliases,
            description=row.description,
            chat_model=row.chat_model,
        )
        for row in rows
    ]
