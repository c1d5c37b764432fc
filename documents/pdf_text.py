"""The words that a PDF page carries itself."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from documents.page import BBox, Word

if TYPE_CHECKING:
    from pypdfium2 import PdfPage, PdfTextPage

# A page that is a picture to at least this part is a scan: what text it carries is a stamp, a fax header, or what some
# other OCR read, so the picture is what must be read.
_SCANNED_AREA = 0.5
# Fewer characters are a page number, or the rest of a broken font, and reading the page costs little then.
_MIN_WORD_CHARS = 4
# Broken fonts give replacement and control characters; in real text, blanks set aside, most are letters or digits.
_MIN_WORD_SHARE = 0.5
# PDFium maps places on the page to whole pixels of a device; on a device this large they keep 6 digits.
_DEVICE_PX = 1_000_000


class _Char(NamedTuple):
    text: str
    box: BBox
    """Left, bottom, right, top in the page's own units, y upwards."""


def text_layer(page: "PdfPage") -> list[Word] | None:
    """Return the page's visible words in the PDF's order, None where they don't stand for what the page shows.

    Boxes are as high as the font, as fractions of the page as it is shown: cropped, and turned by its rotation.
    """
    if _scanned_area(page) >= _SCANNED_AREA:
        return None
    with closing(page.get_textpage()) as textpage:
        words = list(_words(textpage))
    if not _is_real("".join(char.text for word in words for char in word)):
        return None
    shown = (_to_word(page, word) for word in words)
    return [word for word in shown if word]


def _scanned_area(page: "PdfPage") -> float:
    """Return which part of the page its largest picture covers."""
    from pypdfium2 import raw  # noqa: PLC0415

    left, bottom, right, top = page.get_bbox()
    areas: list[float] = [0.0]
    for picture in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        x0, y0, x1, y1 = picture.get_bounds()
        areas.append(max(min(x1, right) - max(x0, left), 0) * max(min(y1, top) - max(y0, bottom), 0))
    return max(areas) / float((right - left) * (top - bottom))


def _is_real(text: str) -> bool:
    word_chars = sum(char.isalnum() for char in text)
    return word_chars >= _MIN_WORD_CHARS and word_chars >= _MIN_WORD_SHARE * len(text)


def _words(textpage: "PdfTextPage") -> Iterator[list[_Char]]:
    """Cut the page's visible characters at blanks."""
    word: list[_Char] = []
    for index in range(textpage.count_chars()):
        char = _visible_char(textpage, index)
        if char:
            word.append(char)
        elif word:
            yield word
            word = []
    if word:
        yield word


def _visible_char(textpage: "PdfTextPage", index: int) -> _Char | None:
    """Return None for a blank, a line's end and what is not drawn, like the text that OCR lays under a scan."""
    from pypdfium2 import raw  # noqa: PLC0415

    code = raw.FPDFText_GetUnicode(textpage, index)
    # PDFium gives UTF-16: half of a pair is no character, and no file takes it.
    text = "\ufffd" if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)
    if text.isspace() or raw.FPDFText_IsGenerated(textpage, index) == 1:
        return None
    drawn = raw.FPDFText_GetTextObject(textpage, index)
    if not drawn or raw.FPDFTextObj_GetTextRenderMode(drawn) == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
        return None
    return _Char(text, textpage.get_charbox(index, loose=True))


def _to_word(page: "PdfPage", chars: list[_Char]) -> Word | None:
    """Return None for a word outside the part of the page that is shown."""
    from pypdfium2 import PdfPosConv  # noqa: PLC0415

    place = PdfPosConv(page, (0, 0, _DEVICE_PX, _DEVICE_PX, 0))
    lefts, bottoms, rights, tops = zip(*(char.box for char in chars), strict=True)
    corners = (place.to_bitmap(min(lefts), min(bottoms)), place.to_bitmap(max(rights), max(tops)))
    (x0, x1), (y0, y1) = (sorted(value / _DEVICE_PX for value in axis) for axis in zip(*corners, strict=True))
    if not (0 <= (x0 + x1) / 2 <= 1 and 0 <= (y0 + y1) / 2 <= 1):
        return None
    return Word("".join(char.text for char in chars), (max(x0, 0), max(y0, 0), min(x1, 1), min(y1, 1)), 1.0)
