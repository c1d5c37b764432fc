"""Forms of every data set, as training wants them."""

import base64
import json
from pathlib import Path

import pytest
from pdfs import assemble_pdf, text_pdf

from chat_models.local.learned.page import make_page
from documents.limits import Limits
from documents.page import Word
from documents.store import DocumentStore
from documents.word_index import PageIndex
from evaluation.datasets.funsd import load_funsd, read_pages
from evaluation.datasets.load import load_dataset
from evaluation.training.forms import load_forms
from evaluation.training.gold import ANSWER, LABELS, QUESTION, align, gold_of_questions
from evaluation.training.placement import found_share, place_pairs
from schemas.errors import UsageError


def words_of(*rows, top=0.0):
    """Lay out rows of (x, text), ten pixels a character and forty a row."""
    return [
        Word(word, (x + 10.0 * text.index(word), top + 40.0 * row, x + 10.0 * (text.index(word) + len(word)),
                    top + 40.0 * row + 20), 1.0)
        for row, texts in enumerate(rows) for x, text in texts for word in text.split()
    ]  # fmt: skip


def text_at(spot):
    """Return what stands at a spot, with its row."""
    return spot and (spot.span.text, spot.span.bbox[1] / 40)


def test_key_and_value_settle_where_the_other_stands():
    """Each date belongs to the key beside it, though key and value both stand on the page twice."""
    page = PageIndex(
        words_of([(0, "Born")], [(0, "Date:"), (100, "1 May")], [(0, "Died")], [(0, "Date:"), (100, "1 May")])
    )
    questions = place_pairs([{"key": "Date", "values": ["1 May"]}, {"key": "Date", "values": ["1 May"]}], [page])
    assert [text_at(each.key_spot) for each in questions] == [("Date:", 1), ("Date:", 3)]
    assert [text_at(each.value_spots[0]) for each in questions] == [("1 May", 1), ("1 May", 3)]
    assert found_share(questions) == 1


def test_values_of_a_pair_share_its_key():
    """Two answers below their question; the second is not linked to the same word elsewhere."""
    page = PageIndex(words_of([(0, "Sent to")], [(0, "Ada")], [(0, "Grace")], [], [], [(0, "Sent to")]))
    (question,) = place_pairs([{"key": "Sent to", "values": ["Ada", "Grace"]}], [page])
    assert text_at(question.key_spot) == ("Sent to", 0)
    assert [text_at(spot) for spot in question.value_spots] == [("Ada", 1), ("Grace", 2)]


def test_misread_texts_are_found_and_absent_ones_are_not():
    """One wrong letter in eight is close; a text whose partner is missing is taken where it stands alone."""
    page = PageIndex(words_of([(0, "Regjstry"), (200, "HC-20417")], [(0, "yes")], [(0, "yes")], [(0, "City")]))
    pairs = [
        {"key": "Registry", "values": ["HC-20417"]},
        {"key": "Approved", "values": ["yes"]},
        {"key": "City", "values": ["Port Allard"]},
    ]
    questions = place_pairs(pairs, [page])
    assert text_at(questions[0].key_spot) == ("Regjstry", 0)
    assert questions[1].key_spot is None
    assert questions[1].value_spots == [None]  # it stands in two places
    assert text_at(questions[2].key_spot) == ("City", 3)
    assert found_share(questions) == 3 / 6
    assert found_share(place_pairs([{"key": "☒", "values": []}], [page])) == 1


@pytest.fixture
def store(tmp_path):
    return DocumentStore(tmp_path / "store")


def test_words_get_the_labels_of_what_was_found_there(tmp_path, store):
    """A real PDF: key and value are labelled and linked, the rest is other, unfound pairs stay expected."""
    folder = write_folder(tmp_path / "own", {"a": {"Name": "Ada Lovelace", "Town": "London", "Remark": "none"}})
    (form,) = load_forms([load_dataset(f"folder:{folder}")], store, Limits())
    labels = {text: LABELS[label] for text, label in zip(form.page.texts, form.gold.label.tolist(), strict=True)}
    assert labels == {
        "ORDER": "other", "FORM": "other", "Name:": "question", "Ada": "answer", "Lovelace": "answer",
        "Town:": "question", "London": "answer",
    }  # fmt: skip
    by_text = dict(zip(form.page.texts, form.gold.item.tolist(), strict=True))
    assert by_text["Ada"] == by_text["Lovelace"]
    assert (by_text["Name:"], by_text["Ada"]) in form.gold.links
    assert (by_text["Name:"], by_text["London"]) not in form.gold.links
    assert form.expected == [("Name", "Ada Lovelace"), ("Town", "London"), ("Remark", "none")]
    assert form.gold.texts[len(form.gold.texts) - 1] == ["none"]


