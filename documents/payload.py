"""The compact image of a page that a chat model is sent."""

from documents.images import make_payload
from documents.page import Page
from documents.store import DocumentStore


def page_payload(page: Page, store: DocumentStore, max_side_px: int, jpeg_quality: int) -> bytes:
    """Return the page as JPEG, made once for each size and quality."""
    recipe = f"payload jpeg {max_side_px}px q{jpeg_quality}"
    ref = store.derive(page["image"], recipe, lambda: make_payload(store.get(page["image"]), max_side_px, jpeg_quality))
    return store.get(ref)
