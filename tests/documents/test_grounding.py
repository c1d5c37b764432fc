"""A value is placed where the page says it, and nowhere else."""

import pytest

from documents.grounding import ground, ground_all, labels_beside
from documents.page import Word
from documents.word_index import PageIndex

SCORE = 0.9
CHAR, LINE = 0.01, 0.03  # width of a character and pitch of the rows, as fractions of the page


def make_page(*rows):
    """Set rows of fixed-width text: a word stands where its characters stand in its row."""
    words = []
    for number, row in enumerate(rows):
        column = 0
        for text in row.split(" "):
            if text:
                top = LINE * (number + 1)
                words.append(Word(text, (CHAR * column, top, CHAR * (column + len(text)), top + 0.02), SCORE))
            column += len(text) + 1
    return PageIndex(words)


def status(value, *rows):
    """Ground one value on one page."""
    return ground(value, [make_page(*rows)])["grounding"]


@pytest.mark.parametrize(
    ("value", "row"),
    [
        ("john SMITH", "Name: John Smith, Jr."),
        ("25-84", "No. 25 - 84 A"),
        ("25 - 84", "No. 25-84 A"),
        ("123", "No.:123"),
        ("N/A", "Fax: N/A"),
        ("ﬁne", "fine"),
        ("北京市", "地址：北京市海淀区"),
        ("مرحبا", "قال مرحبا هنا"),
        ("москва", "Город МОСКВА"),
        (1234.5, "RM 1,234.50"),
        ("1234.5", "1.234,50"),
        ("$1234.50", "RM1,234.50"),
        ("1 234,50", "1234.50 EUR"),
        (193.0, "193.00"),
        (-5, "Sum: -5.00"),
        (-5, "(5.00)"),
        ("1,234", "1,234"),
        ("2018-12-25", "on 25/12/2018"),
        ("25/12/2018", "25 Dec 2018"),
        ("1992-09-03", "9/3/92"),
        ("08/03/2018", "08/03/18"),
        ("8/3/18", "08-03-2018"),
    ],
)
def test_equal_value_is_found(value, row):
    """Case, blanks, punctuation, glued words and the notation of numbers and dates make no difference."""
    assert status(value, row) == "found"


@pytest.mark.parametrize(
    ("value", "row"),
    [
        ("ART", "PART ARTS"),
        (9, "19 9.1 x9 12/9/80"),
        (-5, "5 x"),
        ("5", "-5.00"),
        ("12345.67", "1234567"),
        ("00123", "123"),
        ("x", "x-ray"),
        ("12", "0012"),
        ("12/05/2018", "05/12/2018"),
        ("08/03/2018", "03/08/18"),
        ("03/05/2018", "03/06/2018"),
        ("03-51221701", "03-51221707"),
        ("81000", "81750"),
        (1234567890.5, "1234567990.50"),
        ("ab", "ac"),
        ("", "a b"),
        ("☒", "☒"),
    ],
)
def test_other_value_is_missing(value, row):
    """Part of a word, another number and another date are no place; nor is there one for a value without letters."""
    assert ground(value, [make_page(row)]) == {
        "grounding": "missing",
        "page_index": None,
        "bbox": None,
        "score": 0.0,
        "misread": (),
        "text": None,
    }


def test_misread_value_is_close():
    """One wrong letter in ten makes it close; the place says how surely each character was read."""
    place = ground("registered", [make_page("was reg1stered to")])
    assert (place["grounding"], place["text"], place["score"]) == ("close", "reg1stered", SCORE)
    assert place["misread"] == pytest.approx([10 * (1 - SCORE)] * 10)


@pytest.mark.parametrize(("value", "row"), [("B1750", "81750"), ("12/05/2018", "l2/O5/2018"), (193.05, "193.OS")])
def test_figures_that_look_alike_are_close(value, row):
    """OCR confuses letters with digits; nothing else makes figures close."""
    assert status(value, row) == "close"


def test_place_is_the_box_around_the_words():
    """The box is in fractions of the page and holds exactly the words of the value."""
    place = ground("John Smith", [make_page("Name: John Smith Jr.")])
    assert place["bbox"] == pytest.approx((0.06, 0.03, 0.16, 0.05))
    assert place["page_index"] == 0


