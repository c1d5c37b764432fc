"""The second reader holds an answer against its own reading of the same words."""

import pytest

from chat_models.local.names import label_likeness
from chat_models.local.second_reader import SecondReader
from documents.confidence import SILENT
from documents.grounding import ground
from documents.word_index import PageIndex

RECEIPT = """\
ACME TRADING SDN BHD
12 Hill Road, 81750 Dover
Date: 05/12/2018   Printed 26/12/2018
Widget                      1.90
SUB TOTAL                   1.80
TOTAL                       1.90
CASH                        2.00
CHANGE                      0.10
Paid on: 27/12/2018
Valid until: 31/01/2019"""
SCHEMA = {
    "type": "object",
    "properties": {
        "company": {"type": "string"},
        "date": {"type": "string"},
        "total": {"type": "number"},
        "valid_until": {"type": "string"},
        "remark": {"type": "string"},
        "items": {"type": "array", "items": {"type": "object", "properties": {"price": {"type": "number"}}}},
    },
}


@pytest.fixture
def testify(page):
    """Ask about a value of the receipt."""
    pages = [page(RECEIPT)]
    indices = [PageIndex(one.words) for one in pages]
    reader = SecondReader(SCHEMA, pages, indices)

    def ask(path, value):
        return reader.testify(path, value, ground(value, indices, likeness=reader.likeness(path)))

    return ask


@pytest.mark.parametrize(
    ("path", "value", "verdict"),
    [
        ("/total", 1.9, "agrees"),
        ("/total", 2.0, "differs"),
        ("/total", 1.8, "differs"),
        ("/total", 7.77, "differs"),
        ("/total", 1.92, "silent"),
        ("/date", "5 Dec 2018", "agrees"),
        ("/date", "05/12/18", "agrees"),
        ("/date", "12/05/2018", "differs"),
        ("/date", "26/12/2018", "differs"),
        ("/date", "24/12/2018", "differs"),
        ("/company", "Acme Trading Sdn. Bhd.", "agrees"),
        ("/company", "Widget", "silent"),
        ("/company", "Nobody", "differs"),
        ("/company", "ACME TRADING SDN BHD OF DOVER", "silent"),
        ("/valid_until", "31/01/2019", "agrees"),
        ("/valid_until", "27/12/2018", "differs"),
        ("/remark", "Widget", "silent"),
    ],
)
def test_verdict_on_a_value(testify, path, value, verdict):
    """Another role, another digit; rounding to 5 cents, a name elsewhere and a longer text don't count as differing."""
    assert testify(path, value).says == verdict


def test_differing_testimony_has_the_own_reading_with_its_label(testify):
    """What a reviewer is to compare."""
    assert testify("/total", 2.0)[1:] == ("1.90", "TOTAL")


@pytest.mark.parametrize("copies", [{"type": "integer"}, {"type": ["integer", "null"]}])
@pytest.mark.parametrize("path", ["/copies", "/order/copies"])
def test_text_that_is_no_number_says_nothing_of_one(page, copies, path):
    """Whether null would fit or not: the reader found no number, so it holds none against an answer."""
    inner = {"type": "object", "properties": {"copies": copies}, "required": ["copies"]}
    schema = {**inner, "properties": {"copies": copies, "order": {"$ref": "#/$defs/Order"}}, "$defs": {"Order": inner}}
    pages = [page("Copies: see below\nSheets: 3")]
    indices = [PageIndex(one.words) for one in pages]
    reader = SecondReader(schema, pages, indices)
    for value in (3, 4):
        assert reader.testify(path, value, ground(value, indices, likeness=reader.likeness(path))) == SILENT


@pytest.mark.parametrize(("value", "verdict"), [("2018-12-05", "agrees"), ("2018-01-31", "differs")])
def test_text_that_breaks_its_format_is_a_reading_all_the_same(page, value, verdict):
    """A date with two readings confirms either, and speaks against any other day; so do its neighbours."""
    inner = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "born": {"type": "string", "format": "date"}},
        "required": ["name", "born"],
    }
    schema = {"type": "object", "properties": {"person": inner}}
    pages = [page("Name: Ada\nBorn: 05/12/2018\nSigned: 31/01/2018")]
    indices = [PageIndex(one.words) for one in pages]
    reader = SecondReader(schema, pages, indices)
    said = {"/person/born": value, "/person/name": "Ada"}
    verdicts = {
        path: reader.testify(path, text, ground(text, indices, likeness=reader.likeness(path)))
        for path, text in said.items()
    }
    assert [verdict.says for verdict in verdicts.values()] == [verdict, "agrees"]


def test_values_in_lists_are_not_read_again(testify):
    """Their labels stand at the head of columns."""
    assert testify("/items/0/price", 1.9) is None


@pytest.mark.parametrize(
    ("label", "is_like"),
    [
        ("TOTAL:", True),
        ("Total Incl. GST@6% RM", True),
        ("Till: 12 Total", True),
        ("Sub Total", False),
        ("Total Qty", False),
        ("CASH RM", False),
        ("", False),
    ],
)
def test_label_is_like_a_name(label, is_like):
    """The words after the last colon count, without figures; some words make it another thing's."""
    assert (label_likeness(["total"], label) > 0) == is_like
