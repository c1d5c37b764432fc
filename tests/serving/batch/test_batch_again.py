"""`optophone batch` again: what another start repeats, takes from the cache and refuses."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batches import ANSWER, paid_answer, records_of, summary_of
from pdfs import long_pdf

from chat_models.scripted import ScriptedChatModel

pytestmark = pytest.mark.usefixtures("untraced")

Run = Callable[..., Any]
Script = Callable[..., tuple[str, ScriptedChatModel]]

REFUSED = "no JSON"


def test_same_command_does_the_rest(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """What has its record is not asked; a document that came since is."""
    name, chat_model = script(*[paid_answer()] * 3)
    command = ("batch", write("a", "b"), "--out", tmp_path / "out", "--chat-model", name, "--json", "--quiet")
    assert optophone(*command).code == 0
    lines = (tmp_path / "out" / "results.jsonl").read_bytes()
    write("c")
    run = optophone(*command)
    assert (summary_of(run)["before"], summary_of(run)["valid"], run.err) == (2, 3, "")
    assert len(chat_model.requests) == 3
    assert (tmp_path / "out" / "results.jsonl").read_bytes().startswith(lines)


def test_same_content_is_asked_once(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Both inputs have their record, at once and in a later start."""
    name, chat_model = script(paid_answer())
    scans = write("a")
    command = ("batch", scans, "--out", tmp_path / "out", "--chat-model", name, "--json")
    (scans / "b.pdf").write_bytes((scans / "a.pdf").read_bytes())
    assert summary_of(optophone(*command))["duplicates"] == 1
    (scans / "c.pdf").write_bytes((scans / "a.pdf").read_bytes())
    assert summary_of(optophone(*command))["duplicates"] == 2
    assert len(chat_model.requests) == 1
    first, *others = records_of(tmp_path / "out")
    assert (first["duplicate_of"], first["tokens"]) == (None, 100)
    assert [(other["duplicate_of"], other["tokens"], other["cost_usd"]) for other in others] == [(0, 0, 0.0)] * 2
    assert all(other["result"] == first["result"] for other in others)


def test_second_run_is_free(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Another folder takes its answers, repairs too, from the cache; what they once took is said, and not as paid."""
    name, chat_model = script(*[paid_answer(REFUSED), paid_answer()] * 2)
    command = ("batch", write("a"), "--chat-model", name, "--json", "--out")
    assert summary_of(optophone(*command, tmp_path / "first"))["tokens"] == 200
    summary = summary_of(optophone(*command, tmp_path / "second"))
    assert (summary["cached"], summary["tokens"], summary["cost_usd"], summary["retries"]) == (1, 0, 0.0, 0)
    [first], [second] = records_of(tmp_path / "first"), records_of(tmp_path / "second")
    assert (second["cached_requests"], second["result"]) == (2, first["result"])
    assert len(chat_model.requests) == 2
    assert summary_of(optophone(*command, tmp_path / "third", "--no-cache"))["tokens"] == 200
    assert len(chat_model.requests) == 4


def test_other_rules_are_another_request(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """The cache answers for exactly the same: rules, schema and image settings are part of a request."""
    name, chat_model = script(*[paid_answer()] * 2)
    for number, rules in enumerate(["", "Dates as ISO."]):
        optophone("batch", write("a"), "--chat-model", name, "--rules", rules, "--out", tmp_path / str(number))
    assert len(chat_model.requests) == 2


def test_failed_are_asked_again_on_request(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Not by the same command, and not from the cache; what the failure took stays in the account."""
    name, chat_model = script(paid_answer(REFUSED), paid_answer(REFUSED), paid_answer())
    command = ("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name, "--max-attempts", "2", "--json")
    assert optophone(*command).code == 1
    assert (optophone(*command).code, len(chat_model.requests)) == (1, 2)
    run = optophone(*command, "--retry-failed")
    assert (run.code, summary_of(run)["valid"], summary_of(run)["tokens"]) == (0, 1, 300)
    assert [record["result"]["status"] for record in records_of(tmp_path / "out")] == ["valid"]
    assert len((tmp_path / "out" / "retried.jsonl").read_text().splitlines()) == 1


def test_folder_of_another_run_is_refused(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Nothing is asked or written; --restart moves the old run aside, whole."""
    name, chat_model = script(*[paid_answer()] * 2)
    command = ("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name)
    optophone(*command)
    before = (tmp_path / "out" / "results.jsonl").read_bytes()
    for change in (("--rules", "Dates as ISO."), ("--schema", "receipt"), ("--extract-prompt", "optophone-extract@1")):
        run = optophone(*command, *change)
        assert run.code == 2
        assert "holds another run: " in run.err
        assert "; give another --out, or --restart to begin anew" in run.err
    assert len(chat_model.requests) == 1
    assert optophone(*command, "--rules", "Dates as ISO.", "--restart").code == 0
    [aside] = (tmp_path / "out").glob("before-*")
    assert (aside / "results.jsonl").read_bytes() == before
    assert len(records_of(tmp_path / "out")) == 1
    assert "Dates as ISO." in (tmp_path / "out" / "run.json").read_text()


def test_alias_means_what_it_meant(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """A promotion in the middle of a run changes nothing for the rest of it."""
    import mlflow

    client, prompt = mlflow.MlflowClient(), "optophone-extract"
    mlflow.set_prompt_alias(prompt, "mine", 1)
    name, _ = script(*[paid_answer()] * 2)
    command = ("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name)
    command = (*command, "--extract-prompt", f"{prompt}@mine")
    try:
        assert optophone(*command).code == 0
        mlflow.set_prompt_alias(prompt, "mine", 2)
        write("b")
        assert optophone(*command).code == 0
    finally:
        client.delete_prompt_alias(prompt, "mine")
    assert [record["result"]["prompts"] for record in records_of(tmp_path / "out")] == [[f"prompts:/{prompt}/1"]] * 2


def test_repaired_page_of_a_long_document_is_asked_alone(optophone: Run, register: Any, tmp_path: Path) -> None:
    """The same command finds the document changed, and the answers about its other pages in the cache."""
    asked: list[str] = []

    def answer(text: str) -> str:
        asked.append(text)
        return ANSWER

    scans, name = tmp_path / "scans", register(answer)
    scans.mkdir()

    def run(pages: list[list[str] | None]) -> dict[str, Any]:
        (scans / "long.pdf").write_bytes(long_pdf(pages))
        optophone("batch", scans, "--out", tmp_path / "out", "--chat-model", name, "--pages-per-request", "1")
        return records_of(tmp_path / "out")[-1]

    pages: list[list[str] | None] = [[f"Page: {number} of {tmp_path.name}"] for number in range(4)]
    first = run([*pages[:2], None, *pages[3:]])
    assert (first["result"]["stop_reason"], first["result"]["attempts"], len(asked)) == ("pages_unreadable", 3, 3)
    second = run(pages)
    assert (second["result"]["status"], second["cached_requests"], len(asked)) == ("valid", 3, 4)
    assert "Page: 2 of" in asked[3]
