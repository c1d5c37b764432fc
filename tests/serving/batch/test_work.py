"""What is done for one document."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.context import Context
from schemas.errors import PromptError, UsageError
from serving.batch.inputs import Item
from serving.batch.plan import Plan, make_plan
from serving.batch.work import identify, run_one

pytestmark = pytest.mark.usefixtures("untraced")

ANSWER = json.dumps({"pairs": []})


@pytest.fixture
def plan(register: Any) -> Plan:
    return make_plan(Context(chat_model=register(lambda text: ANSWER)), keeps_answers=False)


def _unit(path: Path, plan: Plan, **changes: Any) -> str:
    return identify(Item(0, str(path), **changes), plan).unit


def test_unit_is_content_and_request(write: Any, plan: Plan, tmp_path: Path) -> None:
    """The same bytes by another name are the same unit; other bytes, rules, schemas or chat models are others."""
    scans = write("a", "b")
    unit = _unit(scans / "a.pdf", plan)
    (scans / "copy.pdf").write_bytes((scans / "a.pdf").read_bytes())
    assert _unit(scans / "copy.pdf", plan, id="7") == unit
    others = {
        _unit(scans / "b.pdf", plan),
        _unit(scans / "a.pdf", plan, rules="Dates as ISO."),
        _unit(scans / "a.pdf", plan, schema="receipt"),
        _unit(scans / "a.pdf", plan, chat_model="local"),
        _unit(scans / "a.pdf", make_plan(plan.context.model_copy(update={"jpeg_quality": 41}))),
        _unit(scans / "a.pdf", make_plan(plan.context.model_copy(update={"max_attempts": 2}))),
        _unit(scans / "a.pdf", make_plan(plan.context.model_copy(update={"extract_prompt": "optophone-extract@1"}))),
    }
    assert len(others | {unit}) == 8
    assert len(unit) == 32


def test_unit_survives_another_process(plan: Plan, write: Any) -> None:
    """A plan that was sent elsewhere names the same work."""
    import pickle

    scans = write("a")
    assert _unit(scans / "a.pdf", pickle.loads(pickle.dumps(plan))) == _unit(scans / "a.pdf", plan)  # noqa: S301 - ours


async def test_missing_file_is_a_result(plan: Plan, tmp_path: Path) -> None:
    """It went away since the inputs were looked at; nothing is asked."""
    work = identify(Item(3, str(tmp_path / "gone.pdf")), plan)
    record = await run_one(work, plan)
    assert (record["index"], record["document"], record["unit"], record["tokens"]) == (3, None, "", 0)
    assert record["result"] is not None
    assert record["result"]["status"] == "unreadable"


async def test_file_that_changes_meanwhile_is_an_error(plan: Plan, write: Any) -> None:
    """The answer is about other content than the record would say; what it took is counted."""
    scans = write("a", "b")
    work = identify(Item(0, str(scans / "a.pdf")), plan)
    (scans / "a.pdf").write_bytes((scans / "b.pdf").read_bytes())
    record = await run_one(work, plan)
    assert (record["result"], record["tokens"]) == (None, 100)
    assert record["error"] == {
        "type": "RuntimeError",
        "message": "the file changed while it was read; run again with --retry-failed",
    }


def test_pipe_is_not_waited_for(plan: Plan, tmp_path: Path) -> None:
    """What is no file has no content."""
    import os

    os.mkfifo(tmp_path / "a.pdf")
    assert identify(Item(0, str(tmp_path / "a.pdf")), plan).document is None


@pytest.fixture
def roomless() -> Iterator[str]:
    """A prompt version that has no place for rules."""
    import mlflow

    version = mlflow.genai.register_prompt("no-room", "Read {{schema_name}}: {{schema_description}}").version
    yield f"prompts:/no-room/{version}"
    client = mlflow.MlflowClient()
    client.delete_prompt_version("no-room", str(version))
    client.delete_prompt("no-room")


def test_prompt_without_room_for_rules_is_told(plan: Plan, roomless: str) -> None:
    """Before the first document is asked about."""
    other = make_plan(plan.context.model_copy(update={"extract_prompt": roomless}))
    assert other.variant(Item(0, "a.pdf")).context.additional_rules == ""
    with pytest.raises(UsageError, match=r"prompts:/no-room/1 has no place for rules"):
        other.variant(Item(0, "a.pdf", rules="Dates as ISO."))


@pytest.fixture
def unreachable(untraced: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A tracking server that isn't there, for one test of a process that is connected to another one."""
    import mlflow

    before = mlflow.get_tracking_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    yield
    mlflow.set_tracking_uri(before)


@pytest.mark.usefixtures("unreachable")
def test_versions_are_pinned_only_where_mlflow_says_them() -> None:
    """A registry out of reach can't say what an alias stands for: nothing is begun."""
    with pytest.raises(PromptError, match="cannot tell which version 'prompts:/optophone-extract@production' is"):
        make_plan(Context(chat_model="local"))
