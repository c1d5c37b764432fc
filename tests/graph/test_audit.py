"""The trail of who did what, in the session's SQLite store."""

from datetime import UTC, datetime, timedelta
from itertools import count

import mlflow
import mlflow.genai
import pytest
from mlflow import MlflowClient

from graph.audit import read, record
from graph.settings import get_settings
from prompts.connection import connect
from prompts.names import PromptName
from prompts.promotions import login_name, promote, rollback

URI = get_settings().tracking_uri
_numbers = count()


@pytest.fixture
def actor() -> str:
    """Somebody whom no other test knows."""
    return f"auditor-{next(_numbers)}"


def test_events_come_back_newest_first_with_all_they_say(actor: str) -> None:
    """Action, object, actor and evidence stay as given; the time is the store's."""
    before = datetime.now(UTC).replace(microsecond=0)
    record("corrected", "tr-1", actor, "2 fields")
    record("deleted", "sha256:ab", actor)
    deleted, corrected = read(actor=actor)
    assert corrected[1:] == ("corrected", actor, "tr-1", "2 fields")
    assert deleted[1:] == ("deleted", actor, "sha256:ab", "")
    assert before <= datetime.fromisoformat(corrected.at) <= datetime.fromisoformat(deleted.at) <= datetime.now(UTC)


def test_filters_narrow_what_is_read(actor: str) -> None:
    """By action, by a part of the object, and by time."""
    record("registered", "models:/optophone/7", actor)
    record("deleted", "sha256:abcdef", actor)
    assert [event.object for event in read(actor=actor, action="registered")] == ["models:/optophone/7"]
    assert [event.action for event in read(actor=actor, object="abcd")] == ["deleted"]
    assert not list(read(actor=actor, since=datetime.now(UTC) + timedelta(minutes=1)))
    assert len(list(read(actor=actor, since=datetime.now(UTC) - timedelta(minutes=1)))) == 2


def test_promotions_are_read_from_the_registrys_history() -> None:
    """One truth: a promotion and a rollback show without being written twice."""
    connect(URI)
    name = f"audited-{next(_numbers)}"
    for text in ("one", "two"):
        mlflow.genai.register_prompt(name, text)
    mlflow.genai.set_prompt_alias(name, "production", 1)
    promote(PromptName(name, 2, None), URI, run_id="r7", reason="fewer misses")
    rollback(name, URI, reason="worse on receipts")
    found = [event[1:] for event in read(object=f"/{name}/")]
    assert sorted(found) == [
        ("promoted", login_name(), f"prompts:/{name}/2", "run r7: fewer misses"),
        ("rolled-back", login_name(), f"prompts:/{name}/1", "worse on receipts"),
    ]


def test_event_deleted_in_mlflow_is_still_read(actor: str) -> None:
    """MLflow's pages only mark a run as deleted; the trail shows it all the same."""
    record("deleted", "sha256:ab", actor)
    experiment = mlflow.get_experiment_by_name("optophone-audit")
    run = mlflow.search_runs([experiment.experiment_id], max_results=1, output_format="list")[0]
    MlflowClient().delete_run(run.info.run_id)
    assert [event.object for event in read(actor=actor)] == ["sha256:ab"]


def test_foreign_run_in_the_experiment_is_no_event(actor: str) -> None:
    """Somebody's own run there has none of the trail's tags and is no event."""
    record("deleted", "sha256:ab", actor)
    experiment = mlflow.get_experiment_by_name("optophone-audit")
    MlflowClient().create_run(experiment.experiment_id)
    assert [event.object for event in read(actor=actor)] == ["sha256:ab"]
    assert next(iter(read())).actor == actor
