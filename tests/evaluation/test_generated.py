"""Drawn forms: what is annotated is what was drawn, and the same seed draws the same."""

import json
from random import Random

import numpy as np
import pytest

from documents.limits import Limits
from documents.store import DocumentStore
from documents.words import words_from_json
from evaluation.datasets.funsd import load_funsd
from evaluation.datasets.generated import answers, questions, vocabulary
from evaluation.datasets.generated.fonts import load_font
from evaluation.datasets.generated.form import generate_form, write_forms
from evaluation.datasets.generated.reading import read_as_ocr
from evaluation.datasets.generated.scan import scan
from evaluation.datasets.generated.sheet import HEIGHT, Ink, Item, Sheet, annotation
from evaluation.datasets.load import load_dataset
from evaluation.training.forms import load_forms
from schemas.errors import UsageError

SEEDS = range(12)


@pytest.fixture(scope="module")
def drawn():
    """A dozen forms."""
    return [generate_form(seed) for seed in SEEDS]


def test_the_same_seed_draws_the_same_form(drawn):
    """Pixel by pixel and word by word; another seed draws another."""
    again = generate_form(SEEDS[3])
    assert np.array_equal(np.asarray(again.image), np.asarray(drawn[3].image))
    assert annotation(again.items) == annotation(drawn[3].items)
    assert annotation(drawn[4].items) != annotation(drawn[3].items)


def test_pages_are_as_large_as_those_of_funsd(drawn):
    """Grey, 754 to 863 by 1,000 pixels."""
    assert all(form.image.mode == "L" and form.image.height == 1000 for form in drawn)
    assert all(754 <= form.image.width <= 863 for form in drawn)


def test_every_word_lies_on_its_ink(drawn):
    """In each box some pixels are dark, except where a fax lost them."""
    dark = [
        bool((np.asarray(form.image)[int(y0) : int(y1) + 2, int(x0) : int(x1) + 2] < 128).any())
        for form in drawn
        for item in form.items
        for _, (x0, y0, x1, y1) in item.words
    ]
    assert len(dark) > 1000
    assert np.mean(dark) > 0.98


def test_a_box_holds_all_the_ink_of_its_word():
    """What is written on an empty page is white outside its box, and reaches each of its edges."""
    sheet = Sheet(400, Random(0))
    item = sheet.write("Approved", 50, 60, Ink("Times-Roman", 20), "question")
    rows, columns = np.nonzero(np.asarray(sheet.image) < 128)
    x0, y0, x1, y1 = item.box
    assert (columns.min() / 2, columns.max() / 2) == pytest.approx((x0, x1), abs=1.5)
    assert (rows.min() / 2, rows.max() / 2) == pytest.approx((y0, y1), abs=1.5)


def test_boxes_turn_with_the_page():
    """A skewed scan's ink still lies in its word's box."""
    for seed in range(5):
        sheet = Sheet(800, Random(seed))
        sheet.write("Corner", 650, 60, Ink("Helvetica-Bold", 20), "other")
        image, (item,) = scan(sheet.image, sheet.items, Random(seed))
        x0, y0, x1, y1 = (round(edge) for edge in item.box)
        inside = np.asarray(image)[y0:y1, x0:x1]
        assert (inside < 128).mean() > 0.1


def test_links_join_questions_to_answers_or_headings_to_questions(drawn):
    """Each link is noted at both of its ends, once, and every answer has a question."""
    for form in drawn:
        by_id = {item.id: item for item in form.items}
        assert len(by_id) == len(form.items)
        for item in form.items:
            for source, target in item.links:
                kinds = by_id[source].label, by_id[target].label
                assert kinds in {("question", "answer"), ("header", "question"), ("header", "answer")}
                assert by_id[source].links.count((source, target)) == by_id[target].links.count((source, target)) == 1
            if item.label == "answer":
                assert any(target == item.id for _, target in item.links)


def test_all_kinds_of_items_are_drawn(drawn):
    """And questions without answers, several answers to a question, two questions of an answer."""
    items = [item for form in drawn for item in form.items]
    assert {item.label for item in items} == {"question", "answer", "header", "other"}
    links = [len(item.links) for item in items if item.label == "question"]
    assert min(links) == 0
    assert max(links) > 2
    assert max(len(item.links) for item in items if item.label == "answer") == 2


