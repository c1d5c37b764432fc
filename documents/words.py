"""The words of a page, read once: from the PDF's text layer where it has one, else by OCR, with the boxes to tick."""

import json
from collections.abc import Iterable
from functools import lru_cache

from PIL import ImageOps

from documents.check_boxes import FINDER, add_check_boxes
from documents.images import from_png
from documents.layout import group_rows
from documents.ocr import READER, read_words
from documents.page import Page, Word
from documents.store import DocumentStore


def page_words(page: Page, store: DocumentStore) -> list[Word]:
    """Return the page's words in reading order: rows from the top, each row from the left.

    On a scan each box to tick is a word too, "☒" or "☐". OCR costs about a CPU second a page and runs once for an
    image, ever; a blank page gives an empty list. Raises UnreadableDocumentError where the page's image is no longer in
    the store.
    """
    # Two recipes: another way to find boxes doesn't read the page again.
    ref = page["text_layer"] or store.derive(page["image"], f"{READER} {FINDER}", lambda: _read_page(page, store))
    return list(_parse(store.get(ref)))


def words_as_read(page: Page, store: DocumentStore) -> list[Word]:
    """Return the page's words as `page_words` does, but without looking for boxes to tick."""
    ref = page["text_layer"] or store.derive(page["image"], READER, lambda: _read_image(store.get(page["image"])))
    return list(_parse(store.get(ref)))


def words_of_enlarged(page: Page, store: DocumentStore, scale: float) -> list[Word]:
    """Return a second reading of a scan, from an image `scale` times as large: other crops, so other mistakes.

    Boxes are fractions of the page, as ever.
    """

    def read() -> bytes:
        image = from_png(store.get(page["image"]))
        return words_to_json(in_reading_order(read_words(ImageOps.scale(image, scale))))

    return list(_parse(store.get(store.derive(page["image"], f"{READER} at {scale}", read))))


def words_to_json(words: Iterable[Word]) -> bytes:
    """Write the words in their order; 5 digits of a fraction are a tenth of a pixel of a 10,000 px page."""
    rows = [[word.text, *(round(edge, 5) for edge in word.bbox), round(word.score, 4)] for word in words]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


def words_from_json(data: bytes) -> list[Word]:
    """Read what `words_to_json` wrote."""
    return [Word(text, (x0, y0, x1, y1), score) for text, x0, y0, x1, y1, score in json.loads(data)]


def in_reading_order(words: Iterable[Word]) -> list[Word]:
    """Order rows from the top, and the words of a row from the left."""
    return [word for row in group_rows(list(words)) for word in row]


def _read_page(page: Page, store: DocumentStore) -> bytes:
    image = from_png(store.get(page["image"]))
    return words_to_json(in_reading_order(add_check_boxes(image, words_as_read(page, store))))


@lru_cache(maxsize=32)
def _parse(data: bytes) -> tuple[Word, ...]:
    """Parse the words of the pages at hand once: the prompt, the reader and the grounding all want them."""
    return tuple(words_from_json(data))


def _read_image(png: bytes) -> bytes:
    return words_to_json(in_reading_order(read_words(from_png(png))))
