"""Flags and confidences held against annotations: the counts by hand, the whole on recorded answers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pdfs import text_pdf

from evaluation.recorded import Recorded, load_recorded, replay
from evaluation.witness import COMPARISONS, Catch, Value, annotated_values, count_catch, is_right, summarise
from schemas.errors import UsageError

RIGHT = Value("a.pdf", "m", "vendor", "ACME", "Acme", "found", 0.9, None)
MISSED = replace(RIGHT, value="OTHER")
CAUGHT = replace(RIGHT, value="NOBODY", grounding="missing", confidence=0.1, reason="does not stand on the page")
ALARM = replace(RIGHT, confidence=0.4, reason="the page is hard to read there")


@pytest.mark.parametrize(
    ("field", "value", "expected", "right"),
    [
        ("total", 9, "RM 9.00", [True, True, True]),
        ("total", 9.0, "9.90", [False, False, False]),
        ("date", "2018-12-25 18:35", "25/12/18", [True, True, True]),
        ("date", "26/12/2018", "25/12/2018", [False, False, False]),
        ("vendor", "teo heng s/b", "TEO HENG SB", [True, True, True]),
        ("address", "1 Hill Road, 81750 Dover", "1 HILL ROAD B1750 DOVER", [True, False, True]),
        ("address", "7 Hill Road, 81750 Dover", "1 HILL ROAD 81750 DOVER", [False, False, True]),
        ("address", "Hill Road", "1 HILL ROAD 81750 DOVER", [False, False, False]),
    ],
)
def test_value_is_compared_by_its_kind(field, value, expected, right):
    """Amounts as numbers, dates as days, texts by each of the comparisons."""
    said = replace(RIGHT, field=field, value=value, expected=expected)
    assert COMPARISONS == ("look-alike", "exact", "similar")
    assert [is_right(said, comparison) for comparison in COMPARISONS] == right


def test_catch_is_counted():
    """Wrong and right values, missing ones, and the flags on both."""
    assert count_catch([RIGHT, RIGHT, MISSED, CAUGHT, ALARM], "exact") == Catch(2, 1, 1, 3, 1)
    assert count_catch([], "exact") == Catch(0, 0, 0, 0, 0)


def test_summary_of_four_values_by_hand():
    """Of six pairs of a right and a wrong value three are in order and two are ties; a tie at the tenth counts half."""
    summary = summarise([RIGHT, RIGHT, MISSED, CAUGHT, ALARM], "exact")
    assert summary.auroc == pytest.approx((3 + 0 + 2 * 0.5) / 6)
    assert (summary.tenth, summary.wrong_in_tenth) == (1, 1.0)
    assert summarise([RIGHT, MISSED], "exact").wrong_in_tenth == 0.5


def test_only_annotated_values_count():
    """A value without an annotation is neither right nor wrong."""
    fields = [
        {"path": path, "value": 1.0, "grounding": "found", "confidence": 0.9, "reason": None}
        for path in ("/total", "/tax", "/vendor", "/line_items/0/price")
    ]
    values = annotated_values("a.pdf", "m", {"fields": fields}, {"total": "1.00"})
    assert [(value.field, value.expected) for value in values] == [("total", "1.00")]


def test_replayed_answer_is_checked_against_its_page(tmp_path):
    """Cash taken for the total and a misread digit are flagged with what the page reads."""
    document = text_pdf("ACME STORE", "12 Hill Road", "Date: 25/12/2018", "Total 8.00", "CASH 10.00", "Change 2.00")
    answer = {"vendor": "ACME STORE", "date": "25/12/2018", "total": 10.0, "address": "17 Hill Road"}
    (result,) = replay([Recorded(document, "m", json.dumps(answer), {})])
    assert {field["path"]: field["reason"] for field in result["fields"]} == {
        "/vendor": None,
        "/date": None,
        "/total": "stands beside 'CASH'; the page reads '8.00' beside 'Total'",
        "/address": "the page reads '12', the answer says '17'",
    }
    assert [field["path"] for field in result["fields"] if field["confidence"] < 0.5] == ["/total", "/address"]


@pytest.mark.parametrize("line", ["{}", "[1]", "nonsense", '{"document": "a", "chat_model": "m", "answer": ""}'])
def test_line_that_is_no_recorded_answer_is_named(tmp_path, line):
    """The file, the line and what is there."""
    (tmp_path / "answers.jsonl").write_text(line)
    with pytest.raises(UsageError, match=r"expected document, .* in line 1 of '.*answers\.jsonl'"):
        load_recorded(tmp_path)


@pytest.mark.slow
def test_recorded_mistakes_are_caught(shared_data: Path):
    """At least half of the wrong values at no more than a tenth of the right ones, by every comparison."""
    answers = load_recorded(shared_data / "recorded")
    values = [
        value
        for recorded, result in zip(answers, replay(answers), strict=True)
        for value in annotated_values(recorded.document, recorded.chat_model, result, recorded.expected)
    ]
    assert len(values) == 249
    for comparison in COMPARISONS:
        summary = summarise(values, comparison)
        assert summary.catch.wrong_flagged >= 0.6 * summary.catch.wrong
        assert summary.catch.right_flagged <= 0.1 * summary.catch.right
        assert summary.auroc >= 0.75
    headline = summarise(values, "look-alike")
    assert (headline.catch.wrong_flagged, headline.catch.wrong) == (20, 25)
    assert headline.auroc >= 0.85
