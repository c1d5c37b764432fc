"""Read documents before anybody is measured on them."""

from documents.load import load_document
from documents.payload import page_payload
from documents.words import page_words
from graph.context import Context
from graph.settings import get_settings, get_store
from schemas.errors import UnreadableDocumentError


def read_ahead(document: str, context: Context) -> None:
    """Put a document's pages, their pictures and their words into the store, where the graph will find them.

    Otherwise the first of several systems alone would spend its seconds on OCR. What can't be read is left: each
    system's result will say why.
    """
    settings, store = get_settings(), get_store()
    try:
        for page in load_document(document, store, settings.limits, allow_paths=settings.allow_paths)["pages"]:
            page_payload(page, store, context.max_side_px, context.jpeg_quality)
            page_words(page, store)
    except UnreadableDocumentError:
        return
