"""Pages of words made from plain text."""

from collections.abc import Callable

import pytest

from chat_models.local.pairs import PageWords
from documents.page import Word

# A typewritten page in 100 dpi: characters of 8 x 16 px, lines 24 px apart.
CHAR_PX, LINE_PX, PITCH_PX = 8, 16, 24
WIDTH_PX, HEIGHT_PX = 800, 1000


def typed(text: str, pitch_px: int = PITCH_PX) -> PageWords:
    """Place each word of the text at its row and column."""
    words = []
    for row, line in enumerate(text.splitlines()):
        column = 0
        for part in line.split(" "):
            if part:
                x0, y0 = column * CHAR_PX, row * pitch_px
                bbox = (
                    x0 / WIDTH_PX,
                    y0 / HEIGHT_PX,
                    (x0 + len(part) * CHAR_PX) / WIDTH_PX,
                    (y0 + LINE_PX) / HEIGHT_PX,
                )
                words.append(Word(part, bbox, 1.0))
            column += len(part) + 1
    return PageWords(words, WIDTH_PX, HEIGHT_PX)


@pytest.fixture
def page() -> Callable[..., PageWords]:
    """Type a page: monospaced, so that blanks are gaps."""
    return typed
