"""`optophone traces`: traces of the real graph, found by what they are."""

import json
from collections.abc import Callable
from typing import Any

import mlflow
import pytest
from mlflow.entities import AssessmentSource, AssessmentSourceType

from chat_models.scripted import ScriptedChatModel
from graph.app import graph
from graph.tracing.queue import flush_traces
from graph.tracing.tracers import last_trace_id

Optophone = Callable[..., Any]
Script = Callable[..., tuple[str, ScriptedChatModel]]


@pytest.fixture
def read(write_pdf: Callable[..., str], script: Script) -> tuple[str, str, str]:
    """A chat model that reads a receipt and a form; gives its name and the two ids."""
    name, _ = script('{"total": 8.0}', '{"pairs": [{"key": "Name:", "values": ["Ada [bold]"]}]}')
    ids = []
    for file, schema in (("till.pdf", "receipt"), ("club [x].pdf", "form")):
        path = write_pdf(file, [f"A {schema}", "Total 8.00", "Name: Ada [bold]"])
        graph.invoke({"document": path}, context={"target_schema": schema, "chat_model": name})
        ids.append(str(last_trace_id()))
    flush_traces()
    return name, ids[0], ids[1]


def found(optophone: Optophone, *options: str) -> list[str]:
    outcome = optophone("traces", "--json", *options)
    assert outcome.code == 0, outcome.err
    return [json.loads(line)["trace_id"] for line in outcome.out.splitlines()]


def test_traces_are_found_by_what_they_are(optophone: Optophone, read: tuple[str, str, str]) -> None:
    """By chat model, schema, name, reference, status, prompt and time; newest first, as many as asked for."""
    name, receipt, form = read
    own = ("--chat-model", name)
    assert found(optophone, *own) == [form, receipt]
    assert found(optophone, *own, "--limit", "1") == [form]
    assert found(optophone, *own, "--schema", "receipt") == [receipt]
    assert found(optophone, *own, "--document", "till.pdf") == [receipt]
    reference = mlflow.get_trace(form).info.tags["optophone.document"]
    assert found(optophone, *own, "--document", reference[:20]) == [form]
    assert found(optophone, *own, "--status", "exhausted") == []
    assert found(optophone, *own, "--prompt", "extract@3", "--since", "1h") == [form, receipt]
    assert found(optophone, *own, "--prompt", "extract@2") == []
    assert found(optophone, *own, "--since", "2999-01-01") == []


def test_traces_are_found_by_who_judged_them(optophone: Optophone, read: tuple[str, str, str]) -> None:
    """The human, not the code that scored it."""
    name, receipt, form = read
    for trace_id, kind, who in ((receipt, AssessmentSourceType.HUMAN, "ada"), (form, AssessmentSourceType.CODE, "bot")):
        mlflow.log_feedback(trace_id=trace_id, name="is_correct", value=True, source=AssessmentSource(kind, who))
    assert found(optophone, "--chat-model", name, "--reviewer", "ada") == [receipt]
    assert found(optophone, "--chat-model", name, "--reviewer", "bot") == []


def test_the_list_has_a_line_a_trace(optophone: Optophone, read: tuple[str, str, str]) -> None:
    """However narrow the terminal; names are no markup."""
    name, receipt, form = read
    header, first, second = optophone("traces", "--chat-model", name).out.splitlines()
    assert header.split()[:2] == ["trace", "at"]
    assert first.startswith(form)
    assert "club [x].pdf" in first
    assert second.startswith(receipt)
    assert "extract@3" in second
    assert optophone("traces", "--chat-model", "nobody").out == "no trace fits\n"


def test_one_trace_is_a_tree_of_its_spans(optophone: Optophone, read: tuple[str, str, str]) -> None:
    """Each node below the graph, what it called below it, with seconds."""
    lines = optophone("traces", "show", read[1]).out.splitlines()
    assert lines[1] == "schema   receipt"
    tree = [line.strip("│├└─ ").split("  ")[0] for line in lines[6:]]
    assert tree == ["optophone", "preprocess", "ocr", "extract", "ScriptedChatModel", "validate"]
    assert all(" s" in line for line in lines[6:])


def test_errors_stand_in_the_tree(optophone: Optophone, script: Script, write_pdf: Callable[..., str]) -> None:
    """With their first words."""
    name, _ = script()
    with pytest.raises(Exception, match="script has 0 answers"):
        graph.invoke({"document": write_pdf("a.pdf", ["x"])}, context={"chat_model": name})
    flush_traces()
    out = optophone("traces", "show", str(last_trace_id())).out
    assert "status   failed" in out
    assert "script has 0 answers" in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["show", "tr-nothing"], "MLflow has no trace 'tr-nothing'"),
        (["--prompt", "@production"], "expected a prompt version by its number"),
        (["--document", "sha256:xyz!"], "hex digits"),
        (["--since", "some day"], "expected a time"),
    ],
)
def test_wrong_calls_are_told(optophone: Optophone, options: list[str], said: str) -> None:
    """One line, exit code 2."""
    outcome = optophone("traces", *options)
    assert outcome.code == 2
    assert said in outcome.err
