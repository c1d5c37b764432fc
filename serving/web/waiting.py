"""Extractions that wait for a person: listed and answered."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter, ValidationError

from graph.audit import Action, record
from graph.review import ReviewAnswer, ReviewRequest, answer_type, corrected_paths
from schemas.errors import UnreachableError
from serving.web.access import Reader, Reviewer
from serving.web.answers import to_waiting
from serving.web.errors import ApiError
from serving.web.jobs import in_thread, insist
from serving.web.looking import MAX_WAIT_S, Found, look_at, show, wait_for
from serving.web.models import ErrorAnswer, Extraction, WaitingList
from serving.web.service import Running
from serving.web.tables import OPEN, StoredAnswer

router = APIRouter(tags=["reviews"])


@router.get("/reviews")
async def list_(
    service: Running,
    _: Reader,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(pattern=r"^\d{1,18}$", description="`next` of the list before")] = None,
) -> WaitingList:
    """List the extractions that wait for a person, newest first, each with what is asked."""
    found = await in_thread(service.ledger.newest, limit + 1, int(before) if before else None, "", "waiting")
    looked = [await look_at(stored, service) for stored in found[:limit]]
    items = [to_waiting(stored, service.trace_page, question) for stored, question in looked if question is not None]
    total = (await in_thread(service.ledger.counts)).get("waiting", 0)
    return WaitingList(items=items, next=str(found[limit - 1].number) if len(found) > limit else None, total=total)


@router.post(
    "/extractions/{id}/review",
    status_code=202,
    responses={
        200: {"model": Extraction, "description": "It ended, or waits for what is still wrong"},
        **{code: {"model": ErrorAnswer} for code in (404, 409, 422, 503)},
    },
)
async def answer(
    *,
    caller: Reviewer,
    said: ReviewAnswer,
    stored: Found,
    service: Running,
    response: Response,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT_S, description="Seconds to wait for what becomes of it")] = 0,
) -> Extraction:
    """Answer what an extraction waits for; what was asked and is not named is confirmed.

    The reviewer is the token's name, whatever the answer says.
    """
    not_waiting = ApiError(409, "not_waiting", "the extraction waits for nobody; look at it again")
    _, question = await look_at(stored, service)
    if question is None:
        raise not_waiting
    _check(said, question.request)
    given = said.model_copy(update={"reviewer": caller.name}).model_dump(mode="json")
    accepted = await in_thread(service.ledger.go_on, stored.id, StoredAnswer(stored.id, question.id, given))
    if accepted is None:
        raise not_waiting
    action: Action = "corrected" if corrected_paths(question.request["fields"], said) else "reviewed"
    try:
        await in_thread(record, action, stored.document, caller.name, f"extraction {stored.id}, which waited")
    except Exception as error:
        await insist(lambda: in_thread(service.ledger.wait_on, stored.id))
        if not isinstance(error, UnreachableError):
            raise
        raise ApiError(503, "unreachable", "MLflow doesn't answer, so nothing is stored; try again later") from error
    service.jobs.submit(stored.id)
    if wait:
        accepted = await wait_for(accepted, service, wait)
    if accepted.status not in OPEN:
        response.status_code = 200
    return await show(accepted, service)


def _check(said: ReviewAnswer, asked: ReviewRequest) -> None:
    try:
        TypeAdapter(answer_type(asked["fields"])).validate_python(said.model_dump())
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ApiError(422, "answer", message) from error
