"""The nouns of this folder, as plain data that state, traces and HTTP can carry.

Coordinates are fractions of the page, origin top left, x to the right, y down; a bbox is (x0, y0, x1, y1) with
x0 <= x1 and y0 <= y1, whatever the page's size in pixels.
"""

from typing import NamedTuple, NotRequired

from typing_extensions import TypedDict

BBox = tuple[float, float, float, float]


class Word(NamedTuple):
    """One word as it stands on the page."""

    text: str
    bbox: BBox
    score: float
    """How sure the reader was, 0 to 1; 1 for a PDF's own text."""


class Page(TypedDict):
    """One page of a document; the bytes lie in the document store."""

    image: str
    """Reference (`sha256:<hex>`) of the lossless page image, an 8-bit RGB PNG."""
    width_px: int
    height_px: int
    text_layer: str | None
    """Reference of the words that a PDF page carries itself; None where the page must be read by OCR."""
    problem: NotRequired[str]
    """Why the page can't be read; then a blank one stands in its place, so that the others keep their numbers."""


def is_readable(page: Page) -> bool:
    """Tell whether the page shows what the document has there."""
    return "problem" not in page


class Document(TypedDict):
    """A decoded document."""

    ref: str
    """Reference of the original bytes."""
    pages: list[Page]
