"""FUNSD's annotations become samples of the `form` schema."""

import json
import re

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
    samples, _ = load_funsd(tmp_path / "split")
    assert [sample.document for sample in samples] == [
        str(tmp_path / "split/images" / name) for name in ("a.png", "b.png")
    ]
    annotation = str(tmp_path / "split/annotations/a.json")
    assert samples[0].metadata == {
        "dataset": "funsd", "schema": "form", "split": "split", "stem": "a", "annotation": annotation,
    }  # fmt: skip
    validate(samples[0].expected, Form.model_json_schema())


def test_a_folder_without_annotations_is_told(tmp_path):
    """The message shows the layout."""
    with pytest.raises(UsageError, match=r"laid out as annotations/<stem>.json beside images/<stem>.png"):
        load_funsd(tmp_path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"form": []}', r"expected its document at '.*b\.png', found none"),
        ("{", "expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ("[]", "expected a JSON object, got list"),
        ('{"form": [{"id": 1}]}', "expected FUNSD's items, got at form"),
    ],
)
def test_a_broken_annotation_is_skipped_with_its_reason(tmp_path, text, reason):
    """The others are loaded."""
    for folder in ("annotations", "images"):
        (tmp_path / folder).mkdir()
    (tmp_path / "annotations/a.json").write_text(json.dumps({"form": FORM}))
    (tmp_path / "annotations/b.json").write_text(text)
    (tmp_path / "images/a.png").touch()
    if "document" not in reason:
        (tmp_path / "images/b.png").touch()
    samples, skipped = load_funsd(tmp_path)
    assert [sample.metadata["stem"] for sample in samples] == ["a"]
    assert [one.name for one in skipped] == ["b.json"]
    assert re.search(reason, skipped[0].reason)


def test_the_real_forms_hold_3053_pairs(shared_data):
    """The 149 training forms, counted as the published figures count them."""
    samples, skipped = load_funsd(shared_data / "funsd/training_data")
    assert not skipped
    assert len(samples) == 149
    assert sum(len(extraction_to_pairs(sample.expected)) for sample in samples) == 3053
