"""Which values a run hides, and whether nothing of its pages can be shown."""

from pathlib import Path
from typing import Any

import pytest

from documents.page import Word
from documents.redaction import REDACTED
from graph.redaction.hidden import hide_extraction, make_hidden
from graph.redaction.rules import Redaction, concerns, is_chosen, make_redaction
from schemas.errors import UsageError

WORDS = [
    Word("ACME", (0.1, 0.1, 0.2, 0.15), 1.0),
    Word("STORE", (0.21, 0.1, 0.3, 0.15), 1.0),
    Word("Total", (0.1, 0.3, 0.2, 0.35), 1.0),
    Word("RM8.00", (0.25, 0.3, 0.3, 0.35), 1.0),
]


def _made(fields: str = "", patterns: str = "") -> Redaction:
    redaction = make_redaction(fields, patterns)
    assert redaction is not None
    return redaction


def _field(path: str, value: Any, bbox: Any) -> dict[str, Any]:
    return {"path": path, "value": value, "page_index": 0 if bbox else None, "bbox": bbox}


def test_no_setting_is_no_redaction() -> None:
    """Blank entries are none."""
    assert make_redaction("", " , ") is None


@pytest.mark.parametrize(
    ("path", "chosen", "concerned"),
    [
        ("/line_items/3/description", True, True),
        ("/line_items/3/description/0", True, True),
        ("/line_items/3/price", False, False),
        ("/line_items/3", False, True),
        ("/line_items", False, True),
        ("", False, True),
        ("/lines/3/description", False, False),
        ("/a~1b/c", False, False),
        ("/a~1b", True, True),
    ],
)
def test_pointers_choose_places(path: str, chosen: bool, concerned: bool) -> None:
    """`*` is any item; what is inside is chosen too; what is said of a whole may quote its parts."""
    pointers = _made("/line_items/*/description,/a~1b" if not path.startswith("/a~1b/") else "/x").pointers
    assert (is_chosen(path, pointers), concerns(path, pointers)) == (chosen, concerned)


@pytest.mark.parametrize("fields", ["company", "/", "/a/", "key:", "key: ."])
def test_broken_field_is_refused(fields: str) -> None:
    """A field that would hide nothing."""
    with pytest.raises(UsageError, match="OPTOPHONE_REDACT_FIELDS"):
        make_redaction(fields, "")


def test_patterns_come_by_name_and_from_a_file(tmp_path: Path) -> None:
    """One a line, commas and all; comments are none."""
    file = tmp_path / "patterns.txt"
    file.write_text("# our numbers\nP-\\d{2,4}\n\nssn\n")
    hidden = make_hidden(_made("", f"email,@{file}"), [], [])
    assert hidden.text("P-123, 078-05-1120, a@b.org, P-1") == f"{REDACTED}, {REDACTED}, {REDACTED}, P-1"


@pytest.mark.parametrize(("line", "message"), [("(", "line 1"), ("a*", "empty text"), (None, "cannot read")])
def test_broken_pattern_file_is_refused(tmp_path: Path, line: str | None, message: str) -> None:
    """The line, and what is wrong with it."""
    file = tmp_path / "patterns.txt"
    if line:
        file.write_text(line)
    with pytest.raises(UsageError, match=message):
        make_redaction("", f"@{file}")


def test_unknown_pattern_is_refused_with_those_there_are() -> None:
    """A misspelt name hides nothing."""
    with pytest.raises(UsageError, match="iban, card, email, phone, ssn, account or @FILE"):
        make_redaction("", "ibn")


def test_question_chooses_its_answers() -> None:
    """Up to misread signs; what is no pair may be its answer."""
    extraction = {
        "pairs": [
            {"key": "Social Securlty No.:", "values": ["078051120", "none"]},
            {"key": "Name", "values": ["Jane"]},
            "078051120",
        ]
    }
    clean = hide_extraction(extraction, _made("key:Social Security No"))
    assert clean["pairs"][0] == {"key": "Social Securlty No.:", "values": [REDACTED, REDACTED]}
    assert clean["pairs"][1:] == [{"key": "Name", "values": ["Jane"]}, REDACTED]