def write_folder(folder, contents):
    """Write one-page PDFs of the same form with a JSON file each."""
    folder.mkdir()
    for stem, content in contents.items():
        write_pdf(folder / f"{stem}.pdf", "ORDER FORM", "", "Name: Ada Lovelace", "", "Town: London")
        (folder / f"{stem}.json").write_text(json.dumps(content))
    return folder


def write_pdf(path, *lines):
    """Write a PDF with these lines as its text."""
    path.write_bytes(base64.b64decode(text_pdf(*lines).partition(",")[2]))


def test_a_sample_that_aligns_badly_is_left_out(tmp_path, store, caplog):
    """It is named with the share that was found, and counts as unusable."""
    right = {"Name": "Ada Lovelace"}
    contents = {f"form{number:02}": right for number in range(10)} | {
        "wrong": {"Colour": "green", "Name": "Bob Miller"}
    }
    folder = write_folder(tmp_path / "own", contents)
    dataset = load_dataset(f"folder:{folder}")
    assert len(load_forms([dataset], store, Limits())) == 10
    assert "left out 'wrong.pdf': expected its keys and values on its pages, found 25%" in caplog.text
    (folder / "form00.json").write_text("{")
    with pytest.raises(UsageError, match="2 of 11 forms in 'folder:"):
        load_forms([load_dataset(f"folder:{folder}")], store, Limits())


def test_receipts_cannot_train_the_reader_of_pairs(tmp_path, store):
    """Their gold has no keys as printed."""
    folder = write_folder(tmp_path / "own", {"a": {"company": "ACME", "total": 9.5}})
    with pytest.raises(UsageError, match="got extractions of a schema with fields of its own"):
        load_forms([load_dataset(f"folder:{folder}")], store, Limits())


def test_datasets_are_pooled_in_their_order(tmp_path, store):
    """The same scan in two of them is two forms of one document."""
    folders = [write_folder(tmp_path / name, {name: {"Name": "Ada Lovelace"}}) for name in ("own", "other")]
    steps = []
    forms = load_forms(
        [load_dataset(f"folder:{folder}") for folder in folders], store, Limits(), lambda: steps.append(1)
    )
    assert len(steps) == len(forms) == 2
    assert forms[0].document == forms[1].document


def test_most_annotated_words_are_found_by_their_text_alone(shared_data):
    """Ten real forms, their pairs placed without the annotated boxes: nearly every label is the annotated one."""
    samples, _ = load_funsd(shared_data / "funsd/training_data")
    right = labelled = linked = 0
    for sample in samples[:10]:
        items = read_pages(Path(sample.metadata["annotation"]))[0]
        words = [Word(word["text"], word["box"], 1.0) for item in items for word in item["words"]]
        page = make_page([word._replace(bbox=tuple(edge / 1000 for edge in word.bbox)) for word in words], 1000, 1000)
        true = align(page, items)
        questions = place_pairs(sample.expected["pairs"], [PageIndex(page.words)])
        found = gold_of_questions(page, 0, questions)
        partners = {item for link in true.links for item in link}
        for label, word, item in zip(found.label.tolist(), true.label.tolist(), true.item.tolist(), strict=True):
            if label in (QUESTION, ANSWER):
                labelled += 1
                right += label == word and item in partners
            linked += item in partners
    assert right / labelled > 0.97
    assert right / linked > 0.9


def test_pages_of_a_document_are_forms_of_their_own(tmp_path, store):
    """Each expects the pairs that stand on it; what stands nowhere is expected on the first."""
    pages = ["Name: Ada Lovelace", "Town: London"]
    contents = [f"BT /F1 12 Tf 20 150 Td ({text}) Tj ET" for text in pages]
    pdf = assemble_pdf(
        [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2/MediaBox[0 0 400 200]/Resources<</Font<</F1 5 0 R>>>>>>",
            *(f"<</Type/Page/Parent 2 0 R/Contents {number} 0 R>>" for number in (6, 7)),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
            *(f"<</Length {len(content)}>>\nstream\n{content}\nendstream" for content in contents),
        ]
    )
    (tmp_path / "a.pdf").write_bytes(pdf)
    (tmp_path / "a.json").write_text(json.dumps({"Town": "London", "Name": "Ada Lovelace", "Remark": "none"}))
    first, second = load_forms([load_dataset(f"folder:{tmp_path}")], store, Limits())
    assert first.expected == [("Name", "Ada Lovelace"), ("Remark", "none")]
    assert second.expected == [("Town", "London")]
    assert [LABELS[label] for label in second.gold.label.tolist()] == ["question", "answer"]
    assert first.document == second.document
