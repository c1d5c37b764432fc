"""Turn PDF pages into images and, where a page carries real text, into words.

PDFium is not thread-safe, not even across documents, so one lock guards every call. Errors raised here are fragments,
"<what was found>; <what to do>": `documents.load` puts the document's name before.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from typing import TYPE_CHECKING

from PIL import Image

from documents.limits import Limits
from documents.page import Word
from documents.pdf_text import text_layer
from schemas.errors import UnreadableDocumentError

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

# Small print of 6 points is 17 px high then, enough for OCR and for chat models. Scans are rendered so too, whatever
# their own resolution: 10 FUNSD forms of 91 dpi, put into PDFs, gave 89.6 % of their words at 200 dpi and at 100 dpi,
# 89.5 % as they were, for twice the time at 200 dpi.
DPI = 200
RENDERER = f"pypdfium2 {version('pypdfium2')} {DPI} dpi"
"""Names what turned a PDF into pages; part of every recipe that depends on it."""

PageOrProblem = tuple[Image.Image, list[Word] | None] | UnreadableDocumentError
"""A page as an RGB image with its own words, None where it must be read by OCR; or why it can't be read."""

_POINTS_PER_INCH = 72
pdfium_lock = threading.Lock()


def is_pdf(data: bytes) -> bool:
    """Tell a PDF by its header, which may stand anywhere in the first 1,024 bytes (ISO 32000-1, Annex H, note 13)."""
    return b"%PDF-" in data[:1024]


def read_pdf(data: bytes, limits: Limits) -> Iterator[PageOrProblem]:
    """Yield each page.

    What was filled into form fields or written as annotations is part of both. A page too large for the pixel limit
    is rendered smaller. PDFium shows a page with a damaged content stream as blank, and nothing tells them apart.
    Raises UnreadableDocumentError for a damaged, encrypted, empty or too long PDF.
    """
    with pdfium_lock:
        pdf = _open(data)
        page_count = len(pdf)
    try:
        limits.check_pages(page_count)
        for index in range(page_count):
            with pdfium_lock:
                page = _try_page(pdf, index, limits)
            yield page
    finally:
        with pdfium_lock:
            pdf.close()


def _open(data: bytes) -> "PdfDocument":
    """Open without copying; `data` must outlive the document."""
    import pypdfium2  # noqa: PLC0415
    from pypdfium2 import raw  # noqa: PLC0415

    # Not PdfDocument(data): for a PDF of no pages it reports whatever error an earlier file had left behind.
    handle = raw.FPDF_LoadMemDocument64(data, len(data), None)
    if not handle:
        if raw.FPDF_GetLastError() == raw.FPDF_ERR_PASSWORD:
            raise UnreadableDocumentError("the PDF is encrypted; save it without a password")
        raise UnreadableDocumentError("the PDF is damaged or cut off; export it again")
    pdf = pypdfium2.PdfDocument(handle)
    pdf.init_forms()
    return pdf


def _try_page(pdf: "PdfDocument", index: int, limits: Limits) -> PageOrProblem:
    import pypdfium2  # noqa: PLC0415

    try:
        with closing(_flat_page(pdf, index)) as page:
            image = _render(page, limits)
            _check_pictures(page, image)
            return image, text_layer(page)
    except pypdfium2.PdfiumError as error:
        return UnreadableDocumentError(f"page {index + 1} of the PDF is damaged ({error}); export it again")


def _check_pictures(page: "PdfPage", image: Image.Image) -> None:
    """Refuse a page that is blank because its picture can't be decoded: PDFium leaves that out without a word."""
    import pypdfium2  # noqa: PLC0415
    from pypdfium2 import raw  # noqa: PLC0415

    if any(darkest != brightest for darkest, brightest in image.getextrema()):  # type: ignore[misc]  # a pair a band
        return
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        bitmap = raw.FPDFImageObj_GetBitmap(picture.raw)
        if not bitmap:
            raise pypdfium2.PdfiumError("its picture can't be decoded")
        raw.FPDFBitmap_Destroy(bitmap)


def _flat_page(pdf: "PdfDocument", index: int) -> "PdfPage":
    """Return the page with form fields and annotations merged into its content, so that their text is page text."""
    from pypdfium2 import raw  # noqa: PLC0415

    page = pdf[index]
    if raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) != raw.FLATTEN_SUCCESS:
        return page
    page.close()
    return pdf[index]


def _render(page: "PdfPage", limits: Limits) -> Image.Image:
    width, height = page.get_size()
    scale = min(DPI / _POINTS_PER_INCH, math.sqrt(limits.max_pixels / (width * height)))
    with closing(page.render(scale=scale)) as bitmap:
        image: Image.Image = bitmap.to_pil()
        return image.convert("RGB")
