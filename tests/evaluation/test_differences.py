"""What stands beside what for people to look at."""

import random

from evaluation.differences import explain, side_by_side
from evaluation.metrics import exact_counts, extraction_to_pairs


def _form(*pairs: tuple[str, str]) -> dict[str, object]:
    return {"pairs": [{"key": key, "values": [value]} for key, value in pairs]}


GOLD = _form(("Name:", "Ada Lovelace"), ("Born", "1815"), ("City", "London"), ("Sent to", "Babbage"))
FOUND = _form(("Sent to", "Somebody else"), ("name", "Ada Lovelace"), ("C1ty", "Londan"), ("Page", "17"))


def test_pairs_are_joined_by_likeness() -> None:
    """Right but for signs and case, similar, wrong under its key, missing, surplus; places lead to the boxes."""
    rows = side_by_side(GOLD, FOUND)
    seen = [(row.verdict, row.expected and row.expected.key, row.extracted and row.extracted.path) for row in rows]
    assert seen == [
        ("right", "Name:", "/pairs/1/values/0"),
        ("missing", "Born", None),
        ("wrong", "City", "/pairs/2/values/0"),
        ("wrong", "Sent to", "/pairs/0/values/0"),
        ("surplus", None, "/pairs/3/values/0"),
    ]


def test_close_needs_key_and_value() -> None:
    """Both at least 0.8 similar, as for pair_f1_fuzzy."""
    (row,) = side_by_side(_form(("Address", "Lighthouse")), _form(("Addresss", "Lighthousc")))
    assert row.verdict == "close"


def test_as_many_are_right_as_the_metric_counts() -> None:
    """On random forms, with pairs that stand twice and texts of symbols alone."""
    chance = random.Random(5)  # noqa: S311 - test data
    texts = ["a", "b", "c", "—", "a b"]
    for _ in range(200):
        gold, found = (
            _form(*((chance.choice(texts), chance.choice(texts)) for _ in range(chance.randint(0, 6))))
            for _ in range(2)
        )
        right = sum(row.verdict == "right" for row in side_by_side(gold, found))
        assert right == exact_counts(extraction_to_pairs(gold), extraction_to_pairs(found)).matched


def test_fields_are_judged_by_the_metric() -> None:
    """Amounts by value; what should be empty and isn't is surplus; nothing for nothing is right."""
    gold = {"company": "ACME", "date": "1 May", "total": 9.0, "tax": None, "currency": None}
    found = {"company": "ACMF", "date": "nothing alike", "total": "9.00", "tax": 3, "currency": None}
    rows = {(row.expected or row.extracted).key: row.verdict for row in side_by_side(gold, found)}  # type: ignore[union-attr]
    assert rows == {
        "/company": "wrong", "/date": "wrong", "/total": "right", "/tax": "surplus", "/currency": "right"
    }  # fmt: skip


def test_nothing_read_leaves_everything_missing() -> None:
    """A document that failed has rows too."""
    assert [row.verdict for row in side_by_side(GOLD, None)] == ["missing"] * 4
    assert [row.verdict for row in side_by_side({"total": 3, "tax": None}, None)] == ["missing", "missing"]


def test_explanation_is_short() -> None:
    """Ten differences tell the kind."""
    many = side_by_side(_form(*((f"key {number}", "x") for number in range(14))), None)
    assert explain(many).splitlines()[-1] == "… 4 more"
    assert explain(side_by_side(GOLD, GOLD)) == "all right"
    assert explain(many[:1]) == "missing  key 0: x"
