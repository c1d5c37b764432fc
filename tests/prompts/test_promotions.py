"""Promotion, rollback and their record, in the session's SQLite store."""

from collections.abc import Callable
from itertools import count

import mlflow.genai
import pytest
from mlflow import MlflowClient

from graph.settings import get_settings
from prompts.connection import connect
from prompts.names import PromptName
from prompts.promotions import Move, history, promote, rollback, version_before
from prompts.registry import load_prompt
from schemas.errors import PromptError

URI = get_settings().tracking_uri
_numbers = count()


@pytest.fixture
def prompt() -> str:
    """A prompt of the test's own with three versions, of which the third runs."""
    connect(URI)
    name = f"promoted-{next(_numbers)}"
    for text in ("one", "two", "three"):
        mlflow.genai.register_prompt(name, text)
    mlflow.genai.set_prompt_alias(name, "production", 3)
    return name


@pytest.fixture
def running(prompt: str) -> Callable[[], str]:
    """Tell what the next extraction would be asked with."""
    return lambda: load_prompt(f"{prompt}@production", URI, 5).text


def _version(name: str, number: int) -> PromptName:
    return PromptName(name, number, None)


def test_promotion_changes_what_runs_and_rollbacks_undo_one_each(prompt: str, running: Callable[[], str]) -> None:
    """Two promotions, two rollbacks, and then there is nothing left to take back."""
    ran = [running()]
    promote(_version(prompt, 1), URI)
    ran.append(running())
    promote(_version(prompt, 2), URI)
    ran.append(running())
    for _ in range(2):
        rollback(prompt, URI)
        ran.append(running())
    assert ran == ["three", "one", "two", "one", "three"]
    with pytest.raises(PromptError, match=f"no promotion of '{prompt}' to take back; promote the version"):
        rollback(prompt, URI)
    assert running() == "three"


def test_history_says_who_when_why_and_on_what_grounds(prompt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read from the registry alone, in order."""
    monkeypatch.setenv("LOGNAME", "ada")
    assert history(prompt, URI) == []
    first = promote(_version(prompt, 1), URI, reason="fewer “invented” values\nfor now", run_id="0123abcd")
    second = rollback(prompt, URI)
    assert history(prompt, URI) == [first, second]
    assert first is not None
    assert first[1:] == ("ada", "promotion", 3, 1, "fewer “invented” values\nfor now", "0123abcd")
    assert second[1:] == ("ada", "rollback", 1, 3, "", None)
    assert first.at.endswith("+00:00")
    assert len([tag for tag in MlflowClient().get_prompt(prompt).tags if tag.startswith("optophone.promotion.")]) == 2


def test_promoting_what_runs_already_is_no_event(prompt: str) -> None:
    """A rollback after it would otherwise go nowhere."""
    assert promote(_version(prompt, 3), URI) is None
    assert history(prompt, URI) == []


def test_alias_moved_by_other_means_is_where_the_next_promotion_comes_from(
    prompt: str, running: Callable[[], str]
) -> None:
    """MLflow's own pages move the alias without a record; a rollback still goes back to what ran."""
    mlflow.genai.set_prompt_alias(prompt, "production", 2)
    promote(_version(prompt, 1), URI)
    rollback(prompt, URI)
    assert running() == "two"


def test_reason_that_does_not_fit_is_refused_before_anything_moves(prompt: str, running: Callable[[], str]) -> None:
    """The databases behind MLflow cut or refuse long tags."""
    with pytest.raises(PromptError, match="the reason has 801 characters and 800 fit"):
        promote(_version(prompt, 1), URI, reason="x" * 801)
    assert running() == "three"


def test_unknown_version_and_prompt_list_the_known_ones(prompt: str) -> None:
    """The message is the way out."""
    with pytest.raises(PromptError, match=f"the versions of '{prompt}' are 3, 2, 1, @production"):
        promote(_version(prompt, 9), URI)
    for look in (history, rollback):
        with pytest.raises(PromptError, match="there is no prompt 'nonesuch'; use one of optophone-extract"):
            look("nonesuch", URI)


def _moves(*moves: tuple[str, int | None, int]) -> list[Move]:
    return [Move("", "", kind, old, new, "", None) for kind, old, new in moves]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moves", "before"),
    [
        ([], None),
        ([("promotion", None, 3)], None),
        ([("promotion", 3, 2)], 3),
        ([("promotion", 3, 2), ("rollback", 2, 3)], None),
        ([("promotion", 3, 2), ("promotion", 2, 1), ("rollback", 1, 2)], 3),
        ([("promotion", 3, 2), ("rollback", 2, 3), ("promotion", 3, 1)], 3),
        ([("rollback", 2, 3), ("promotion", 3, 1)], 3),
    ],
)
def test_each_rollback_takes_back_one_promotion(moves: list[tuple[str, int | None, int]], before: int | None) -> None:
    """What ran before the last promotion that stands."""
    assert version_before(_moves(*moves)) == before
