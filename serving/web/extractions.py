"""Extractions: accepted, followed, listed."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from graph.context import Context
from graph.settings import get_settings
from prompts.names import EXTRACT, parse_name
from prompts.registry import check_prompt
from schemas.errors import UsageError
from schemas.target import make_schema
from serving.web.access import Extractor, Reader
from serving.web.answers import to_item
from serving.web.documents import find_document
from serving.web.errors import ApiError
from serving.web.jobs import in_thread
from serving.web.ledger import QueueFullError
from serving.web.looking import MAX_WAIT_S, Found, as_now, look_at, show, wait_for
from serving.web.models import TEXT, ErrorAnswer, Extraction, ExtractionList, ExtractionRequest
from serving.web.service import Running
from serving.web.tables import OPEN, ExtractionStatus

router = APIRouter(prefix="/extractions", tags=["extractions"])


@router.post(
    "",
    status_code=202,
    responses={
        200: {"model": Extraction, "description": "It ended while you waited"},
        **{code: {"model": ErrorAnswer} for code in (404, 422, 503)},
    },
)
async def start(
    wanted: ExtractionRequest,
    service: Running,
    caller: Extractor,
    response: Response,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT_S, description="Seconds to wait for the end")] = 0,
) -> Extraction:
    """Accept an extraction: from here on it is finished or reported, also when the service is killed."""
    document = await find_document(wanted.document, service)
    context = await in_thread(_to_context, wanted, service.chat_models)
    try:
        accepted = await in_thread(
            partial(service.ledger.accept, is_logged=service.settings.request_log),
            document,
            wanted.name or document.name,
            context,
            caller.name,
            service.settings.max_queued,
        )
    except QueueFullError as error:
        raise ApiError(503, "busy", "as many extractions wait as may; try again later") from error
    if accepted is None:
        raise ApiError(404, "not_found", "the document was deleted meanwhile; upload it again")
    service.jobs.submit(accepted.id)
    if wait:
        accepted = await wait_for(accepted, service, wait)
    if accepted.has_ended:
        response.status_code = 200
    return await show(accepted, service)


def _to_context(wanted: ExtractionRequest, chat_models: list[str]) -> dict[str, Any]:
    """Return the run's context, complete and checked: the choice that holds now holds when its turn comes."""
    chat_model = wanted.chat_model or chat_models[0]
    if chat_model not in chat_models:
        raise ApiError(422, "chat_model", f"expected a chat model of {', '.join(chat_models)}; choose one of them")
    settings = get_settings()
    try:
        if wanted.json_schema is not None:
            make_schema(wanted.json_schema, allow_patterns=False)
        prompt = {}
        if wanted.extract_prompt:
            prompt = {"extract_prompt": str(parse_name(wanted.extract_prompt, EXTRACT))}
            check_prompt(prompt["extract_prompt"], settings.tracking_uri, settings.registry_timeout_s)
    except UsageError as error:
        raise ApiError(422, "invalid_request", str(error)) from error
    context = Context(
        target_schema=wanted.schema_,
        json_schema=wanted.json_schema,
        chat_model=chat_model,
        max_attempts=wanted.max_attempts,
        pages_per_request=wanted.pages_per_request,
        grounding=wanted.grounding,
        additional_rules=wanted.additional_rules,
        review=wanted.review,
        **prompt,
    )
    return context.model_dump(mode="json")


@router.get("")
async def list_(
    service: Running,
    _: Reader,
    query: Annotated[str, Query(max_length=200, pattern=TEXT, description="Part of the name or the id")] = "",
    status: ExtractionStatus | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(pattern=r"^\d{1,18}$", description="`next` of the list before")] = None,
) -> ExtractionList:
    """List extractions, newest first."""
    earlier = int(before) if before else None
    found = await in_thread(service.ledger.newest, limit + 1, earlier, query, status)
    looked = [await look_at(stored, service) for stored in found[:limit]]
    items = [to_item(stored, service.trace_page) for stored, _ in looked]
    return ExtractionList(items=items, next=str(found[limit - 1].number) if len(found) > limit else None)


@router.get("/{id}", responses={404: {"model": ErrorAnswer}})
async def get(stored: Found, service: Running) -> Extraction:
    """Return an extraction as it is now."""
    return await show(stored, service)


@router.get("/{id}/events", response_class=EventSourceResponse, responses={404: {"model": ErrorAnswer}})
async def events(stored: Found, service: Running) -> AsyncIterator[ServerSentEvent]:
    """Stream what happens, from the start: `progress` events, one `waiting` where a person is asked, one `end`.

    `waiting` has what is asked, `end` the extraction: as it ended, or as it waits.
    """
    progress = service.jobs.progress(stored.id)
    if progress is not None:
        async for event in progress.follow():
            yield ServerSentEvent(event="progress", data=event)
    stored = await as_now(stored, service)
    if progress is None:
        for event in stored.progress:
            yield ServerSentEvent(event="progress", data=event)
    shown = await show(stored, service)
    if shown.waits_for is not None:
        yield ServerSentEvent(event="waiting", data=shown.waits_for)
    if shown.status not in OPEN:
        yield ServerSentEvent(event="end", data=shown.model_dump(by_alias=True))
