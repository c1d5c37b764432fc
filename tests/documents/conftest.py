"""Documents made in code: pages with text, and PDF files written object by object."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from pdfs import assemble_pdf, encrypted, pageless
from PIL import Image, ImageDraw, ImageFont

from documents.store import DocumentStore


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    """An empty store of the test's own."""
    return DocumentStore(tmp_path / "store")


@pytest.fixture(scope="session")
def draw_text() -> Callable[..., Image.Image]:
    """Return a function that draws (x, y, text) lines on a white page."""

    def draw(*lines: tuple[int, int, str], size: tuple[int, int] = (800, 300), font_px: int = 28) -> Image.Image:
        page = Image.new("RGB", size, "white")
        pen = ImageDraw.Draw(page)
        for x, y, text in lines:
            pen.text((x, y), text, fill="black", font=ImageFont.load_default(font_px))
        return page

    return draw


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """Return a function that writes an image in a format."""

    def write(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
        buffer = BytesIO()
        image.save(buffer, file_format, **options)
        return buffer.getvalue()

    return write


@pytest.fixture(scope="session")
def make_pdf() -> Callable[..., bytes]:
    """Return a function that writes a PDF of one page, 400 x 200 points, with a content stream and extra objects.

    Extra objects are numbered from 6; `page` and `catalog` are added to the dictionaries of those two.
    """

    def write(content: str, *extra: str, page: str = "", catalog: str = "") -> bytes:
        objects = [
            f"<</Type/Catalog/Pages 2 0 R {catalog}>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>> {page}>>",
            f"<</Length {len(content)}>>\nstream\n{content}\nendstream",
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
            *extra,
        ]
        return assemble_pdf(objects)

    return write


@pytest.fixture(scope="session")
def empty_pdf() -> bytes:
    """A PDF of no pages."""
    return pageless()


@pytest.fixture(scope="session")
def encrypted_pdf() -> bytes:
    """A PDF that needs a password: the standard security handler with keys that no empty password fits."""
    return encrypted()
