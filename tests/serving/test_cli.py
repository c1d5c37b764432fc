"""The command line: what it prints, what it writes, how it ends."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from chat_models.scripted import ScriptedChatModel

Run = Callable[..., Any]
WritePdf = Callable[..., str]
Script = Callable[..., tuple[str, ScriptedChatModel]]

ALICE = ("Name: Alice Smith", "Total: 8.00")
BOB = ("Name: Bob Jones", "City: Rome")


def _lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_json_is_one_line_a_document_in_input_order(optophone: Run, write_pdf: WritePdf) -> None:
    """An unreadable document has its line between the others, and its message on stderr."""
    code, out, err = optophone("extract", "--json", write_pdf("a.pdf", ALICE), "gone.png", write_pdf("b.pdf", BOB))
    first, second, third = _lines(out)
    assert first["extraction"]["pairs"][0] == {"key": "Name", "values": ["Alice Smith"]}
    assert third["extraction"]["pairs"][1] == {"key": "City", "values": ["Rome"]}
    assert (first["status"], second["status"], third["status"]) == ("valid", "unreadable", "valid")
    assert err == "optophone: cannot read 'gone.png': there is no such file; check the path\n"
    assert code == 1


def test_table_shows_values_places_versions_and_trace(optophone: Run, write_pdf: WritePdf) -> None:
    """Everything that somebody at a terminal wants to know about one document."""
    code, out, err = optophone("extract", write_pdf("a.pdf", ALICE))
    words = [line.split() for line in out.splitlines()]
    assert words[1] == ["field", "value", "grounding", "confidence", "page"]
    rows = [row for row in words if row[:4] == ["Name", "Alice", "Smith", "found"]]
    assert [row[5:] for row in rows] == [["1"]]
    assert 0.3 < float(rows[0][4]) < 1  # the pair's probability, by the packaged weights
    assert "status   valid (1 attempt)" in out
    assert "by       local, 0 + 0 tokens, $0.0000" in out
    assert "prompts  prompts:/optophone-extract/3" in out
    assert re.search(r"^trace    tr-[0-9a-f]{32}$", out, re.MULTILINE)
    assert (code, err) == (0, "")


def test_table_says_what_speaks_against_a_value(
    optophone: Run, write_pdf: WritePdf, script: Callable[..., tuple[str, ScriptedChatModel]]
) -> None:
    """One line for each doubtful value; a doubtful key is named where its values aren't doubtful."""
    name, _ = script('{"pairs": [{"key": "Nane", "values": ["Bob"]}, {"key": "Zebra", "values": ["Alice"]}]}')
    out = optophone("extract", write_pdf("a.pdf", ALICE), "--chat-model", name).out
    assert re.findall(r"^doubtful (.*)$", out, re.MULTILINE) == [
        "Nane, 'Bob': does not stand on the page",
        "Zebra, 'Zebra': does not stand on the page",
    ]


def test_witness_counts_what_is_caught(optophone: Run, write_pdf: WritePdf, tmp_path: Path) -> None:
    """A row for each chat model and field, one for each comparison, and a line of JSON for each value."""
    write_pdf("a.pdf", ["ACME STORE", "Total 8.00", "CASH 10.00", "Change 2.00"])
    rows = [
        {"document": "a.pdf", "chat_model": "m", "answer": json.dumps(answer), "expected": expected}
        for answer, expected in [
            ({"vendor": "ACME STORE", "date": None, "total": 10.0}, {"company": "Acme Store", "total": "8.00"}),
            ({"vendor": "NOBODY", "date": None, "total": 8.0}, {"company": "Acme Store", "total": "8.00"}),
        ]
    ]
    (tmp_path / "answers.jsonl").write_text("\n".join(map(json.dumps, rows)))
    code, out, _ = optophone("witness", tmp_path, "--out", tmp_path / "witness.jsonl")
    words = [line.split() for line in out.splitlines()]
    assert ["m", "vendor", "1", "1", "1", "1", "0"] in words
    assert ["all", "all", "2", "1", "2", "2", "0"] in words
    assert code == 0
    values = _lines((tmp_path / "witness.jsonl").read_text())
    assert [(value["field"], value["right"]["exact"]) for value in values] == [
        ("vendor", True), ("total", False), ("vendor", False), ("total", True),
    ]  # fmt: skip
    assert values[2]["reason"] == "does not stand on the page; the page reads 'ACME STORE'"


