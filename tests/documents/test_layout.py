"""Words laid out as text, the way they stand on the page."""

import random

from documents.layout import group_rows, lay_out
from documents.page import Word


def word(text, x0, y0, char_width=0.01, height=0.02):
    """Make a word as wide as its characters."""
    return Word(text, (x0, y0, x0 + char_width * len(text), y0 + height), 1.0)


def test_columns_are_proportional_to_places():
    """On a page of 100 columns a word at a half begins in column 50, less the margin."""
    words = [word("Name:", 0.1, 0.1), word("Ada", 0.5, 0.1), word("Date:", 0.1, 0.13), word("1843", 0.5, 0.13)]
    assert lay_out(words, 1000, 1000) == "Name:" + " " * 35 + "Ada\nDate:" + " " * 35 + "1843"


def test_sentences_have_single_blanks():
    """Words near each other are one blank apart, though their columns are not; what follows is back in its column."""
    words = [word("Mean", 0.1, 0.1), word("draw", 0.1529, 0.1, 0.012), word("6.5", 0.5, 0.1)]
    assert lay_out(words, 1000, 1000) == "Mean draw" + " " * 31 + "6.5"
    wide = [word("a", 0.1, 0.1, 0.001), word("b", 0.112, 0.1, 0.01), word("c", 0.2, 0.1, 0.01)]
    assert lay_out(wide, 1000, 1000) == "a b       c"


def test_gaps_become_at_most_two_blank_lines():
    """A gap of one row is one blank line; half a page is two."""
    ys = [0.1, 0.13, 0.16, 0.22, 0.8]
    assert lay_out([word("row", 0.1, y) for y in ys], 1000, 1000) == "row\nrow\nrow\n\nrow\n\n\nrow"


def test_slope_keeps_rows_together():
    """Two rows a row's height apart stay two, though a slope of 1.5 degrees lowers their ends by a whole row."""
    words = [word(f"{row}{i}", 0.1 * i, 0.1 + 0.03 * row + 0.0026 * i) for row in range(3) for i in range(10)]
    random.Random(7).shuffle(words)  # noqa: S311
    assert [[w.text for w in row] for row in group_rows(words)] == [[f"{r}{i}" for i in range(10)] for r in range(3)]


def test_no_word_is_lost_or_joined():
    """Random words, overlapping ones too: each stands in the text, whole and apart."""
    chance = random.Random(3)  # noqa: S311
    words = [
        word(f"w{i}", chance.random() * 0.95, chance.random() * 0.95, chance.uniform(0.001, 0.05)) for i in range(300)
    ]
    text = lay_out(words, 1000, 1000)
    assert sorted(text.split()) == sorted(w.text for w in words)
    chance.shuffle(words)
    assert lay_out(words, 1000, 1000) == text


def test_width_is_bounded_unless_text_needs_more():
    """Small print does not widen the grid beyond the most columns; dense text runs over, never into each other."""
    words = [word("tiny", 0.0, 0.1, 0.001), word("end", 0.9, 0.1, 0.001)]
    assert lay_out(words, 1000, 1000, max_columns=50) == "tiny" + " " * 41 + "end"
    assert lay_out(words, 1000, 1000, max_columns=2) == "tiny end"


def test_other_scripts_and_nothing():
    """Full-width words stand whole; a blank page is an empty text."""
    assert lay_out([word("发票", 0.1, 0.1, 0.03), word("合計", 0.4, 0.1, 0.03)], 1000, 1000).split() == ["发票", "合計"]
    assert lay_out([], 1000, 1000) == ""


def test_words_without_extent_are_kept():
    """A box without height or width is still a word."""
    flat = [Word("a", (0.1, 0.1, 0.1, 0.1), 1.0), Word("b", (0.1, 0.1, 0.1, 0.1), 1.0)]
    assert sorted(lay_out(flat, 10, 10).split()) == ["a", "b"]
