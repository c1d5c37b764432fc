"""The words that were read on a page: what a reviewer picks a value's place from."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path

from documents.page import Page
from documents.words import page_words
from schemas.errors import UnreadableDocumentError
from serving.web.access import Reader
from serving.web.documents import Ref, find_document
from serving.web.errors import ApiError
from serving.web.models import ErrorAnswer, PageWord, PageWords
from serving.web.service import Running

router = APIRouter(prefix="/documents", tags=["documents"])


@router.get("/{ref}/pages/{index}/words", responses={404: {"model": ErrorAnswer}})
async def get_words(
    ref: Ref, index: Annotated[int, Path(ge=0, le=1_000_000)], service: Running, _: Reader
) -> PageWords:
    """Return a page's words in reading order; a page that nobody has read yet is read now."""
    document = await find_document(ref, service)
    if index >= len(document.pages):
        raise ApiError(404, "not_found", f"the document has {len(document.pages)} pages, counted from 0; ask for one")
    page = Page(**document.pages[index])  # type: ignore[typeddict-item]
    try:
        words = await to_thread.run_sync(page_words, page, service.store, limiter=service.decoding)
    except UnreadableDocumentError as error:
        raise ApiError(404, "not_found", "the page is no longer stored; upload the document again") from error
    return PageWords(words=[PageWord(text=word.text, bbox=word.bbox) for word in words])