def test_written_forms_are_a_split_of_funsd(tmp_path):
    """`load_funsd` reads them, with the pairs that were drawn."""
    write_forms(tmp_path, 2, seed=7)
    samples, skipped = load_funsd(tmp_path)
    assert [sample.metadata["stem"] for sample in samples] == ["generated-000007", "generated-000008"]
    assert skipped == []
    items = {item.id: item for item in generate_form(7).items}
    expected = {
        (items[source].text, items[target].text)
        for item in items.values()
        for source, target in item.links
        if (items[source].label, items[target].label) == ("question", "answer")
    }
    assert {(pair["key"], value) for pair in samples[0].expected["pairs"] for value in pair["values"]} == expected
    written = json.loads((tmp_path / "annotations" / "generated-000007.json").read_text())["form"]
    assert all(type(edge) is int for item in written for word in item["words"] for edge in word["box"])


def test_drawn_forms_are_read_without_ocr(tmp_path):
    """Their words come with them, and nearly all are found among what was drawn."""
    dataset = load_dataset("generated:2:40")
    assert [sample.metadata["dataset"] for sample in dataset.samples] == ["generated"] * 2
    forms = load_forms([dataset], DocumentStore(tmp_path), Limits())
    words = words_from_json((tmp_path / dataset.samples[0].metadata["words"]).read_bytes())
    assert len(forms) == 2
    assert len(forms[0].page.words) >= len(words)
    assert (forms[0].gold.item >= 0).mean() > 0.95
    assert forms[0].gold.links


@pytest.mark.parametrize("place", ["many", "0", "-1", "5:x", "10001"])
def test_a_wrong_number_is_told(place):
    """With how it is written."""
    with pytest.raises(UsageError, match=r"generated:N or generated:N:SEED"):
        load_dataset(f"generated:{place}")


def test_reading_errs_as_ocr_does():
    """Over many words some are misread and some run together, most are right, and boxes grow to the line's height."""
    line = [("Account", (10.0, 100.0, 60.0, 109.0)), ("of", (64.0, 102.0, 74.0, 109.0)), ("page", (78, 102, 100, 112))]
    read = [word for seed in range(400) for word in read_as_ocr([Item(0, "other", line)], 800, 1000, Random(seed))]
    right = [word for word in read if word.text in {"Account", "of", "page"}]
    assert 0.75 < len(right) / len(read) < 0.99
    assert any(word.text in {"Accountof", "ofpage"} for word in read)
    assert np.mean([word.bbox[1] for word in read]) == pytest.approx(0.0959, abs=0.001)
    assert np.mean([word.bbox[3] for word in read]) == pytest.approx(0.1156, abs=0.001)
    assert all(0.3 <= word.score <= 1 for word in read)
    misread = [word.score for word in read if word not in right]
    assert np.median(misread) < 0.97 < np.median([word.score for word in right])


def test_questions_and_answers_vary():
    """A thousand draws repeat little, hold no open slot, and no empty text."""
    drawn = [questions.field(Random(seed)) for seed in range(1000)]
    assert len({key for key, _ in drawn}) > 600
    assert len({answer for _, answer in drawn}) > 700
    prose = answers.prose(Random(1), 50)
    assert not set("{}@#") & set(prose)
    assert all(key.strip() and answer.strip() and "{" not in key + answer for key, answer in drawn)


def test_the_vocabulary_has_no_empty_or_double_entries():
    """Each list is one of different entries."""
    lists = {name: value for name, value in vars(vocabulary).items() if name.isupper() and isinstance(value, list)}
    assert len(lists) > 15
    for name, entries in lists.items():
        assert all(entries), name
        assert len(set(entries)) == len(entries), name


def test_fonts_come_with_pdfium():
    """Courier is of one width, Helvetica isn't."""
    courier, helvetica = load_font("Courier", 20), load_font("Helvetica", 20)
    assert courier.getlength("iiii") == courier.getlength("WWWW") == pytest.approx(48, abs=1)
    assert helvetica.getlength("iiii") < helvetica.getlength("WWWW") / 2
    assert HEIGHT == 1000
