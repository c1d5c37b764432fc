"""Keys and values from where words stand."""

import pytest

from chat_models.local.checkboxes import marked_choices
from chat_models.local.pairs import PageWords
from chat_models.local.reader import read_pages
from documents.load import Limits, load_document
from documents.store import DocumentStore
from documents.words import page_words

# Lines that touch, as those of one paragraph do.
TIGHT_PX = 14


def pairs(*pages):
    """Read pages into plain pairs."""
    return [(pair.key_text, pair.value_texts) for pair in read_pages(pages).pairs]


def test_value_stands_right_of_a_colon(page):
    """Both of two keys on a row get their own value."""
    assert pairs(page("Name: Ada Lovelace     Born: 10 December 1815")) == [
        ("Name", ["Ada Lovelace"]),
        ("Born", ["10 December 1815"]),
    ]


def test_word_with_an_inner_colon_is_split(page):
    """OCR glues a label to its value; a time stays whole."""
    assert pairs(page("Date:March 27      Time: 10:30")) == [("Date", ["March 27"]), ("Time", ["10:30"])]


def test_label_without_colon_is_told_by_its_wording(page):
    """A gap after a label that forms ask for is enough; a sentence is no label."""
    assert pairs(page("Brand        Phoenix\n\nThis is the place for your name and your date   maybe")) == [
        ("Brand", ["Phoenix"])
    ]


def test_value_stands_below_a_key_with_nothing_on_its_right(page):
    """Boxed forms print the label above."""
    assert pairs(page("Nature of work:\n  Find a substitute", pitch_px=18)) == [
        ("Nature of work", ["Find a substitute"])
    ]


def test_value_goes_on_in_lines_below(page):
    """Lines that start where the value starts belong to it; the next key ends it."""
    text = "Reasons: The cost rose\n         by a third\nDate:    today"
    assert pairs(page(text, TIGHT_PX)) == [("Reasons", ["The cost rose by a third"]), ("Date", ["today"])]


def test_ruled_lines_of_a_value_may_stand_apart(page):
    """A line that has its row to itself belongs to the one above, though it does not touch it."""
    assert pairs(page("Address: 1280 Lighthouse Road\n         Port Allard", pitch_px=18)) == [
        ("Address", ["1280 Lighthouse Road Port Allard"])
    ]


def test_key_without_a_value_gives_no_pair(page):
    """An empty field is not invented."""
    assert pairs(page("Name:\n\n\nDate:")) == []


def test_amounts_in_a_row_belong_to_its_name(page):
    """Several cells are several values of one key."""
    assert pairs(page("Cigarette circumference     24.8     25.1")) == [("Cigarette circumference", ["24.8", "25.1"])]


def test_amounts_in_a_column_belong_to_its_name(page):
    """A cell counts for its row and for its column; the upper line of a name is part of it."""
    text = "               Total\n               year\nWidgets        120\nGadgets        75"
    assert pairs(page(text, TIGHT_PX)) == [
        ("Total year", ["120", "75"]),
        ("Widgets", ["120"]),
        ("Gadgets", ["75"]),
    ]


def test_ticked_choices_are_the_value(page):
    """Of boxes to tick, the value is what is ticked, over the whole row; none ticked is no value."""
    assert pairs(page("Insured: ☒ Yes      ☐ No")) == [("Insured", ["Yes"])]
    assert pairs(page("Insured: ☐ Yes      ☐ No")) == []


@pytest.mark.parametrize(
    ("text", "ticked"),
    [
        ("☒ Yes ☐ No", ["Yes"]),
        ("[ ] Yes [X] No", ["No"]),
        ("(x) Tea ( ) Coffee (x) Milk and sugar", ["Tea", "Milk and sugar"]),
        ("Yes [ ] No [x]", ["No"]),
        ("☐ Yes ☐ No", []),
        ("Yes or no", []),
    ],
)
def test_marked_choices(text, ticked):
    """Signs and brackets, before or after their wording."""
    assert marked_choices(text) == ticked


def test_pages_are_read_in_order(page):
    """Each page on its own; a blank one is nothing."""
    blank = PageWords([], 800, 1000)
    assert pairs(page("Page: 1"), blank, page("Page: 2")) == [("Page", ["1"]), ("Page", ["2"])]
    assert pairs() == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Membership: ☒ Member      ☐ Non-member    ☐ Student", [("Membership", ["Member"])]),
        ("Membership:    ☐   Member    ☒   Non-member", [("Membership", ["Non-member"])]),
        ("Would you come again?     ☒ Yes     ☐ No", [("Would you come again?", ["Yes"])]),
        ("Sex: Male ☐     Female ☒", [("Sex", ["Female"])]),
        ("Toppings:\n  ☒ Olives\n  ☐ Onions\n  ☒ Basil", [("Toppings", ["Olives", "Basil"])]),
        ("Toppings: ☐ Olives     ☐ Onions\n          ☒ Basil      ☒ Chili\nDate: today",
         [("Toppings", ["Basil", "Chili"]), ("Date", ["today"])]),
        ("☒ Member     ☐ Non-member", []),
        ("Member: ☐     Student: ☐", []),
    ],
)  # fmt: skip
def test_ticked_choices_answer_the_question_beside_or_above(page, text, expected):
    """On its row and in the rows below; a choice that is not ticked gives no pair, and none is a question."""
    assert pairs(page(text)) == expected


def test_choices_are_told_ticked_or_not(page):
    """Boxes without a question count too; a lone box has its question for a wording."""
    reading = read_pages([page("☒ I agree     ☐ Call me\nMember: ☒")])
    assert reading.choices == [("I agree", True), ("Call me", False), ("Member", True)]


@pytest.mark.slow
def test_example_form_says_what_is_ticked(example, tmp_path):
    """All six boxes of the committed scan are seen, and both questions have their ticked choice."""
    store = DocumentStore(tmp_path)
    [scan] = load_document(example, store, Limits(), allow_paths=True)["pages"]
    words = page_words(scan, store)
    assert [word.text for word in words if word.text in "☒☐"] == list("☒☐☐☐☒☐")
    read = pairs(PageWords(words, scan["width_px"], scan["height_px"]))
    assert ("Membership", ["Member"]) in read
    assert ("Meals", ["Vegetarian"]) in read
    assert {"Member", "Non-member", "Student", "Standard", "Vegetarian", "None"}.isdisjoint(key for key, _ in read)
