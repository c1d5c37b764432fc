"""Typefaces for the forms: the standard ones that PDFium carries, so that nothing is installed or shipped."""

import ctypes
import io
from functools import cache
from typing import Literal

from PIL import ImageFont

from documents.pdf import pdfium_lock

Face = Literal[
    "Courier", "Courier-Bold", "Courier-Oblique", "Helvetica", "Helvetica-Bold", "Helvetica-Oblique",
    "Times-Roman", "Times-Bold", "Times-Italic",
]  # fmt: skip


@cache
def load_font(face: Face, size: float) -> ImageFont.FreeTypeFont:
    """Return a face of the PDF standard at a size in pixels."""
    return ImageFont.truetype(io.BytesIO(_font_data(face)), size)


@cache
def _font_data(face: Face) -> bytes:
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    with pdfium_lock:
        document = pdfium.FPDF_CreateNewDocument()
        font = pdfium.FPDFText_LoadStandardFont(document, face.encode())
        size = ctypes.c_size_t()
        pdfium.FPDFFont_GetFontData(font, None, 0, ctypes.byref(size))
        buffer = (ctypes.c_uint8 * size.value)()
        pdfium.FPDFFont_GetFontData(font, buffer, size.value, ctypes.byref(size))
        pdfium.FPDFFont_Close(font)
        pdfium.FPDF_CloseDocument(document)
    return bytes(buffer)
