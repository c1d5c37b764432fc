"""FUNSD's annotations become samples of the `form` schema."""

import json

import pytest
from jsonschema import validate

from evaluation.datasets.funsd import form_to_pairs, load_funsd
from evaluation.metrics import extraction_to_pairs
from schemas.errors import UsageError
from schemas.form import Form


def item(number, label, text, *links):
    """Annotate one entity."""
    words = [{"text": word, "box": [0, 0, 1, 1]} for word in text.split(" ")]
    return {"id": number, "label": label, "text": text, "words": words, "linking": [list(link) for link in links]}


FORM = [
    item(0, "header", "Order form", [0, 1]),
    item(1, "question", "Sold to:", [0, 1], [1, 2], [1, 3]),
    item(2, "answer", "Ada Lovelace", [1, 2]),
    item(3, "answer", "London", [1, 3]),
    item(4, "question", "Date", [4, 5], [4, 1]),
    item(5, "answer", "", [4, 5]),
    item(6, "question", "Signature"),
]


def test_only_answered_questions_give_pairs():
    """Headers, empty answers, links between questions and unanswered questions give none."""
    assert form_to_pairs(FORM) == [{"key": "Sold to:", "values": ["Ada Lovelace", "London"]}]


def test_a_form_can_be_a_list_of_pages():
    """Ids count per page."""
    assert form_to_pairs([FORM, FORM]) == form_to_pairs(FORM) * 2
    assert form_to_pairs([]) == []


def test_load_gives_a_sample_for_each_form(tmp_path):
    """Samples come in the order of their names, with the image's path."""
    for folder in ("annotations", "images"):
        (tmp_path / "split" / folder).mkdir(parents=True)
    for stem in ("b", "a"):
        (tmp_path / "split/annotations" / f"{stem}.json").write_text(json.dumps({"form": FORM}))
        (tmp_path / "split/images" / f"{stem}.png").touch()
    samples = load_funsd(tmp_path / "split")
    assert [sample.document for sample in samples] == [
        str(tmp_path / "split/images" / name) for name in ("a.png", "b.png")
    ]
    assert samples[0].metadata == {"dataset": "funsd", "split": "split", "stem": "a"}
    validate(samples[0].expected, Form.model_json_schema())


def test_a_missing_image_or_folder_is_told(tmp_path):
    """The message names what was looked for."""
    with pytest.raises(UsageError, match="found none; name the folder of one split"):
        load_funsd(tmp_path)
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/x.json").write_text('{"form": []}')
    with pytest.raises(UsageError, match=r"x\.png"):
        load_funsd(tmp_path)


def test_the_real_forms_hold_3053_pairs(shared_data):
    """The 149 training forms, counted as the published figures count them."""
    samples = load_funsd(shared_data / "funsd/training_data")
    assert len(samples) == 149
    assert sum(len(extraction_to_pairs(sample.expected)) for sample in samples) == 3053