def test_chosen_value_is_hidden_in_other_fields_too() -> None:
    """As text among others, and as the same amount; short values only at their own place."""
    extraction = {"company": "ACME", "note": "by Acme", "total": 12.5, "sum": 12.5, "count": 1, "items": [1, None]}
    clean = hide_extraction(extraction, _made("/company,/total,/count"))
    assert clean == {
        **dict.fromkeys(("company", "total", "sum", "count"), REDACTED),
        "note": f"by {REDACTED}",
        "items": [1, None],
    }


RESULT = {
    "target_schema": "receipt",
    "extraction": {"company": "ACME STORE", "total": 8.0},
    "fields": [
        _field("/company", "ACME STORE", [0.1, 0.1, 0.3, 0.15]),
        _field("/total", 8.0, [0.26, 0.3, 0.3, 0.35]),
    ],
    "validation_errors": [
        {"path": "/total", "kind": "grounding", "message": "8.0 does not stand on the page", "value": 8.0},
        {"path": "/date", "kind": "schema", "message": "a value is required here", "value": None},
    ],
}


def test_value_is_hidden_as_the_page_writes_it() -> None:
    """The words at its place, whatever the answer made of them; what quotes it goes as a whole."""
    hidden = make_hidden(_made("/total"), [RESULT], [WORDS])
    assert (hidden.unplaced, hidden.words(0, WORDS)) == (None, {3})
    assert hidden.text("RM8.00 at ACME") == f"{REDACTED} at ACME"
    assert hidden.text("now 8.0; 8.0 does not stand on the page") == f"{REDACTED}; {REDACTED}"
    assert hidden.text("a value is required here") == "a value is required here"


def test_wrong_values_of_earlier_rounds_are_hidden_too() -> None:
    """They were read off the page as well."""
    first = {"extraction": {"company": "ACNE STORES"}}
    assert make_hidden(_made("/company"), [first, RESULT], [WORDS]).text("Acne") == REDACTED


@pytest.mark.parametrize(
    ("fields", "result", "unplaced"),
    [
        ("/company", RESULT, None),
        ("/date", RESULT, "/date"),  # the answer leaves it empty, the page perhaps doesn't
        ("/company", {**RESULT, "fields": [_field("/company", "ACME STORE", None)]}, "/company"),
        ("/company", {}, "/company"),  # a run that failed
        ("/tax_id", RESULT, None),  # no receipt has one
        ("/tax_id", {**RESULT, "target_schema": "own"}, "/tax_id"),
        ("key:Total", RESULT, None),
        ("key:Total", {"extraction": {"pairs": []}}, "key:Total"),  # it stands on the page
        ("key:Passport", {"extraction": {"pairs": []}}, None),
        ("key:Passport", {"extraction": None}, "key:Passport"),
    ],
)
def test_page_is_shown_only_where_all_values_have_a_place(fields: str, result: Any, unplaced: str | None) -> None:
    """Else it is named what may stand anywhere."""
    assert make_hidden(_made(fields), [result], [WORDS]).unplaced == unplaced


def test_page_that_was_not_read_is_not_shown() -> None:
    """Not even with patterns alone: they are looked for in its words."""
    assert make_hidden(_made("", "iban"), [RESULT], None).unplaced == "words that were not read"
    assert make_hidden(_made("", "iban"), [RESULT], [WORDS]).unplaced is None


def test_field_of_no_shipped_schema_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """It may be of a schema of one's own, or a slip that hides nothing."""
    make_redaction("/company,/line_items/*/description,/pairs", "")
    assert caplog.messages == []
    make_redaction("/tottal", "")
    [message] = caplog.messages
    assert "no shipped schema has a field 'tottal'" in message
