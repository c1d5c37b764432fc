"""`optophone batch` in this process: what one start writes and refuses."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from batches import ANSWER, paid_answer, records_of, summary_of
from pdfs import long_pdf

from chat_models.scripted import ScriptedChatModel

pytestmark = pytest.mark.usefixtures("untraced")

Run = Callable[..., Any]
Script = Callable[..., tuple[str, ScriptedChatModel]]


def test_each_document_has_one_record(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """A record says which input it is, what was read, what it took and where its trace is."""
    name, _ = script(*[paid_answer()] * 3)
    run = optophone("batch", write("a", "b", "c"), "--out", tmp_path / "out", "--chat-model", name, "--json")
    records = sorted(records_of(tmp_path / "out"), key=lambda record: record["index"])
    assert [Path(record["source"]).name for record in records] == ["a.pdf", "b.pdf", "c.pdf"]
    for record in records:
        assert record["result"]["extraction"] == json.loads(ANSWER)
        assert record["document"] == record["result"]["document"]
        assert record["tokens"] == 100
        assert record["error"] is None
    assert len({record["unit"] for record in records}) == 3
    summary = summary_of(run)
    assert (summary["valid"], summary["tokens"], summary["left"], summary["stop_reason"]) == (3, 300, 0, None)
    assert "3 of 3 done" in run.err
    assert run.code == 0


def test_manifest_chooses_for_each_document(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Schema and rules of the line; the same document under two schemas is two units."""
    name, chat_model = script(*[paid_answer()] * 2)
    scans = write("a")
    (scans / "m.csv").write_text("document,id,chat_model,rules\na.pdf,one,,Dates as ISO.\na.pdf,two,local,\n")
    assert optophone("batch", scans / "m.csv", "--out", tmp_path / "out", "--chat-model", name).code == 0
    records = {record["id"]: record for record in records_of(tmp_path / "out")}
    assert (records["one"]["result"]["chat_model"], records["two"]["result"]["chat_model"]) == (name, "local")
    assert "Dates as ISO." in str(chat_model.requests[0][0].content)


@pytest.mark.parametrize("line", ["a.pdf,nobody,", "a.pdf,,nothing", "gone.pdf,,"])
def test_bad_line_is_told_before_anything_is_paid(
    optophone: Run, write: Any, script: Script, tmp_path: Path, line: str
) -> None:
    """The last line's mistake ends the call before the first line's request; the folder stays nobody's."""
    name, chat_model = script(paid_answer())
    scans = write("a")
    (scans / "m.csv").write_text(f"document,chat_model,schema\na.pdf,,\n{line}\n")
    run = optophone("batch", scans / "m.csv", "--out", tmp_path / "out", "--chat-model", name)
    assert (run.code, run.err.count("\n"), len(chat_model.requests)) == (2, 1, 0)
    assert not (tmp_path / "out" / "run.json").exists()


def test_cost_limit_needs_a_price(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """A limit that nobody can hold is refused before anything is paid."""
    name, chat_model = script(paid_answer())
    run = optophone("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name, "--max-cost", "1")
    assert (run.code, len(chat_model.requests)) == (2, 0)
    assert run.err == f"optophone: the price of '{name}' is not known, so --max-cost can't hold; use --max-tokens\n"


def test_two_runs_in_one_folder_are_refused(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """The second says so before it asks."""
    from serving.batch.folder import only_writer

    name, chat_model = script(paid_answer())
    with only_writer(tmp_path / "out"):
        run = optophone("batch", write("a"), "--out", tmp_path / "out", "--chat-model", name)
    assert (run.code, len(chat_model.requests)) == (2, 0)
    assert "another run is writing into" in run.err


def test_what_cannot_be_read_is_a_record(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """It costs nothing, and the others go on."""
    name, _ = script(paid_answer())
    scans = write("a")
    (scans / "b.pdf").write_bytes(b"no PDF")
    run = optophone("batch", scans, "--out", tmp_path / "out", "--chat-model", name, "--json")
    assert (run.code, summary_of(run)["valid"], summary_of(run)["unreadable"]) == (1, 1, 1)
    records = {Path(record["source"]).name: record for record in records_of(tmp_path / "out")}
    assert records["b.pdf"]["result"]["validation_errors"][0]["message"].startswith("cannot read 'b.pdf': ")


def test_unknown_failure_is_a_record(optophone: Run, write: Any, register: Any, tmp_path: Path) -> None:
    """A fault that only some documents meet is theirs, and asked again on request."""
    broken = {"Page: b"}
    name = register(lambda text: str(1 / 0) if any(page in text for page in broken) else ANSWER)
    command = ("batch", write("a", "b"), "--out", tmp_path / "out", "--chat-model", name, "--json")
    run = optophone(*command)
    assert (run.code, summary_of(run)["valid"], summary_of(run)["error"]) == (1, 1, 1)
    [error] = [record["error"] for record in records_of(tmp_path / "out") if record["error"]]
    assert (error["type"], "division by zero" in error["message"]) == ("ChatModelError", True)
    broken.clear()
    assert optophone(*command, "--retry-failed").code == 0


def test_parquet_tells_what_pages_contradict(
    optophone: Run, register: Callable[[Callable[[str], str]], str], tmp_path: Path
) -> None:
    """The value that stands is a row of `fields/`, the other one is in its document's row."""
    (tmp_path / "two.pdf").write_bytes(long_pdf([["Total 8.00"], ["Total 9.00"]]))
    name = register(lambda request: json.dumps({"total": 9.0 if "9.00" in request else 8.0}))
    command = ("batch", tmp_path / "two.pdf", "--schema", "receipt", "--pages-per-request", 1, "--chat-model", name)
    assert optophone(*command, "--out", tmp_path / "out", "--format", "parquet").code == 0
    [row] = ds.dataset(tmp_path / "out" / "documents").to_table().to_pylist()
    [conflict] = json.loads(row["conflicts"])
    assert (conflict["path"], conflict["value"], conflict["page_index"]) == ("/total", 9.0, 1)
    fields = ds.dataset(tmp_path / "out" / "fields").to_table().to_pylist()
    assert [(field["path"], field["value"], field["page_index"]) for field in fields] == [("/total", "8.0", 0)]


def test_parquet_holds_the_same(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """A row a document, a row a value with its box; written anew when more is done."""
    name, _ = script(*[paid_answer()] * 2)
    out = tmp_path / "out"
    command = ("batch", write("a"), "--out", out, "--chat-model", name, "--format", "parquet")
    optophone(*command)
    write("b")
    optophone(*command)
    documents = sorted(ds.dataset(out / "documents").to_table().to_pylist(), key=lambda row: row["source"])
    fields = ds.dataset(out / "fields").to_table().to_pylist()
    for row, record in zip(documents, records_of(out), strict=True):
        assert row["source"] == record["source"]
        assert (row["status"], row["tokens"], row["trace_id"]) == ("valid", 100, record["trace_id"])
        for name in ("extraction", "validation_errors", "conflicts"):
            assert json.loads(row[name]) == record["result"][name]
    assert [(row["path"], row["value"], row["grounding"]) for row in fields] == [
        ("/pairs/0/key", "Name", "found"),
        ("/pairs/0/values/0", "Alice", "found"),
    ] * 2
    box = records_of(out)[0]["result"]["fields"][0]["bbox"]
    assert [fields[0][edge] for edge in ("x0", "y0", "x1", "y1")] == box
    assert {row["unit"] for row in fields} == {row["unit"] for row in documents}
