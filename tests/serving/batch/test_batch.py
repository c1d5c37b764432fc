"""`optophone batch` in this process: what it writes, repeats, refuses and counts."""

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from langchain_core.messages import AIMessage
from pdfs import long_pdf

from chat_models.scripted import ScriptedChatModel

pytestmark = pytest.mark.usefixtures("untraced")

Run = Callable[..., Any]
Script = Callable[..., tuple[str, ScriptedChatModel]]

ANSWER = json.dumps({"pairs": [{"key": "Name", "values": ["Alice"]}]})
REFUSED = "no JSON"


def _answer(text: str = ANSWER, tokens: int = 100) -> AIMessage:
    usage = {"input_tokens": tokens - 10, "output_tokens": 10, "total_tokens": tokens}
    return AIMessage(text, usage_metadata=usage)


@pytest.fixture
def traced(untraced: None) -> None:
    """Turn it on again for one test."""
    import mlflow.langchain

    mlflow.langchain.autolog(silent=True)


def _records(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def _summary(run: Any) -> dict[str, Any]:
    return json.loads(run.out)


def test_each_document_has_one_record(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """A record says which input it is, what was read, what it took and where its trace is."""
    name, _ = script(*[_answer()] * 3)
    run = optophone("batch", write("a", "b", "c"), "--out", tmp_path / "out", "--chat-model", name, "--json")
    records = sorted(_records(tmp_path / "out"), key=lambda record: record["index"])
    assert [Path(record["source"]).name for record in records] == ["a.pdf", "b.pdf", "c.pdf"]
    for record in records:
        assert record["result"]["extraction"] == json.loads(ANSWER)
        assert record["document"] == record["result"]["document"]
        assert record["tokens"] == 100
        assert record["error"] is None
    assert len({record["unit"] for record in records}) == 3
    summary = _summary(run)
    assert (summary["valid"], summary["tokens"], summary["left"], summary["stop_reason"]) == (3, 300, 0, None)
    assert "3 of 3 done" in run.err
    assert run.code == 0


def test_each_record_names_its_trace(optophone: Run, write: Any, script: Script, tmp_path: Path, traced: None) -> None:
    """The trace is stored when the command ends."""
    import mlflow

    name, _ = script(*[_answer()] * 2)
    run = optophone("batch", write("a", "b"), "--out", tmp_path / "out", "--chat-model", name, "--json")
    for record in _records(tmp_path / "out"):
        trace = mlflow.get_trace(record["trace_id"])
        assert json.loads(trace.data.request)["document"] == record["source"]
    assert _summary(run)["traced"] == 2


def test_same_command_does_the_rest(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """What has its record is not asked; a document that came since is."""
    name, chat_model = script(*[_answer()] * 3)
    command = ("batch", write("a", "b"), "--out", tmp_path / "out", "--chat-model", name, "--json", "--quiet")
    assert optophone(*command).code == 0
    lines = (tmp_path / "out" / "results.jsonl").read_bytes()
    write("c")
    run = optophone(*command)
    assert (_summary(run)["before"], _summary(run)["valid"], run.err) == (2, 3, "")
    assert len(chat_model.requests) == 3
    assert (tmp_path / "out" / "results.jsonl").read_bytes().startswith(lines)


def test_same_content_is_asked_once(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Both inputs have their record, at once and in a later start."""
    name, chat_model = script(_answer())
    scans = write("a")
    command = ("batch", scans, "--out", tmp_path / "out", "--chat-model", name, "--json")
    (scans / "b.pdf").write_bytes((scans / "a.pdf").read_bytes())
    assert _summary(optophone(*command))["duplicates"] == 1
    (scans / "c.pdf").write_bytes((scans / "a.pdf").read_bytes())
    assert _summary(optophone(*command))["duplicates"] == 2
    assert len(chat_model.requests) == 1
    first, *others = _records(tmp_path / "out")
    assert (first["duplicate_of"], first["tokens"]) == (None, 100)
    assert [(other["duplicate_of"], other["tokens"], other["cost_usd"]) for other in others] == [(0, 0, 0.0)] * 2
    assert all(other["result"] == first["result"] for other in others)


def test_second_run_is_free(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Another folder takes its answers, repairs too, from the cache; what they once took is said, and not as paid."""
    name, chat_model = script(*[_answer(REFUSED), _answer()] * 2)
    command = ("batch", write("a"), "--chat-model", name, "--json", "--out")
    assert _summary(optophone(*command, tmp_path / "first"))["tokens"] == 200
    summary = _summary(optophone(*command, tmp_path / "second"))
    assert (summary["cached"], summary["tokens"], summary["cost_usd"], summary["retries"]) == (1, 0, 0.0, 0)
    [first], [second] = _records(tmp_path / "first"), _records(tmp_path / "second")
    assert (second["cached_requests"], second["result"]) == (2, first["result"])
    assert len(chat_model.requests) == 2
    assert _summary(optophone(*command, tmp_path / "third", "--no-cache"))["tokens"] == 200
    assert len(chat_model.requests) == 4


def test_other_rules_are_another_request(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """The cache answers for exactly the same: rules, schema and image settings are part of a request."""
    name, chat_model = script(*[_answer()] * 2)
    for number, rules in enumerate(["", "Dates as ISO."]):
        optophone("batch", write("a"), "--chat-model", name, "--rules", rules, "--out", tmp_path / str(number))
    assert len(chat_model.requests) == 2


def test_failed_are_asked_again_on_request(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Not by the same command, and not from the cache; what the failure took stays in the account."""
    name, chat_model = script(_answer(REFUSED), _answer(REFUSED), _answer())
    command = ("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name, "--max-attempts", "2", "--json")
    assert optophone(*command).code == 1
    assert (optophone(*command).code, len(chat_model.requests)) == (1, 2)
    run = optophone(*command, "--retry-failed")
    assert (run.code, _summary(run)["valid"], _summary(run)["tokens"]) == (0, 1, 300)
    assert [record["result"]["status"] for record in _records(tmp_path / "out")] == ["valid"]
    assert len((tmp_path / "out" / "retried.jsonl").read_text().splitlines()) == 1


def test_budget_stops_and_goes_on(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Not one token over the limit; with a higher one the same command does the rest."""
    name, chat_model = script(*[_answer()] * 5)
    command = ("batch", write(*"abcde"), "--out", tmp_path / "out", "--chat-model", name, "--json", "--max-tokens")
    run = optophone(*command, "250")
    assert (run.code, _summary(run)["tokens"], _summary(run)["left"]) == (3, 200, 3)
    assert "run the same command with a higher one for the rest; 3 documents are left" in run.err
    assert (optophone(*command, "299").code, len(chat_model.requests)) == (3, 2)
    run = optophone(*command, "500")
    assert (run.code, _summary(run)["tokens"], _summary(run)["valid"]) == (0, 500, 5)


def test_cost_limit_needs_a_price(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """A limit that nobody can hold is refused before anything is paid."""
    name, chat_model = script(_answer())
    run = optophone("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name, "--max-cost", "1")
    assert (run.code, len(chat_model.requests)) == (2, 0)
    assert run.err == f"optophone: the price of '{name}' is not known, so --max-cost can't hold; use --max-tokens\n"


def test_folder_of_another_run_is_refused(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Nothing is asked or written; --restart moves the old run aside, whole."""
    name, chat_model = script(*[_answer()] * 2)
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
    assert len(_records(tmp_path / "out")) == 1
    assert "Dates as ISO." in (tmp_path / "out" / "run.json").read_text()


def test_alias_means_what_it_meant(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """A promotion in the middle of a run changes nothing for the rest of it."""
    import mlflow

    client, prompt = mlflow.MlflowClient(), "optophone-extract"
    mlflow.set_prompt_alias(prompt, "mine", 1)
    name, _ = script(*[_answer()] * 2)
    command = ("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name)
    command = (*command, "--extract-prompt", f"{prompt}@mine")
    try:
        assert optophone(*command).code == 0
        mlflow.set_prompt_alias(prompt, "mine", 2)
        write("b")
        assert optophone(*command).code == 0
    finally:
        client.delete_prompt_alias(prompt, "mine")
    assert [record["result"]["prompts"] for record in _records(tmp_path / "out")] == [[f"prompts:/{prompt}/1"]] * 2


def test_manifest_chooses_for_each_document(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Schema and rules of the line; the same document under two schemas is two units."""
    name, chat_model = script(*[_answer()] * 2)
    scans = write("a")
    (scans / "m.csv").write_text("document,id,chat_model,rules\na.pdf,one,,Dates as ISO.\na.pdf,two,local,\n")
    assert optophone("batch", scans / "m.csv", "--out", tmp_path / "out", "--chat-model", name).code == 0
    records = {record["id"]: record for record in _records(tmp_path / "out")}
    assert (records["one"]["result"]["chat_model"], records["two"]["result"]["chat_model"]) == (name, "local")
    assert "Dates as ISO." in str(chat_model.requests[0][0].content)


@pytest.mark.parametrize("line", ["a.pdf,nobody,", "a.pdf,,nothing", "gone.pdf,,"])
def test_bad_line_is_told_before_anything_is_paid(
    optophone: Run, write: Any, script: Script, tmp_path: Path, line: str
) -> None:
    """The last line's mistake ends the call before the first line's request; the folder stays nobody's."""
    name, chat_model = script(_answer())
    scans = write("a")
    (scans / "m.csv").write_text(f"document,chat_model,schema\na.pdf,,\n{line}\n")
    run = optophone("batch", scans / "m.csv", "--out", tmp_path / "out", "--chat-model", name)
    assert (run.code, run.err.count("\n"), len(chat_model.requests)) == (2, 1, 0)
    assert not (tmp_path / "out" / "run.json").exists()


def test_what_cannot_be_read_is_a_record(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """It costs nothing, and the others go on."""
    name, _ = script(_answer())
    scans = write("a")
    (scans / "b.pdf").write_bytes(b"no PDF")
    run = optophone("batch", scans, "--out", tmp_path / "out", "--chat-model", name, "--json")
    assert (run.code, _summary(run)["valid"], _summary(run)["unreadable"]) == (1, 1, 1)
    records = {Path(record["source"]).name: record for record in _records(tmp_path / "out")}
    assert records["b.pdf"]["result"]["validation_errors"][0]["message"].startswith("cannot read 'b.pdf': ")


def test_refused_key_ends_the_run(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """What every document would get is no record of one: with the key mended, the same command does them all."""
    from schemas.errors import ChatModelError

    name, _ = script(ChatModelError("the key is wrong"), *[_answer()] * 2)
    command = ("batch", write("a", "b"), "--out", tmp_path / "out", "--chat-model", name, "--concurrency", "1")
    run = optophone(*command)
    assert (run.code, "optophone: the key is wrong\n" in run.err) == (2, True)
    assert (
        "stopped by a failure: with it mended, run the same command again for the rest; 2 documents are left" in run.err
    )
    assert _records(tmp_path / "out") == []
    assert optophone(*command).code == 0
    assert len(_records(tmp_path / "out")) == 2


def test_unknown_failure_is_a_record(optophone: Run, write: Any, register: Any, tmp_path: Path) -> None:
    """A fault that only some documents meet is theirs, and asked again on request."""
    broken = {"Page: b"}
    name = register(lambda text: str(1 / 0) if any(page in text for page in broken) else ANSWER)
    command = ("batch", write("a", "b"), "--out", tmp_path / "out", "--chat-model", name, "--json")
    run = optophone(*command)
    assert (run.code, _summary(run)["valid"], _summary(run)["error"]) == (1, 1, 1)
    [error] = [record["error"] for record in _records(tmp_path / "out") if record["error"]]
    assert (error["type"], "division by zero" in error["message"]) == ("ChatModelError", True)
    broken.clear()
    assert optophone(*command, "--retry-failed").code == 0


def test_many_failures_in_a_row_end_the_run(optophone: Run, write: Any, register: Any, tmp_path: Path) -> None:
    """They are no matter of the documents; most are left for the same command."""
    name = register(lambda text: str(1 / 0))
    scans = write(*(f"{number:02}" for number in range(30)))
    run = optophone("batch", scans, "--out", tmp_path / "out", "--chat-model", name, "--concurrency", "1")
    assert (run.code, "20 documents in a row failed, the last with ChatModelError: " in run.err) == (2, True)
    assert len(_records(tmp_path / "out")) == 20


def test_parquet_holds_the_same(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """A row a document, a row a value with its box; written anew when more is done."""
    name, _ = script(*[_answer()] * 2)
    out = tmp_path / "out"
    command = ("batch", write("a"), "--out", out, "--chat-model", name, "--format", "parquet")
    optophone(*command)
    write("b")
    optophone(*command)
    documents = sorted(ds.dataset(out / "documents").to_table().to_pylist(), key=lambda row: row["source"])
    fields = ds.dataset(out / "fields").to_table().to_pylist()
    for row, record in zip(documents, _records(out), strict=True):
        assert row["source"] == record["source"]
        assert (row["status"], row["tokens"], row["trace_id"]) == ("valid", 100, record["trace_id"])
        assert json.loads(row["extraction"]) == record["result"]["extraction"]
    assert [(row["path"], row["value"], row["grounding"]) for row in fields] == [
        ("/pairs/0/key", "Name", "found"),
        ("/pairs/0/values/0", "Alice", "found"),
    ] * 2
    box = _records(out)[0]["result"]["fields"][0]["bbox"]
    assert [fields[0][edge] for edge in ("x0", "y0", "x1", "y1")] == box
    assert {row["unit"] for row in fields} == {row["unit"] for row in documents}


def test_two_runs_in_one_folder_are_refused(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """The second says so before it asks."""
    from serving.batch.folder import only_writer

    name, chat_model = script(_answer())
    with only_writer(tmp_path / "out"):
        run = optophone("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name)
    assert (run.code, len(chat_model.requests)) == (2, 0)
    assert "another run is writing into" in run.err


def test_full_disk_stops_the_run_and_room_resumes_it(
    optophone: Run, write: Any, register: Callable[..., str], tmp_path: Path
) -> None:
    """One line says so; what was written stays whole, and the same command does the rest."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    results, is_full = tmp_path / "out" / "results.jsonl", [True]

    def answer(text: str) -> str:
        if is_full[0] and results.stat().st_size:  # files may not grow any more
            resource.setrlimit(resource.RLIMIT_FSIZE, (results.stat().st_size + 10, hard))
        return ANSWER

    command = ("batch", write(*"abcd"), "--out", tmp_path / "out", "--chat-model", register(answer), "--no-cache")
    try:
        run = optophone(*command, "--concurrency", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert run.code == 2
    assert "optophone: stopped by the system: [Errno 27] File too large" in run.err
    assert len(_records(tmp_path / "out")) == 1
    assert results.read_bytes().endswith(b"}\n")
    is_full[0] = False
    assert optophone(*command).code == 0
    assert len(_records(tmp_path / "out")) == 4


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
        return _records(tmp_path / "out")[-1]

    pages: list[list[str] | None] = [[f"Page: {number} of {tmp_path.name}"] for number in range(4)]
    first = run([*pages[:2], None, *pages[3:]])
    assert (first["result"]["stop_reason"], first["result"]["attempts"], len(asked)) == ("pages_unreadable", 3, 3)
    second = run(pages)
    assert (second["result"]["status"], second["cached_requests"], len(asked)) == ("valid", 3, 4)
    assert "Page: 2 of" in asked[3]