def test_witness_of_nothing_is_one_line(optophone: Run, tmp_path: Path) -> None:
    """A folder without recorded answers."""
    code, _, err = optophone("witness", tmp_path)
    assert (code, err.count("\n")) == (2, 1)
    assert "expected recorded answers at" in err


def test_out_holds_the_output_state(optophone: Run, write_pdf: WritePdf, tmp_path: Path) -> None:
    """The file is what --json prints, and folders on the way are made."""
    out = tmp_path / "deep" / "results"
    printed = optophone("extract", "--json", "--out", out, write_pdf("a.pdf", ALICE), "gone.png").out
    assert [json.loads((out / f"{stem}.json").read_text()) for stem in ("a", "gone")] == _lines(printed)


def test_equal_stems_overwrite_nothing(optophone: Run, write_pdf: WritePdf, tmp_path: Path) -> None:
    """The second document of a name gets a number, and a name that looks numbered keeps its own."""
    names = ("a.pdf", "sub/a.pdf", "a-2.pdf", "other/a.pdf")
    files = [write_pdf(name, [f"Name: {number}"]) for number, name in enumerate(names)]
    optophone("extract", "--out", tmp_path / "out", *files)
    values = {
        path.stem: json.loads(path.read_text())["extraction"]["pairs"][0]["values"]
        for path in (tmp_path / "out").iterdir()
    }
    assert values == {"a": ["0"], "a-2": ["1"], "a-2-2": ["2"], "a-3": ["3"]}


def test_highlight_gives_a_picture_a_page(optophone: Run, write_pdf: WritePdf, tmp_path: Path) -> None:
    """Each page of a readable document, with its values boxed in the colour of `found`."""
    code, _, _ = optophone(
        "extract", "--highlight", "--out", tmp_path / "out", write_pdf("two.pdf", ALICE, BOB), "gone.png"
    )
    pictures = sorted((tmp_path / "out").glob("*.png"))
    assert [path.name for path in pictures] == ["two.highlighted-2.png", "two.highlighted.png"]
    for path in pictures:
        colours = {colour for _, colour in Image.open(path).getcolors(1 << 24) or []}
        assert (0, 158, 115) in colours
    assert code == 1


def test_exit_code_tells_valid_from_not(optophone: Run, write_pdf: WritePdf, script: Script) -> None:
    """0: all valid; 1: some document is not."""
    call = ("extract", write_pdf("a.pdf", ALICE), "--schema", "receipt", "--max-attempts", "1", "--chat-model")
    assert optophone(*call, script('{"total": 8.0}')[0]).code == 0
    code, out, _ = optophone(*call, script('{"total": "eight"}')[0])
    assert code == 1
    assert "status   exhausted (attempts_used_up, 1 attempt)" in out
    assert 'schema at /total: expected number or null, got "eight"' in out


def test_options_reach_the_run(optophone: Run, write_pdf: WritePdf, script: Script) -> None:
    """Rules, grounding, prompt version and schema are those of the call."""
    invented, repaired = '{"total": 9.99}', '{"repairs": [{"path": "/total", "value": 8.0}]}'
    name, chat_model = script(invented, repaired)
    call = ("--schema", "receipt", "--rules", "Use {{braces}} as they are.", "--grounding", "require")
    prompt = ("--extract-prompt", "optophone-extract@2")
    code, out, _ = optophone(
        "extract", "--json", write_pdf("a.pdf", ALICE), "--chat-model", name, "--max-attempts", "2", *call, *prompt
    )
    result = json.loads(out)
    assert (code, result["attempts"], result["extraction"]) == (0, 2, {"total": 8.0})
    assert "Use {{braces}} as they are." in chat_model.requests[0][0].content[0]["text"]
    assert result["chat_model"] == name


