"""`optophone audit` in this process, on the session's store."""

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest

from graph.audit import Action, record
from serving.commands.audit import ActionName

Run = Callable[..., Any]


@pytest.fixture
def trail() -> None:
    """Two events of somebody's."""
    record("deleted", "sha256:feed", "auditrix", "older\nthan \x1b[2J 30 days")
    record("registered", "models:/forms/2", "auditrix", "run r1")


@pytest.mark.usefixtures("trail")
def test_events_are_listed_newest_first(optophone: Run) -> None:
    """One line each, whatever signs an event holds."""
    outcome = optophone("audit", "--actor", "auditrix", "--limit", "2")
    assert outcome.code == 0
    lines = [line.partition("  ")[2] for line in outcome.out.splitlines()]
    assert lines == [
        "registered  auditrix  models:/forms/2  run r1",
        "deleted  auditrix  sha256:feed  older than [2J 30 days",
    ]


@pytest.mark.usefixtures("trail")
def test_filters_and_json(optophone: Run) -> None:
    """What a script reads: a JSON object a line."""
    options = ("--action", "deleted", "--object", "sha256:feed", "--since", "2020-01-01", "--limit", "1", "--json")
    event = json.loads(optophone("audit", *options).out)
    assert (event["action"], event["actor"], event["object"]) == ("deleted", "auditrix", "sha256:feed")
    assert optophone("audit", "--since", "2999-01-01").out == ""


def test_every_action_can_be_asked_for() -> None:
    """The command's list of actions is the trail's."""
    assert get_args(ActionName) == get_args(Action)


def test_unknown_action_is_refused(optophone: Run) -> None:
    """Exit code 2, with what there is."""
    outcome = optophone("audit", "--action", "burnt")
    assert outcome.code == 2
    assert "rolled-back" in outcome.err
