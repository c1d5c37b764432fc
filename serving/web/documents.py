"""Uploads: in, shown page by page, and gone again."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import PurePosixPath
from typing import IO, Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from PIL import Image
from starlette.datastructures import UploadFile

from documents.images import from_png, is_image, to_png
from documents.load import load_document
from documents.page import Page as PageOfDocument
from documents.pdf import is_pdf
from documents.store import DocumentStore
from graph.settings import get_settings
from schemas.errors import UnreadableDocumentError
from serving.web.access import Extractor, Reader, Reviewer
from serving.web.deletion import delete_document
from serving.web.errors import ApiError
from serving.web.jobs import in_thread
from serving.web.models import REFERENCE, Document, ErrorAnswer, PageSize
from serving.web.service import Running, Service
from serving.web.tables import StoredDocument

router = APIRouter(prefix="/documents", tags=["documents"])

Ref = Annotated[str, Path(pattern=REFERENCE)]

# Beyond, an upload waits on disk for its turn.
_IN_MEMORY_BYTES = 1_000_000
_MAX_NAME_CHARS = 200

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_UPLOAD_BODY = {
    "required": True,
    "description": "The document: a PNG, JPEG, WebP, BMP, TIFF or PDF, told by its content",
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
                "required": ["file"],
            }
        },
        "application/octet-stream": _BINARY,
    },
}


@router.post(
    "",
    status_code=201,
    openapi_extra={"requestBody": _UPLOAD_BODY},
    responses={code: {"model": ErrorAnswer} for code in (413, 415, 422)},
)
async def upload(
    request: Request,
    service: Running,
    caller: Extractor,
    name: Annotated[str, Query(max_length=_MAX_NAME_CHARS, description="Name of a raw body")] = "",
) -> Document:
    """Store a document, decoded and within the limits; it is extracted by POST /extractions."""
    async with _received(request) as (file, file_name):
        stored = await to_thread.run_sync(_take, file, name or file_name, service, limiter=service.decoding)
    return _to_document(stored)


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[tuple[IO[bytes], str]]:
    """Give the upload as a file, and its name."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=1) as form:
            part = form.get("file")
            if not isinstance(part, UploadFile):
                raise ApiError(422, "invalid_request", "expected a file in the form's field 'file', got none; add it")
            yield part.file, part.filename or ""
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
        async for chunk in request.stream():
            await in_thread(file.write, chunk)
        await in_thread(file.seek, 0)
        yield file, ""


def _take(file: IO[bytes], name: str, service: Service) -> StoredDocument:
    data = file.read()
    if data and not (is_pdf(data) or is_image(data)):
        message = "expected a PNG, JPEG, WebP, BMP, TIFF or PDF, got something else; convert it to one of these"
        raise ApiError(415, "unsupported_type", message)
    ref, pages = _decode(data, service.store)
    return service.ledger.put_document(ref, _clean(name) or "document", pages)


def _decode(data: bytes, store: DocumentStore) -> tuple[str, list[PageOfDocument]]:
    """Store a document that can be decoded; nothing stays of one that can't."""
    limits = get_settings().limits
    if len(data) > limits.max_bytes:
        raise ApiError(413, "too_large", f"expected at most {limits.max_bytes:,} bytes; split or compress the file")
    if not data:
        raise ApiError(422, "unreadable", "the file is 0 bytes; export the scan again")
    ref = store.put(data)
    try:
        return ref, load_document(ref, store, limits, allow_paths=False)["pages"]
    except UnreadableDocumentError as error:
        store.forget(ref)
        raise ApiError(422, "unreadable", str(error.__cause__ or error)) from error


def _clean(name: str) -> str:
    """Return the last part of a path, in signs that can be shown; it is a label and names no file here."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(char for char in last if char.isprintable())[:_MAX_NAME_CHARS].strip()


@router.get("/{ref}", responses={404: {"model": ErrorAnswer}})
async def get_document(ref: Ref, service: Running, _: Reader) -> Document:
    """Return what was said of an upload."""
    return _to_document(await find_document(ref, service))


@router.get(
    "/{ref}/pages/{index}.png",
    response_class=Response,
    responses={200: {"content": {"image/png": _BINARY}}, 404: {"model": ErrorAnswer}},
)
async def get_page(
    ref: Ref,
    index: Annotated[int, Path(ge=0, le=1_000_000)],
    service: Running,
    _: Reader,
    max_side: Annotated[int | None, Query(ge=16, le=8192, description="Longest side in pixels; never enlarged")] = None,
) -> Response:
    """Return a page as it was decoded."""
    document = await find_document(ref, service)
    if index >= len(document.pages):
        raise ApiError(404, "not_found", f"the document has {len(document.pages)} pages, counted from 0; ask for one")
    png = await to_thread.run_sync(
        _page_image, document.pages[index], max_side, service.store, limiter=service.decoding
    )
    # The reference is the content's hash.
    return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=31536000, immutable"})


def _page_image(page: dict[str, Any], max_side: int | None, store: DocumentStore) -> bytes:
    png = store.get(page["image"])
    if max_side is None or max_side >= max(page["width_px"], page["height_px"]):
        return png
    image = from_png(png)
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    return to_png(image)


@router.delete("/{ref}", status_code=204, responses={404: {"model": ErrorAnswer}, 503: {"model": ErrorAnswer}})
async def delete(ref: Ref, service: Running, caller: Reviewer) -> None:
    """Forget a document: the original, what was derived from it, its extractions, their traces and runs."""
    await delete_document(await find_document(ref, service), service, caller.name)


async def find_document(ref: str, service: Service) -> StoredDocument:
    """Return an upload.

    Raises:
        ApiError: nothing was uploaded under this reference.
    """
    document = await in_thread(service.ledger.document, ref)
    if document is None:
        raise ApiError(404, "not_found", "no document was uploaded under this reference; upload it first")
    return document


def _to_document(stored: StoredDocument) -> Document:
    pages = [PageSize(width_px=page["width_px"], height_px=page["height_px"]) for page in stored.pages]
    return Document(document=stored.ref, name=stored.name, pages=pages)
