"""What a reviewer says of an extraction, and what comes of it as a file."""

from itertools import islice
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from documents.store import DocumentStore
from graph.audit import record
from graph.context import Context
from graph.review import is_same
from graph.settings import get_settings
from schemas.errors import FieldError, UnreachableError
from serving.highlights import highlighted_pages
from serving.web.access import Reader, Reviewer
from serving.web.answers import to_extraction
from serving.web.errors import ApiError
from serving.web.export import to_csv
from serving.web.ground_truth import log_ground_truth
from serving.web.jobs import in_thread
from serving.web.looking import Found
from serving.web.models import Correction, ErrorAnswer, Extraction
from serving.web.service import Running
from serving.web.tables import StoredExtraction, now

router = APIRouter(prefix="/extractions", tags=["reviews"])


@router.post("/{id}/corrections", responses={code: {"model": ErrorAnswer} for code in (404, 409, 422, 503)})
async def correct(caller: Reviewer, correction: Correction, stored: Found, service: Running) -> Extraction:
    """Store the extraction as it should be: beside it, and on its trace in MLflow."""
    if stored.result is None:
        raise ApiError(409, "not_ended", "there is no result to correct; wait for the end, or extract again")
    errors = await in_thread(_misfits, correction.extraction, stored)
    if errors:
        raise ApiError(422, "schema", f"{errors[0]['path'] or 'the extraction'}: {errors[0]['message']}", errors)
    review = {**correction.model_dump(mode="json"), "reviewer": caller.name, "reviewed_at": now()}
    try:
        await in_thread(_log, stored, review)
    except UnreachableError as error:
        raise ApiError(503, "unreachable", "MLflow doesn't answer, so nothing is stored; try again later") from error
    reviewed = await in_thread(lambda: service.ledger.change(stored.id, review=review))
    return to_extraction(reviewed or stored, service.trace_page)


def _misfits(extraction: dict[str, Any], stored: StoredExtraction) -> list[FieldError]:
    """Return what doesn't fit the schema; its rules may be broken: so is many a document."""
    target = Context(**stored.context).schema_to_fill(allow_paths=False)
    return [error for error in target.errors(extraction) if error["kind"] == "schema"]


def _log(stored: StoredExtraction, review: dict[str, Any]) -> None:
    """Leave the review on the trace, where there is one, and in the audit trail."""
    if stored.trace_id is not None:
        log_ground_truth(stored.trace_id, review)
    is_right = stored.result is not None and is_same(stored.result["extraction"], review["extraction"])
    evidence = f"extraction {stored.id}, trace {stored.trace_id}"
    record("reviewed" if is_right else "corrected", stored.document, review["reviewer"], evidence)


@router.get(
    "/{id}/export",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {}, "text/csv": {}, "image/png": {}}},
        **{code: {"model": ErrorAnswer} for code in (404, 409)},
    },
)
async def export(
    stored: Found,
    service: Running,
    _: Reader,
    format: Literal["json", "csv", "png"] = "json",
    page: Annotated[int, Query(ge=0, le=1_000_000, description="Page of the picture, from 0")] = 0,
) -> Response:
    """Return the extraction, as corrected where it was: as JSON, as a table, or as a page with the values boxed."""
    if stored.result is None:
        raise ApiError(409, "not_ended", "there is no result to export; wait for the end, or extract again")
    if format == "json":
        return JSONResponse((stored.review or stored.result)["extraction"])
    if format == "csv":
        return Response(to_csv(stored), media_type="text/csv; charset=utf-8", headers=_attachment("csv"))
    png = await to_thread.run_sync(_picture, stored, page, service.store, limiter=service.decoding)
    if png is None:
        raise ApiError(404, "not_found", f"there is no page {page} to show; pages count from 0")
    return Response(png, media_type="image/png")


def _attachment(suffix: str) -> dict[str, str]:
    """Name the file: a document's own name may be anything."""
    return {"Content-Disposition": f'attachment; filename="extraction.{suffix}"'}


def _picture(stored: StoredExtraction, page: int, store: DocumentStore) -> bytes | None:
    result: Any = stored.result
    if result["status"] == "unreadable" or page >= stored.num_pages:
        return None
    return next(islice(highlighted_pages(result, store, get_settings().limits), page, None), None)