def test_schema_may_be_a_file_or_a_class(
    optophone: Run, write_pdf: WritePdf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A JSON Schema by its path, and a pydantic class of a module in the current folder."""
    schema = {"title": "person", "type": "object", "properties": {"name": {"type": ["string", "null"]}}}
    (tmp_path / "person.json").write_text(json.dumps(schema))
    source = "from pydantic import BaseModel\nclass Person(BaseModel):\n    name: str | None = None\n"
    (tmp_path / "person_of_this_test.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    document = write_pdf("a.pdf", ALICE)
    for choice in ("person.json", "person_of_this_test:Person"):
        assert json.loads(optophone("extract", "--json", document, "--schema", choice).out)["extraction"] == {
            "name": "Alice Smith"
        }


@pytest.mark.parametrize(
    "name", ["[red]x.pdf", ":smile:.pdf", "-dash.pdf", "日本ü.pdf", "two\nlines.pdf", "x" * 248 + ".pdf"]
)
def test_any_file_name_is_shown_and_written(
    optophone: Run, write_pdf: WritePdf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A name is neither markup, nor an option after --, nor too long for what is written beside it."""
    write_pdf(name, ALICE)
    monkeypatch.chdir(tmp_path)
    code, out, _ = optophone("extract", "--out", "out", "--highlight", "--", name)
    assert (code, out[: len(name)]) == (0, name)
    stem = name.removesuffix(".pdf")[:200]
    assert {path.name for path in Path("out").iterdir()} == {f"{stem}.json", f"{stem}.highlighted.png"}


def test_file_name_with_a_stray_byte_gives_valid_json(optophone: Run, tmp_path: Path) -> None:
    """What is no UTF-8 stands escaped, in the line and in the file."""
    name = os.fsdecode(b"bad\xff.pdf")
    code, out, _ = optophone("extract", "--json", "--out", tmp_path, name)
    assert code == 1
    assert json.loads(out)["document"] == json.loads((tmp_path / "bad.json").read_text())["document"] == name


def test_values_are_neither_markup_nor_terminal_commands(optophone: Run, write_pdf: WritePdf, script: Script) -> None:
    """What a document or a chat model says is shown as text."""
    name, _ = script(json.dumps({"company": "[red]:smile:\x1b[2J[/nope]"}))
    code, out, _ = optophone("extract", write_pdf("a.pdf", ALICE), "--schema", "receipt", "--chat-model", name)
    assert "[red]:smile:\N{REPLACEMENT CHARACTER}[2J[/nope]" in out
    assert code == 0


def test_uploaded_document_is_called_document(optophone: Run, tmp_path: Path) -> None:
    """A data: URI has no stem."""
    optophone("extract", "--out", tmp_path / "out", "data:image/png;base64,", "sha256:0")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"document.json", "document-2.json"}


def test_result_that_cannot_be_written_ends_the_run_in_one_line(
    optophone: Run, write_pdf: WritePdf, tmp_path: Path
) -> None:
    """The results before it stay."""
    out = tmp_path / "out"
    (out / "b.json").mkdir(parents=True)
    files = [write_pdf(f"{stem}.pdf", ALICE) for stem in "abc"]
    code, _, err = optophone("extract", "--out", out, *files)
    assert code == 2
    assert re.fullmatch(r"optophone: stopped by the system: .*b\.json'; mend it and run again, [^\n]*\n", err)
    assert json.loads((out / "a.json").read_text())["status"] == "valid"


def test_version_is_told(optophone: Run) -> None:
    """For who reports a fault."""
    code, out, err = optophone("--version")
    assert (code, err) == (0, "")
    assert out.startswith("optophone 0.")
