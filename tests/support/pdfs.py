"""PDF files written object by object: pages that carry their own text need no OCR."""

from base64 import b64encode
from collections.abc import Sequence


def assemble_pdf(objects: list[str], trailer: str = "") -> bytes:
    """Number the objects from 1 (the catalog) and add the cross-reference table."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
    out += f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R {trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def pageless() -> bytes:
    """Return a PDF of no pages."""
    return assemble_pdf(["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>"])


def encrypted() -> bytes:
    """Return a PDF that needs a password: the standard security handler with keys that no empty password fits."""
    key = "<" + "5a" * 32 + ">"
    return assemble_pdf(
        [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]>>",
            f"<</Filter/Standard/V 1/R 2/O {key}/U {key}/P -4>>",
        ],
        trailer=f"/Encrypt 4 0 R/ID[{key}{key}]",
    )


def text_pdf(*lines: str) -> str:
    """Return a page of 400 x 200 points with these lines, 20 points apart, as a data: URI."""
    return f"data:application/pdf;base64,{b64encode(pdf_of(*lines)).decode()}"


def pdf_of(*lines: str) -> bytes:
    """Return the same page as a file."""
    shown = "".join(f"BT /F1 12 Tf 20 {170 - 20 * number} Td ({line}) Tj ET\n" for number, line in enumerate(lines))
    return assemble_pdf(
        [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            f"<</Length {len(shown)}>>\nstream\n{shown}\nendstream",
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        ]
    )


def long_pdf(pages: Sequence[Sequence[str] | None]) -> bytes:
    """Return a PDF of these pages' lines; a page that is None is damaged: its object is no page."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for lines in pages:
        kids.append(f"{len(objects) + 1} 0 R")
        if lines is None:
            objects.append("null")
            continue
        shown = "".join(f"BT /F1 12 Tf 20 {170 - 20 * number} Td ({line}) Tj ET\n" for number, line in enumerate(lines))
        resources = f"/Contents {len(objects) + 2} 0 R/Resources<</Font<</F1 3 0 R>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]{resources}>>")
        objects.append(f"<</Length {len(shown)}>>\nstream\n{shown}\nendstream")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>"
    return assemble_pdf(objects)
