"""Data sets of every kind, from their names."""

import json

import pytest

from evaluation.datasets.load import Dataset, load_dataset, subset
from evaluation.datasets.sample import Sample, Skipped, as_form
from schemas.errors import UsageError

RECEIPT = {"company": "ACME SDN BHD", "date": "25/12/2018", "address": "1, JALAN A", "total": "$1,009.50"}
PAIRS = {"pairs": [{"key": "Name", "values": ["Ada", "Lovelace"]}]}


def write(path, content):
    """Write text, or anything else as JSON; makes the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


@pytest.mark.parametrize("spec", ["", "funsd", "other:here", "reviewed:here", "generated"])
def test_an_unknown_dataset_names_the_known_ones(spec):
    """Every kind stands in the message."""
    with pytest.raises(UsageError, match=r"funsd:DIR, sroie:DIR, folder:DIR, .*reviewed"):
        load_dataset(spec)


@pytest.mark.parametrize(
    ("kind", "layout"),
    [("funsd", "annotations/<stem>.json"), ("sroie", "key/<stem>.json"), ("folder", "<stem>.json beside <stem>.png")],
)
def test_a_missing_or_empty_folder_shows_the_layout(tmp_path, kind, layout):
    """Nothing annotated is the caller's mistake, not an empty data set."""
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match=layout):
            load_dataset(f"{kind}:{place}")


def test_receipts_have_the_receipt_schemas_types(tmp_path):
    """Totals are numbers, dates stay as printed, what the annotators left empty is not expected at all."""
    write(tmp_path / "key/000.json", RECEIPT)
    write(tmp_path / "key/001.json", {**RECEIPT, "total": "", "remark": "faded"})
    for stem in ("000", "001"):
        write(tmp_path / f"img/{stem}.jpg", "")
    dataset = load_dataset(f"sroie:{tmp_path}")
    assert dataset.samples[0].expected == {**RECEIPT, "total": 1009.5}
    assert dataset.samples[0].metadata == {"dataset": "sroie", "schema": "receipt", "stem": "000"}
    assert dataset.samples[1].expected.keys() == {"company", "date", "address"}
    assert not dataset.skipped


def test_broken_receipts_are_skipped_with_their_reason(tmp_path):
    """Not JSON, nothing known, a total that is none, an image that isn't there."""
    for stem, content in {"a": "{", "b": {"total": ""}, "c": {"total": "much"}, "d": RECEIPT, "e": RECEIPT}.items():
        write(tmp_path / f"key/{stem}.json", content)
        if stem != "d":
            write(tmp_path / f"img/{stem}.jpg", "")
    dataset = load_dataset(f"sroie:{tmp_path}")
    assert [sample.metadata["stem"] for sample in dataset.samples] == ["e"]
    assert [one.name for one in dataset.skipped] == ["a.json", "b.json", "c.json", "d.json"]
    reasons = [one.reason for one in dataset.skipped]
    for reason, expected in zip(
        reasons, ["expected JSON", "got none", "at /total", "expected its document"], strict=True
    ):
        assert expected in reason


def test_a_folder_takes_extractions_results_and_plain_keys(tmp_path):
    """The three ways in which somebody writes down what stands on a page."""
    contents = {
        "a": PAIRS,
        "b": {"status": "valid", "extraction": PAIRS, "fields": []},
        "c": {"Name": ["Ada", "Lovelace"], "Born": "1815"},
        "d": {"company": "ACME", "total": 9.5},
        "e": {"pairs": [1, 2], "sum": 3},
    }
    for stem, content in contents.items():
        write(tmp_path / f"{stem}.json", content)
    for name in ("a.PNG", "b.pdf", "c.jpeg", "d.tif", "e.bmp", "b.highlighted.png", "unannotated.png"):
        write(tmp_path / name, "")
    dataset = load_dataset(f"folder:{tmp_path}")
    assert [sample.document for sample in dataset.samples] == [
        str(tmp_path / name) for name in ("a.PNG", "b.pdf", "c.jpeg", "d.tif", "e.bmp")
    ]
    assert [sample.expected for sample in dataset.samples] == [PAIRS, PAIRS, *map(contents.get, "cde")]
    assert [as_form(sample) for sample in dataset.samples] == [
        PAIRS,
        PAIRS,
        {"pairs": [{"key": "Name", "values": ["Ada", "Lovelace"]}, {"key": "Born", "values": ["1815"]}]},
        None,
        None,
    ]


def test_broken_files_of_a_folder_are_skipped_with_their_reason(tmp_path):
    """The rest is loaded."""
    contents = {"a": "{", "b": {}, "c": {"pairs": [{"key": "x"}]}, "d": PAIRS, "e": PAIRS, "f": PAIRS}
    for stem, content in contents.items():
        write(tmp_path / f"{stem}.json", content)
    for name in ("a.png", "b.png", "c.png", "e.png", "e.jpg", "f.png"):
        write(tmp_path / name, "")
    dataset = load_dataset(f"folder:{tmp_path}")
    assert [sample.metadata["stem"] for sample in dataset.samples] == ["f"]
    reasons = [one.reason for one in dataset.skipped]
    expected = ["expected JSON", "got nothing", "/pairs/0/values", "found none", "found e.jpg, e.png"]
    assert len(reasons) == len(expected)
    for reason, part in zip(reasons, expected, strict=True):
        assert part in reason


def test_another_schemas_sample_is_no_form():
    """Even where all its values are texts."""
    assert as_form(Sample("a.png", {"company": "ACME"}, {"schema": "receipt"})) is None


def test_a_subset_is_chosen_by_seed_and_keeps_the_order():
    """The same seed, the same samples; more than there are is all of them; what was skipped stays told."""
    skipped = [Skipped("x.json", "broken")]
    dataset = Dataset("folder:here", [Sample(f"{number}.png", {}) for number in range(20)], skipped)
    chosen = subset(dataset, 5, seed=1)
    assert chosen == subset(dataset, 5, seed=1)
    assert chosen != subset(dataset, 5, seed=2)
    assert len(chosen.samples) == 5
    assert [sample for sample in dataset.samples if sample in chosen.samples] == chosen.samples
    assert chosen.skipped == skipped
    assert subset(dataset, 99, seed=1) == dataset


def test_the_real_receipts_load(shared_data):
    """All 50; one of them has no total, four have one with a currency sign."""
    dataset = load_dataset(f"sroie:{shared_data / 'sroie'}")
    assert (len(dataset.samples), dataset.skipped) == (50, [])
    totals = [sample.expected["total"] for sample in dataset.samples if "total" in sample.expected]
    assert len(totals) == 49
    assert all(isinstance(total, float) for total in totals)
