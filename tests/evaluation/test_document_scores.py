"""All scores of one document."""

from typing import Any

import pytest

from evaluation.metrics import DocumentScores, PairCounts, Ratio, score_document

FORM = {"pairs": [{"key": "Name:", "values": ["Ada", "Lovelace"]}, {"key": "Born", "values": ["1815"]}]}
RECEIPT = {"company": "OJC", "total": 193.0, "tax": None}


def make_result(extraction: dict[str, Any] | None, groundings: tuple[str, ...] = (), **facts: Any) -> Any:
    """What the graph returns, as far as it is scored."""
    usage = {"input_tokens": 90, "output_tokens": 10, "total_tokens": 100, "cost_usd": 0.02}
    fields = [{"grounding": grounding} for grounding in groundings]
    return {"extraction": extraction, "fields": fields, "status": "valid", "attempts": 2, "usage": usage} | facts


def test_form_worked_by_hand():
    """Of 3 expected pairs 2 are predicted right (1 as written), one is misread, one invented."""
    extraction = {
        "pairs": [
            {"key": "name", "values": ["Ada"]},
            {"key": "Born", "values": ["1815"]},
            {"key": "NAME:", "values": ["Love1ace"]},
            {"key": "Colour", "values": ["green"]},
        ]
    }
    result = make_result(extraction, ("found", "close", "ambiguous", "missing"))
    scores = score_document("a.png", FORM, result, latency_s=1.5)
    assert scores.form
    assert scores.form.exact == PairCounts(2, 4, 3)
    assert scores.form.raw == PairCounts(1, 4, 3)
    assert scores.form.fuzzy == PairCounts(3, 4, 3)  # "love1ace" is 7/8 similar
    assert scores.form.keys == PairCounts(3, 4, 3)
    assert scores.form.key_value_accuracy == pytest.approx(2 / 3)
    assert scores.form.one_minus_ned.denominator == 4
    assert scores.anls_star == pytest.approx((1 + 7 / 8 + 1 + 0) / 4)
    assert scores.invented == Ratio(1, 4)
    assert scores.grounded == Ratio(3, 4)
    assert scores.fields is None
    assert (scores.status, scores.attempts, scores.tokens, scores.cost_usd, scores.latency_s) == (
        "valid",
        2,
        100,
        0.02,
        1.5,
    )


def test_named_fields_worked_by_hand():
    """One of two values right, and a tax from nowhere: the one empty place is filled."""
    scores = score_document(
        "a.jpg", RECEIPT, make_result({"company": "OJC", "total": 198.0, "tax": 1.0}, ("found",) * 3)
    )
    assert scores.form is None
    assert scores.fields == {"/company": True, "/total": False, "/tax": False}
    assert scores.invented == Ratio(1, 1)
    assert scores.anls_star == pytest.approx((1 + 4 / 5 + 0) / 3)  # "198.0" of "193.0"


@pytest.mark.parametrize("result", [None, make_result(None, status="unreadable"), make_result(None, status=None)])
def test_failed_document_is_scored_as_an_empty_answer(result):
    """It keeps its expected pairs and fields, and gets nothing for them."""
    form = score_document("a.png", FORM, result)
    assert form.form
    assert form.form.exact == form.form.fuzzy == form.form.raw == form.form.keys == PairCounts(0, 0, 3)
    assert form.form.one_minus_ned == Ratio(0, 3)
    assert (form.form.key_value_accuracy, form.anls_star) == (0.0, 0.0)
    assert form.invented == form.grounded == Ratio(0, 0)
    fields = score_document("a.jpg", RECEIPT, result)
    assert fields.fields == {"/company": False, "/total": False, "/tax": False}
    assert (fields.anls_star, fields.invented) == (0.0, Ratio(0, 1))


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (None, "failed"),
        (make_result(None, status=None), "failed"),
        (make_result(None, status="unreadable"), "unreadable"),
        (make_result({"pairs": []}, status="exhausted"), "exhausted"),
    ],
)
def test_status_is_told(result, status):
    """A run that never ended has failed."""
    assert score_document("a.png", FORM, result).status == status


def test_grounding_that_was_off_is_not_zero():
    """Values without places were not looked for; no values have no share."""
    assert score_document("a.png", FORM, make_result(FORM)).grounded is None
    assert score_document("a.png", FORM, make_result({"pairs": []})).grounded == Ratio(0, 0)


@pytest.mark.parametrize("expected", [FORM, RECEIPT])
def test_scores_survive_their_json_line(expected):
    """What is written to a file is what is read back."""
    scores = score_document("a.png", expected, make_result(dict(expected), ("found",)), latency_s=0.1)
    line = scores.model_dump_json()
    assert "\n" not in line
    assert DocumentScores.model_validate_json(line) == scores


def test_form_is_told_by_its_shape():
    """Another schema's list of the same name is a field."""
    shoes = {"pairs": [{"size": 42}]}
    scores = score_document("a.png", shoes, make_result({"pairs": [{"size": 42}]}))
    assert (scores.form, scores.fields) == (None, {"/pairs/0/size": True})
    assert score_document("a.png", {"pairs": []}, None).fields is None
