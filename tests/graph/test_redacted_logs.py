"""Log lines with redaction on."""

import logging

import pytest
from redacting import redacting

from documents.redaction import REDACTED

LOGGER = logging.getLogger("somebody.elses")
NUMBER = "078-05-1120"


def _log_failure() -> None:
    try:
        raise ValueError(NUMBER)
    except ValueError:
        LOGGER.exception("it failed")


def test_patterns_are_hidden_in_lines_and_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    """Also what is an argument of the line; lines without them keep theirs, which some handlers need."""
    with redacting(patterns="ssn"):
        LOGGER.warning("read %s", NUMBER)
        LOGGER.warning("read %d", 7)
        _log_failure()
    assert caplog.messages == [f"read {REDACTED}", "read 7", "it failed"]
    assert caplog.records[1].args == (7,)
    assert NUMBER not in caplog.text
    assert f"ValueError: {REDACTED}" in caplog.text


def test_fields_leave_an_exception_its_type_and_place(caplog: pytest.LogCaptureFixture) -> None:
    """Its text may quote any value."""
    with redacting("/company"):
        _log_failure()
    assert NUMBER not in caplog.text
    assert "in _log_failure" in caplog.text
    assert caplog.text.rstrip().endswith("ValueError")
