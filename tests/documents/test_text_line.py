"""Lines that the OCR read become words with boxes and scores."""

import pytest

from documents.page import Word
from documents.text_line import TextLine, line_to_words

UPRIGHT = [[0.1, 0.2], [0.9, 0.2], [0.9, 0.3], [0.1, 0.3]]


def make_line(text, columns, length=40.0, quad=UPRIGHT, scores=None):
    """Make a line whose characters are all certain, unless told."""
    return TextLine(quad, text, columns, length, scores or [1.0] * len(text))


def test_blanks_cut_and_columns_place():
    """Worked by hand: pitch 2, so a word begins a column before the middle of its first character."""
    [first, second] = line_to_words(make_line("ab cd", [4, 6, 20, 22]))
    assert (first.text, second.text) == ("ab", "cd")
    # (4 + 0.5 - 1) / 40 and (6 + 0.5 + 1) / 40 of the line's 0.8, from 0.1 on
    assert first.bbox == pytest.approx((0.17, 0.2, 0.25, 0.3))
    assert second.bbox == pytest.approx((0.49, 0.2, 0.57, 0.3))


def test_score_is_the_mean_of_the_words_own_characters():
    """A blank's certainty belongs to no word."""
    words = line_to_words(make_line("ab c", [1, 3, 7], scores=[0.8, 0.6, 0.0, 0.5]))
    assert [word.score for word in words] == pytest.approx([0.7, 0.5])


def test_wide_gap_cuts_without_a_blank():
    """Two columns of a form that were read as one run of text are two words."""
    words = line_to_words(make_line("Name:Ada", [1, 3, 5, 7, 9, 20, 22, 24]))
    assert [word.text for word in words] == ["Name:", "Ada"]


def test_full_width_text_is_one_word_until_a_blank_or_gap():
    """Chinese and Japanese stand 6 columns apart within a word; Latin in the same line stays whole."""
    words = line_to_words(make_line("发票INV 合計", [3, 9, 15, 17, 19, 27, 33], length=40))
    assert [word.text for word in words] == ["发票INV", "合計"]
    assert [word.text for word in line_to_words(make_line("姓名张三", [3, 9, 30, 36]))] == ["姓名", "张三"]


def test_neighbours_share_no_place():
    """Boxes that would overlap meet halfway."""
    [first, second] = line_to_words(make_line("ab .", [4, 8, 9], length=40))
    assert first.bbox[2] == second.bbox[0]


def test_boxes_stay_on_the_page_and_in_the_line():
    """A word at the line's end goes no further, and a line over the page's edge is clipped."""
    [word] = line_to_words(
        make_line("abc", [0, 2, 4], length=4.5, quad=[[-0.1, 0.9], [1.1, 0.9], [1.1, 1.2], [-0.1, 1.2]])
    )
    assert word.bbox == (0.0, 0.9, 1.0, 1.0)


def test_sloping_and_turned_lines_give_upright_boxes():
    """The box encloses its part of the line; text that runs downwards places its words from the top."""
    sloping = [[0.1, 0.2], [0.9, 0.3], [0.9, 0.4], [0.1, 0.3]]
    assert line_to_words(make_line("ab cd", [4, 6, 20, 22], quad=sloping))[0].bbox == pytest.approx(
        (0.17, 0.2 + 0.1 * 3.5 / 40, 0.25, 0.3 + 0.1 * 7.5 / 40)
    )
    downwards = [[0.3, 0.1], [0.3, 0.9], [0.2, 0.9], [0.2, 0.1]]
    [above, below] = line_to_words(make_line("ab cd", [4, 6, 20, 22], quad=downwards))
    assert above.bbox == pytest.approx((0.2, 0.17, 0.3, 0.25))
    assert below.bbox[1] > above.bbox[3]


def test_words_are_words():
    """The type is the one that the other folders know."""
    assert isinstance(line_to_words(make_line("a", [1]))[0], Word)