def test_glued_part_gets_its_share_of_the_box():
    """A value at the end of a glued word is boxed without the label before it."""
    assert ground("123", [make_page("No.:123")])["bbox"] == pytest.approx((0.04, 0.03, 0.07, 0.05))


def test_value_runs_on_over_the_lines_of_its_column():
    """An address over three lines is one place, although another column stands beside it."""
    page = make_page("To: 12 Hill Road      Phone 77", "    Room 4            Fax 78", "    Dover DE 19901")
    place = ground("12 Hill Road, Room 4, Dover, DE 19901", [page])
    assert place["grounding"] == "found"
    assert place["bbox"] == pytest.approx((0.04, 0.03, 0.18, 0.11))


def test_words_across_the_page_are_no_value():
    """Words that stand in order but far apart are not read as one."""
    assert status("Hill Road", "Hill", "", "", "", "Road") == "missing"


@pytest.mark.parametrize("rows", [("12", "34"), ("12        34",)])
def test_figures_of_two_cells_are_no_number(rows):
    """A number is not put together from the cells of a table."""
    assert status(1234, *rows) == "missing"


def test_repeated_value_is_ambiguous_at_its_first_place():
    """The first place in reading order is given."""
    place = ground("42", [make_page("42", "a 42")])
    assert place["grounding"] == "ambiguous"
    assert place["bbox"] == pytest.approx((0.0, 0.03, 0.02, 0.05))


def test_same_notation_goes_before_another():
    """`9` is found at `9`, although `9.00` says the same."""
    assert ground("9", [make_page("9.00", "9")])["text"] == "9"


def test_value_is_found_on_a_later_page():
    """Pages are counted from 0."""
    assert ground("Dover", [make_page("Calais"), make_page("Dover")])["page_index"] == 1


def test_label_settles_an_ambiguous_value():
    """The place whose label is most like the value's name is the one meant, in whatever notation."""
    pages = [make_page("Cash 193", "Total: 193.00", "Change 193")]
    place = ground(193.0, pages, likeness=lambda label: float("total" in label.lower()))
    assert (place["grounding"], place["text"]) == ("found", "193.00")


def test_labels_that_are_not_alike_settle_nothing():
    """Without a like label the value stays where it was: ambiguous."""
    pages = [make_page("Cash 193.00", "Change 193.00")]
    assert ground(193.0, pages, likeness=lambda _: 0.0)["grounding"] == "ambiguous"


def test_labels_stand_before_and_above_a_place():
    """The row's text before it, of a glued word its start; and what is across it in the row above."""
    pages = [make_page("No. 7 Date:4/5/18", "", "Amount   Change", "12.50     1.50")]
    assert labels_beside(ground("4/5/18", pages), pages) == ["No. 7 Date:"]
    assert labels_beside(ground("1.50", pages), pages) == ["Change"]
    assert labels_beside(ground("absent", pages), pages) == []


def test_hint_settles_an_ambiguous_value():
    """The value on the hint's row is the one meant."""
    pages = [make_page("Arrival: 4 May", "Departure: 4 May")]
    hint = ground("Departure", pages)
    place = ground("4 May", pages, near=hint)
    assert (place["grounding"], place["bbox"]) == ("found", pytest.approx((0.11, 0.06, 0.16, 0.08)))


def test_hint_leaves_equally_near_places_ambiguous():
    """Two equal cells in the hint's row are not decided between."""
    pages = [make_page("Taste 4 4")]
    assert ground("4", pages, near=ground("Smell", pages))["grounding"] == "ambiguous"


def test_group_settles_its_own_labels_and_values():
    """Label and value of a pair give each other their places; another pair doesn't."""
    pages = [make_page("Date: 4 May", "Date: 5 May")]
    values = ["Date:", "4 May", "Date:", "5 May"]
    together = ground_all(values, pages, groups=[0, 0, 1, 1])
    assert [place["grounding"] for place in together] == ["found"] * 4
    assert [place["bbox"][1] for place in together] == pytest.approx([0.03, 0.03, 0.06, 0.06])
    apart = ground_all(values, pages, groups=[0, 1, 2, 3])
    assert [place["grounding"] for place in apart] == ["ambiguous", "found", "ambiguous", "found"]


def test_empty_page_and_no_page_have_no_place():
    """Nothing to read is no error."""
    assert ground("a b c", [])["grounding"] == "missing"
    assert ground("a b c", [PageIndex([])])["grounding"] == "missing"
    assert ground_all([], []) == []
