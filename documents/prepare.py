"""Put into the document store, ahead of time, everything that a run will look for there."""

from collections.abc import Callable
from typing import NamedTuple

from documents.limits import Limits
from documents.load import load_document
from documents.payload import page_payload
from documents.store import DocumentStore
from documents.words import page_words
from schemas.errors import UnreadableDocumentError


class Wanted(NamedTuple):
    """What a run will look for, the pages aside."""

    max_side_px: int
    """Longest side of the image that is sent to a chat model."""
    jpeg_quality: int
    words: bool
    """Whether anybody wants the words; OCR is what takes long."""


def prepare(source: str, store: DocumentStore, limits: Limits, wanted: Wanted) -> str:
    """Decode a document, read its words and make its payloads, unless that was done before; return its reference.

    Raises:
        UnreadableDocumentError: it can't be read.
    """
    document = load_document(source, store, limits, allow_paths=True)
    for page in document["pages"]:
        page_payload(page, store, wanted.max_side_px, wanted.jpeg_quality)
        if wanted.words:
            page_words(page, store)
    return document["ref"]


def is_prepared(ref: str, store: DocumentStore, limits: Limits, wanted: Wanted) -> bool:
    """Tell whether `prepare` would find it all done."""
    try:
        prepare(ref, _Looking(store.root), limits, wanted)
    except (_NotThereError, UnreadableDocumentError):
        return False
    return True


class _NotThereError(Exception):
    """Something would have to be made."""


class _Looking(DocumentStore):
    """The store as it is: derives nothing."""

    def derive(self, source: str, recipe: str, make: Callable[[], bytes]) -> str:
        """Return what was derived; where nothing was, say so instead of making it."""
        return super().derive(source, recipe, _refuse)


def _refuse() -> bytes:
    raise _NotThereError
