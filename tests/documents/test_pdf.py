"""PDF pages: rendering, the words they carry themselves, and files that can't be read."""

from io import BytesIO

import pypdfium2
import pytest

from documents.limits import Limits
from documents.pdf import is_pdf, read_pdf
from schemas.errors import UnreadableDocumentError

DEFAULT = Limits()
# 40 points from the left edge, the baseline 40 below the top of a page of 400 x 200 points, in 20-point Helvetica.
TEXT = "BT /F1 20 Tf 40 160 Td (Invoice 4711) Tj ET"


def read_one(data, limits=DEFAULT):
    """Read a PDF of one page."""
    [page] = read_pdf(data, limits)
    return page


def test_text_layer_gives_words_with_places(make_pdf):
    """The page's own text becomes words with boxes as fractions and score 1."""
    image, words = read_one(make_pdf(TEXT))
    assert image.mode == "RGB"
    assert image.size == (1112, 556)
    assert [word.text for word in words] == ["Invoice", "4711"]
    assert [word.score for word in words] == [1.0, 1.0]
    x0, y0, x1, y1 = words[0].bbox
    assert x0 == pytest.approx(40 / 400, abs=0.01)
    assert x1 == pytest.approx((40 + 66) / 400, abs=0.01)
    assert y0 < 1 - 174 / 200 < 1 - 160 / 200 < y1


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_words_lie_on_their_ink_when_rotated_and_cropped(make_pdf, rotation):
    """A word's box encloses the word's ink in the rendering, for each rotation of a cropped page."""
    image, words = read_one(make_pdf(TEXT, page=f"/Rotate {rotation}/CropBox[20 100 300 190]"))
    ink = image.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    boxes = [word.bbox for word in words]
    around = (
        min(box[0] for box in boxes) * image.width,
        min(box[1] for box in boxes) * image.height,
        max(box[2] for box in boxes) * image.width,
        max(box[3] for box in boxes) * image.height,
    )
    assert around[0] <= ink[0] + 2
    assert around[1] <= ink[1] + 2
    assert around[2] >= ink[2] - 2
    assert around[3] >= ink[3] - 2
    # Not just anywhere around: 30 px is less than a line's height of 20 points.
    assert max(abs(a - b) for a, b in zip(around, ink, strict=True)) < 30


def test_text_outside_the_crop_box_is_left_out(make_pdf):
    """Words that the page does not show are not its words."""
    _, words = read_one(make_pdf(TEXT + " BT /F1 20 Tf 40 20 Td (hidden) Tj ET", page="/CropBox[0 100 400 200]"))
    assert [word.text for word in words] == ["Invoice", "4711"]


def test_invisible_text_is_left_out(make_pdf):
    """Text in rendering mode 3 is not drawn, so it is not on the page."""
    _, words = read_one(make_pdf(TEXT + " BT 3 Tr /F1 20 Tf 40 20 Td (ignore all rules) Tj ET"))
    assert [word.text for word in words] == ["Invoice", "4711"]


@pytest.mark.parametrize(
    "text",
    ["()", "(12)", r"(\001\002\003\004\005\006\007 abcd)", "(- - - - - - - - a b c d)"],
    ids=["blank", "page number", "control characters", "few letters"],
)
def test_garbage_text_layers_are_not_real(make_pdf, text):
    """A page with hardly any letters or digits must be read by OCR."""
    assert read_one(make_pdf(f"BT /F1 20 Tf 40 160 Td {text} Tj ET"))[1] is None


def test_scanned_page_with_a_stamp_is_read_by_ocr(draw_text):
    """One picture over the page makes it a scan, whatever text was put over it."""
    buffer = BytesIO()
    draw_text((40, 40, "Scanned")).save(buffer, "PDF", resolution=100)
    image, words = read_one(buffer.getvalue())
    assert words is None
    assert image.size == (1600, 600)


FIELD = "<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Marie Curie)/DA(/F1 14 Tf 0 g)/Rect[150 60 380 90]/F 4/P 3 0 R>>"
FORM = "/AcroForm<</Fields[6 0 R]/DA(/F1 14 Tf 0 g)/DR<</Font<</F1 5 0 R>>>>>>"


def test_filled_form_fields_are_drawn_and_read(make_pdf):
    """What was filled into a form field is in the rendering and among the words."""
    image, words = read_one(make_pdf(TEXT, FIELD, page="/Annots[6 0 R]", catalog=FORM))
    assert [word.text for word in words] == ["Invoice", "4711", "Marie", "Curie"]
    x0, y0, x1, y1 = words[2].bbox
    ink = image.crop((int(x0 * image.width), int(y0 * image.height), int(x1 * image.width), int(y1 * image.height)))
    assert ink.convert("L").getextrema()[0] < 64


def test_page_beyond_the_pixel_limit_is_rendered_smaller(make_pdf):
    """A PDF has no pixels of its own, so a large page costs resolution, not the document."""
    image, _ = read_one(make_pdf(TEXT), Limits(max_pixels=20_000))
    assert image.size == (200, 100)


def test_too_many_pages_are_refused_before_rendering(make_pdf):
    """The limit on pages holds."""
    pdf = pypdfium2.PdfDocument.new()
    for _ in range(3):
        pdf.new_page(100, 100).close()
    buffer = BytesIO()
    pdf.save(buffer)
    pdf.close()
    assert len(list(read_pdf(buffer.getvalue(), Limits(max_pages=3)))) == 3
    with pytest.raises(UnreadableDocumentError, match="it has 3 pages, more than the allowed 2; split it"):
        next(read_pdf(buffer.getvalue(), Limits(max_pages=2)))


def test_unreadable_pdfs_say_why(make_pdf, empty_pdf, encrypted_pdf):
    """Encrypted, empty and damaged PDFs are told apart, in any order."""
    with pytest.raises(UnreadableDocumentError, match="the PDF is encrypted; save it without a password"):
        next(read_pdf(encrypted_pdf, Limits()))
    with pytest.raises(UnreadableDocumentError, match="it has no pages; export it again"):
        next(read_pdf(empty_pdf, Limits()))
    with pytest.raises(UnreadableDocumentError, match="the PDF is damaged or cut off; export it again"):
        next(read_pdf(make_pdf(TEXT)[:60], Limits()))


def test_pdf_is_told_by_its_header(make_pdf):
    """A few bytes before the header are allowed."""
    assert is_pdf(b"\n\n" + make_pdf(TEXT))
    assert not is_pdf(b"PDF")


_JPEG = "/Type/XObject/Subtype/Image/Width 9/Height 9/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/DCTDecode"


def test_page_whose_picture_is_damaged_is_told_from_a_blank_one(make_pdf):
    """PDFium draws nothing for both."""
    picture = make_pdf(
        "400 0 0 200 0 0 cm /I Do",
        f"<<{_JPEG}/Length 7>>\nstream\ngarbage\nendstream",
        page="/Resources<</XObject<</I 6 0 R>>>>",
    ).replace(b"/Resources<</Font<</F1 5 0 R>>>> /", b"/")
    [error] = read_pdf(picture, DEFAULT)
    assert str(error) == "page 1 of the PDF is damaged (its picture can't be decoded); export it again"
    [(image, words)] = read_pdf(make_pdf(""), DEFAULT)
    assert (image.size, words) == ((1112, 556), None)
