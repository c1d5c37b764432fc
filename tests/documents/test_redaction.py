"""Hiding texts among words and on pictures."""

from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from documents.page import Word
from documents.patterns import SHIPPED
from documents.redaction import REDACTED, Mask, black_out, replace_words, words_at, words_to_hide


@pytest.mark.parametrize(
    ("hidden", "text", "clean"),
    [
        ("ACME Store", "at acme  store.", f"at {REDACTED}."),
        ("ACME Store", "acme-STORE", REDACTED),
        ("ACME Store", "the store of Mr Acme", f"the {REDACTED} of Mr {REDACTED}"),  # each longer word too
        ("ACME Store", "restored", "restored"),
        ("8.00", "18.00 8.00 1,8.00 8.00.", f"18.00 {REDACTED} 1,8.00 {REDACTED}."),
        ("12/25/2018", "12/25/2018, 2018", f"{REDACTED}, 2018"),
        ("1", "1 of 1", "1 of 1"),  # too short to be hidden wherever it stands
        ("the Ltd", "the Ltd of the", f"{REDACTED} of the"),
        ("株式会社", "これは株式会社です", f"これは{REDACTED}です"),
        ("", "nothing", "nothing"),
    ],
)
def test_text_is_hidden_by_its_words(hidden: str, text: str, clean: str) -> None:
    """In any case and with anything between the words; never a part of another word or number."""
    assert Mask([hidden]).hide(text) == clean


def test_patterns_and_texts_overlap() -> None:
    """What two of them cover is replaced once."""
    mask = Mask(["account 1234 5678 90 of Jane"], [SHIPPED["account"]])
    assert mask.hide("account 1234 5678 90 of Jane!") == f"{REDACTED}!"


WORDS = [
    Word("Name:", (0.1, 0.1, 0.2, 0.15), 1.0),
    Word("Jane", (0.25, 0.1, 0.35, 0.15), 1.0),
    Word("Doe", (0.36, 0.1, 0.45, 0.15), 1.0),
    Word("(Jane", (0.1, 0.5, 0.2, 0.55), 1.0),
    Word("Doe)", (0.21, 0.5, 0.3, 0.55), 1.0),
]


def test_words_of_a_text_are_found_across_words() -> None:
    """Whole words, wherever on the page it stands."""
    assert words_to_hide(WORDS, Mask(["Jane Doe"])) == {1, 2, 3, 4}
    assert [word.text for word in replace_words(WORDS, {1, 2})] == ["Name:", REDACTED, REDACTED, "(Jane", "Doe)"]


def test_words_in_a_place_are_those_that_reach_into_it() -> None:
    """A value's box may be part of a word's, or a little off; the neighbours stay."""
    assert words_at(WORDS, [(0.25, 0.1, 0.45, 0.15)]) == {1, 2}
    assert words_at(WORDS, [(0.3, 0.11, 0.33, 0.16)]) == {1}
    assert words_at(WORDS, []) == set()


@pytest.mark.parametrize(("kind", "kept"), [("PNG", "PNG"), ("JPEG", "JPEG"), ("WEBP", "PNG")])
def test_box_is_black_with_a_margin_and_the_rest_stays(kind: str, kept: str) -> None:
    """A tenth of a page's width and height; half a height more at its ends, a quarter above and below."""
    image = Image.new("RGB", (200, 100), "white")
    ImageDraw.Draw(image).rectangle((100, 50, 119, 59), fill="red")
    out = BytesIO()
    image.save(out, kind)
    black = Image.open(BytesIO(black_out(out.getvalue(), [(0.5, 0.5, 0.6, 0.6)])))
    assert (black.format, black.size) == (kept, (200, 100))
    dark = black.convert("L").point(lambda value: 255 * (value < 100))
    left, top, right, bottom = dark.getbbox()
    assert abs(left - 95) <= 1
    assert abs(right - 126) <= 1
    assert abs(top - 47) <= 1
    assert abs(bottom - 63) <= 1
    assert min(pixel for pixel in black.convert("L").crop((0, 0, 80, 100)).tobytes()) > 240
