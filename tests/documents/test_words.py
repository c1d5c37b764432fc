"""A page's words, read once and kept."""

import pytest

from documents import words as words_module
from documents.images import to_png
from documents.page import Page, Word
from documents.store import DocumentStore
from documents.words import (
    in_reading_order,
    page_words,
    words_as_read,
    words_from_json,
    words_of_enlarged,
    words_to_json,
)


def store_page(store, image, text_layer=None):
    """Store an image as a page."""
    return Page(image=store.put(to_png(image)), width_px=image.width, height_px=image.height, text_layer=text_layer)


def test_image_is_read_once(store, draw_text, monkeypatch):
    """The second call, and another process over the same store, take the words from the store."""
    page = store_page(store, draw_text((40, 40, "Total"), size=(300, 100)))
    [word] = page_words(page, store)
    assert word.text == "Total"
    monkeypatch.setattr(words_module, "read_words", None)
    assert page_words(page, DocumentStore(store.root)) == [word]


def test_enlarged_reading_has_the_same_places_and_is_kept_apart(store, draw_text, monkeypatch):
    """A larger image is read; boxes stay fractions of the page, and the first reading stays as it was."""
    image = draw_text((40, 40, "Total"), size=(300, 100))
    page = store_page(store, image)
    sizes = []
    read_words = words_module.read_words
    monkeypatch.setattr(words_module, "read_words", lambda given: sizes.append(given.size) or read_words(given))
    first, larger = words_as_read(page, store), words_of_enlarged(page, store, 1.25)
    assert sizes == [image.size, (round(image.width * 1.25), round(image.height * 1.25))]
    assert [word.text for word in larger] == [word.text for word in first] == ["Total"]
    for one, other in zip(first, larger, strict=True):
        assert one.bbox == pytest.approx(other.bbox, abs=0.03)
    assert words_of_enlarged(page, store, 1.25) == larger
    assert len(sizes) == 2


def test_text_layer_comes_before_ocr(store, draw_text):
    """A page with its own words is not read."""
    own = [Word("Betrag", (0.1, 0.2, 0.3, 0.4), 1.0)]
    page = store_page(store, draw_text((40, 40, "Total"), size=(300, 100)), store.put(words_to_json(own)))
    assert page_words(page, store) == own


def test_json_keeps_words():
    """Any text survives; places keep 5 digits and scores 4."""
    words = [Word('"é发\n', (0.123456, 0.2, 1 / 3, 1.0), 0.98765), Word("b", (0.0, 0.0, 0.0, 0.0), 1.0)]
    data = words_to_json(words)
    assert data.startswith('[["\\"é发\\n",0.12346,0.2,0.33333,1.0,0.9877]'.encode())
    assert words_from_json(data) == [Word('"é发\n', (0.12346, 0.2, 0.33333, 1.0), 0.9877), words[1]]
    assert words_from_json(words_to_json([])) == []


def test_reading_order_is_by_rows():
    """From the top, and from the left, whatever order they were found in."""
    places = {"a": (0.1, 0.1), "b": (0.5, 0.105), "c": (0.1, 0.2), "d": (0.5, 0.195)}
    words = [Word(text, (x, y, x + 0.1, y + 0.02), 1.0) for text, (x, y) in reversed(places.items())]
    assert [word.text for word in in_reading_order(words)] == ["a", "b", "c", "d"]
