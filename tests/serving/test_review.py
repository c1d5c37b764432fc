"""Documents that wait for a person, on the command line."""

import getpass
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pdfs import text_pdf
from postgres import PostgresServer
from processes import own_environment

from chat_models.scripted import ScriptedChatModel
from graph.tracing.queue import flush_traces
from schemas.errors import UsageError

Run = Callable[..., Any]
WritePdf = Callable[..., str]
Script = Callable[..., tuple[str, ScriptedChatModel]]

LINES = ("ACME STORE", "Date: 25/12/2018", "Total 8.00")
DOUBTFUL = '{"company": "ACME STORE", "date": "1999-03-04", "total": "eight"}'


@pytest.fixture
def wait(optophone: Run, write_pdf: WritePdf, script: Script) -> Callable[..., dict[str, Any]]:
    """Leave a receipt waiting; gives its line of JSON."""

    def extract(answer: str = DOUBTFUL, name: str = "a.pdf", *options: str) -> dict[str, Any]:
        call = ("--schema", "receipt", "--max-attempts", "1", "--review", "--json", *options)
        code, out, err = optophone("extract", write_pdf(name, LINES), "--chat-model", script(answer)[0], *call)
        assert (code, "waits for review: optophone review" in err) == (1, True)
        line: dict[str, Any] = json.loads(out)
        return line

    return extract


@pytest.fixture(autouse=True)
def nothing_else_waits(optophone: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test has waiting runs of its own."""
    from graph.settings import Settings

    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr("serving.waiting.get_settings", lambda: Settings(data_dir=tmp_path / "data"))


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Type these lines at the questions."""
    return lambda *lines: monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_document_in_doubt_waits_and_has_no_file_yet(
    optophone: Run, write_pdf: WritePdf, script: Script, tmp_path: Path
) -> None:
    """The others end as ever; the line says what to do."""
    name, _ = script('{"total": 8.0}', DOUBTFUL)
    files = write_pdf("a.pdf", LINES), write_pdf("b.pdf", LINES)
    call = ("--schema", "receipt", "--chat-model", name, "--max-attempts", "1", "--review", "--out", tmp_path / "out")
    code, out, _ = optophone("extract", *files, *call)
    assert code == 1
    assert "status   valid (1 attempt)" in out
    assert "status   waits for review: optophone review (1 attempt)" in out
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.json"]


def test_line_of_json_has_the_id_and_what_is_asked(wait: Callable[..., dict[str, Any]]) -> None:
    """For scripts that answer themselves."""
    line = wait()
    assert (line["status"], line["stop_reason"]) == (None, None)
    assert [field["path"] for field in line["waits_for"]["fields"]] == ["/total", "/date"]
    assert len(line["review_id"]) == 32


def test_nothing_is_kept_of_what_does_not_wait(optophone: Run, write_pdf: WritePdf, script: Script) -> None:
    """Neither of a valid document, nor of one that can't be read, nor of a wrong call."""
    call = ("--schema", "receipt", "--review", "--chat-model")
    assert optophone("extract", write_pdf("a.pdf", LINES), *call, script('{"total": 8.0}')[0]).code == 0
    assert optophone("extract", "gone.png", *call, "local").code == 1
    assert optophone("extract", write_pdf("a.pdf", LINES), *call, "nonesuch").code == 2
    from serving.waiting import waiting_runs

    with waiting_runs() as runs:
        assert list(runs._checkpointer.list(None)) == []


def test_list_shows_what_waits(optophone: Run, wait: Callable[..., dict[str, Any]]) -> None:
    """The longest first, as a table and as JSON."""
    assert optophone("review", "--list").out == "nothing waits for review\n"
    first, second = wait(), wait('{"total": 9.99}', "b.pdf")
    rows = [line.split() for line in optophone("review", "--list").out.splitlines()[1:]]
    assert [(row[0], Path(row[1]).name, row[2:4]) for row in rows] == [
        (first["review_id"][:8], "a.pdf", ["receipt", "2"]),
        (second["review_id"][:8], "b.pdf", ["receipt", "1"]),
    ]
    lines = [json.loads(line) for line in optophone("review", "--list", "--json").out.splitlines()]
    assert [(line["id"], line["owner"], line["fields"]) for line in lines] == [
        (line["review_id"], "cli", line["waits_for"]["fields"]) for line in (first, second)
    ]


def test_questions_are_answered_field_by_field(
    optophone: Run, wait: Callable[..., dict[str, Any]], typed: Callable[..., None], tmp_path: Path
) -> None:
    """A new value is typed by the schema, Enter confirms; the file is what extract would have written."""
    wait()
    typed("8.00", "")
    code, out, err = optophone("review", "--out", tmp_path / "out", "--json")
    assert 'expected number or null, got "eight"' in err
    assert "does not stand on the page; the page reads '25/12/2018' beside 'Date'" in err
    result = json.loads(out)
    assert (code, result["status"]) == (0, "valid")
    assert result["extraction"] == {"company": "ACME STORE", "date": "1999-03-04", "total": 8.0}
    assert result["review"] == {
        "reviewer": getpass.getuser(), "comment": "", "corrected": ["/total"], "confirmed": ["/date"], "rounds": 1,
    }  # fmt: skip
    assert json.loads((tmp_path / "out" / "a.json").read_text()) == result
    assert optophone("review", "--list").out == "nothing waits for review\n"


def test_what_is_wrong_with_the_whole_answer_is_said_first(
    optophone: Run, write_pdf: WritePdf, script: Script, typed: Callable[..., None], tmp_path: Path
) -> None:
    """Before the value that is doubtful; left so, the whole is asked."""
    schema = {"type": "object", "properties": {"company": {"type": "string"}, "total": {}}, "minProperties": 2}
    (tmp_path / "two.json").write_text(json.dumps(schema))
    call = ("--schema", tmp_path / "two.json", "--max-attempts", "1", "--review", "--json")
    name, _ = script('{"company": "Malice"}')
    line = json.loads(optophone("extract", write_pdf("a.pdf", LINES), "--chat-model", name, *call).out)
    said = "{'company': 'Malice'} does not have enough properties"
    assert line["waits_for"]["errors"] == [said]
    typed("", '{"company": "ACME STORE", "total": 8.0}')
    code, out, err = optophone("review", "--json")
    assert (code, json.loads(out.splitlines()[-1])["extraction"]) == (0, {"company": "ACME STORE", "total": 8.0})
    first, then = err.split("the whole answer\n")  # asked in the second round
    assert f"{said}\n/company\n" in first
    assert then.startswith(f"  {said}\n")


def test_user_id_without_a_name_answers_as_unknown(
    optophone: Run, wait: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container; the answer counts."""
    line = wait('{"company": "ACME STORE", "date": "1999-03-04", "total": 8.0}')
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    code, out, err = optophone("review", line["review_id"], "--confirm", "--json")
    assert (code, json.loads(out)["review"]["reviewer"]) == (0, "unknown"), err


def test_table_says_who_answered(
    optophone: Run, wait: Callable[..., dict[str, Any]], typed: Callable[..., None]
) -> None:
    """Beside what became of it."""
    wait()
    typed("8.00", "")
    out = optophone("review", "--reviewer", "[red]ann").out
    assert "status   valid (1 attempt)\nreview   [red]ann: 1 corrected, 1 confirmed\n" in out


def test_what_is_still_wrong_is_asked_again(
    optophone: Run, wait: Callable[..., dict[str, Any]], typed: Callable[..., None]
) -> None:
    """Until it fits, with what is wrong now."""
    wait('{"total": "eight"}')
    typed("acht", "", "-")
    code, out, err = optophone("review", "--json")
    assert (code, json.loads(out)["extraction"]) == (0, {"total": None})
    assert err.count('expected number or null, got "acht"') == 2


@pytest.mark.parametrize("lines", [(":s", "8.00"), (":q",), ("8.00", ":q"), ()])
def test_skip_and_quit_leave_it_waiting(
    optophone: Run, wait: Callable[..., dict[str, Any]], typed: Callable[..., None], lines: tuple[str, ...]
) -> None:
    """Nothing that was typed before is kept; the end of input is an end too."""
    first = wait()
    typed(*lines)
    assert optophone("review").code == 1
    assert json.loads(optophone("review", "--list", "--json").out)["fields"] == first["waits_for"]["fields"]


def test_script_answers_without_questions(optophone: Run, wait: Callable[..., dict[str, Any]]) -> None:
    """The start of the id is enough; what isn't named is confirmed with --confirm alone."""
    id = wait()["review_id"]
    refused = optophone("review", id, "--set", "/total=8.00")
    assert (refused.code, "/date not answered" in refused.err) == (2, True)
    call = ("review", id[:6], "--set", "/total=8.00", "--json", "--reviewer", "ann", "--comment", "by phone")
    code, out, _ = optophone(*call, "--remove", "/date")
    result = json.loads(out)
    assert (code, result["extraction"]) == (0, {"company": "ACME STORE", "date": None, "total": 8.0})
    assert (result["review"]["reviewer"], result["review"]["comment"]) == ("ann", "by phone")
    assert optophone("review", id, "--confirm").code == 2


def test_value_that_stands_there_already_is_no_correction(optophone: Run, wait: Callable[..., dict[str, Any]]) -> None:
    """The audit trail has a review; see the result's own record of it."""
    from graph.audit import read

    line = wait('{"date": "1999-03-04"}')
    call = ("review", line["review_id"], "--set", "/date=1999-03-04", "--json", "--reviewer", "ann")
    result = json.loads(optophone(*call).out)
    assert (result["review"]["corrected"], result["review"]["confirmed"]) == ([], ["/date"])
    newest = next(read(actor="ann"))
    assert (newest.action, newest.evidence) == ("reviewed", f"waiting run {line['review_id']}")


def test_answer_that_stays_wrong_waits_on(optophone: Run, wait: Callable[..., dict[str, Any]]) -> None:
    """Exit code 1, and what is asked now."""
    id = wait()["review_id"]
    code, out, _ = optophone("review", id, "--confirm", "--json")
    line = json.loads(out)
    assert (code, line["review_id"], line["waits_for"]["fields"][0]["path"]) == (1, id, "/total")


def test_traces_tell_what_still_waits(optophone: Run, wait: Callable[..., dict[str, Any]]) -> None:
    """Answered wrongly it waits on, once; then its trace tells how it ended. Another's goes on waiting."""
    line, other = wait(), wait(name="b.pdf")
    flush_traces()

    def listed(*options: str) -> list[tuple[str, str]]:
        out = optophone("traces", "--json", "--schema", "receipt", "--since", "1h", *options).out
        runs = [json.loads(line) for line in out.splitlines()]
        names = {line["review_id"]: "a.pdf", other["review_id"]: "b.pdf"}
        return [(run["name"], run["status"]) for run in runs if names.get(run["session"]) == run["name"]]

    assert listed("--status", "waiting") == [("b.pdf", "waiting"), ("a.pdf", "waiting")]
    optophone("review", line["review_id"], "--set", "/total=nine", "--confirm")
    flush_traces()
    assert sorted(listed("--status", "waiting")) == [("a.pdf", "waiting"), ("b.pdf", "waiting")]
    optophone("review", line["review_id"], "--set", "/total=8.00", "--confirm")
    flush_traces()
    assert listed("--status", "waiting") == [("b.pdf", "waiting")]
    assert listed() == [("a.pdf", "valid"), ("a.pdf", "valid"), ("b.pdf", "waiting"), ("a.pdf", "valid")]
    runs = [json.loads(line) for line in optophone("traces", "--json", "--since", "1h").out.splitlines()]
    first = next(run["trace_id"] for run in reversed(runs) if run["session"] == line["review_id"])
    assert "status   valid" in optophone("traces", "show", first).out


def test_lists_are_typed_as_json(optophone: Run, wait: Callable[..., dict[str, Any]]) -> None:
    """Where the schema has no text."""
    id = wait('{"line_items": [{"description": "ACME", "price": 8}, {"desc')["review_id"]
    items = '[{"description": "ACME STORE", "price": "8.00"}]'
    out = optophone("review", id, "--set", f"/line_items={items}", "--json").out
    assert json.loads(out)["extraction"]["line_items"][0]["price"] == 8.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("--set", "/total=1"), "answer for one run"),
        (("--confirm",), "answer for one run"),
        (("nonesuch",), "no run 'nonesuch' waits"),
        (("nonesuch", "--list"), "no run 'nonesuch' waits"),
        (("ID", "--set", "/company=EVIL", "--confirm"), "expected --set PATH=VALUE with one of /total, /date"),
        (("ID", "--remove", "/company", "--confirm"), "'/company' was not asked"),
        (("ID", "--confirm", "--reviewer", "x" * 300), "at most 200"),
    ],
)
def test_wrong_calls_are_one_line_and_change_nothing(
    optophone: Run, wait: Callable[..., dict[str, Any]], call: tuple[str, ...], said: str
) -> None:
    """What was asked is asked on."""
    line = wait()
    code, _, err = optophone("review", *[line["review_id"] if word == "ID" else word for word in call])
    assert (code, said in " ".join(err.split())) == (2, True)
    assert json.loads(optophone("review", "--list", "--json").out)["fields"] == line["waits_for"]["fields"]


def test_questions_are_neither_markup_nor_terminal_commands(
    optophone: Run, wait: Callable[..., dict[str, Any]], typed: Callable[..., None]
) -> None:
    """A value that a document or a chat model made up is shown as text, and so is a document's name."""
    wait('{"company": "[red]\\u001b[2J[/nope] \\\\"}', "[bold]x.pdf")
    typed("")
    code, _, err = optophone("review", "--json")
    assert code == 0
    assert "[[red]\N{REPLACEMENT CHARACTER}[2J[/nope] \\]" in err
    assert "[bold]x.pdf  1 of 1" in err


def test_services_run_is_answered_and_left_to_it(
    optophone: Run, script: Script, typed: Callable[..., None], tmp_path: Path
) -> None:
    """It takes the outcome itself; and a document's name is no path to write to."""
    from serving.waiting import waiting_runs

    config: Any = {"configurable": {"thread_id": "e1"}, "metadata": {"owner": "service", "name": "../../evil.pdf"}}
    context: Any = {"target_schema": "receipt", "chat_model": script('{"total": 9.99}')[0], "review": "on_doubt"}
    with waiting_runs() as runs:
        runs._graph.invoke({"document": text_pdf(*LINES)}, config, context=context, durability="exit")
    typed("8.00")
    assert optophone("review", "--out", tmp_path / "a" / "b").code == 0
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("evil*")] == ["a/b/evil.json"]
    assert optophone("review", "--list").out == "nothing waits for review\n"
    with waiting_runs() as runs:
        values = runs._graph.get_state(config).values
    assert (values["status"], values["extraction"]) == ("valid", {"total": 8.0})


def test_run_that_somebody_else_answered_is_told(optophone: Run, wait: Callable[..., dict[str, Any]]) -> None:
    """The second answer changes nothing."""
    from serving.waiting import waiting_runs

    wait('{"total": 9.99}')
    with waiting_runs() as runs:
        (item,) = runs.all()
        result, _ = runs.answer(item, {"values": [{"path": "/total", "value": 8}]})
        with pytest.raises(UsageError, match="answered by somebody else"):
            runs.answer(item, {"values": []})
    assert result["extraction"] == {"total": 8}


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_one_process_asks_and_another_answers(
    root: Path, tmp_path: Path, write_pdf: WritePdf, request: pytest.FixtureRequest, database: str
) -> None:
    """All that they share is the store of waiting runs; the second one is in another folder."""
    variables = {}
    if database == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        variables["OPTOPHONE_DATABASE_URL"] = server.new_database()
    schema = {"type": "object", "properties": {"passport": {"type": "string"}}, "required": ["passport"]}
    (tmp_path / "person.json").write_text(json.dumps(schema))
    environment = own_environment(tmp_path / "data", PYTHONPATH=str(root), **variables)

    def optophone(*arguments: str, folder: Path = tmp_path) -> tuple[int, str, str]:
        call = [sys.executable, "-m", "serving.cli", *arguments]
        done = subprocess.run(call, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    call = ("--schema", "person.json", "--chat-model", "local", "--review", "--json")
    code, out, err = optophone("extract", write_pdf("a.pdf", LINES), *call)
    waiting = json.loads(out)
    assert (code, [field["path"] for field in waiting["waits_for"]["fields"]]) == (1, ["/passport"]), err
    answer = ("--set", "/passport=ACME STORE", "--json", "--out", "out")
    code, out, err = optophone("review", waiting["review_id"], *answer, folder=tmp_path / "data")
    result = json.loads(out)
    assert (code, result["status"], result["extraction"]) == (0, "valid", {"passport": "ACME STORE"}), err
    assert json.loads((tmp_path / "data" / "out" / "a.json").read_text()) == result
    assert result["fields"][0]["grounding"] == "found"
    assert optophone("review", "--list")[1] == "nothing waits for review\n"
    assert (tmp_path / "data" / "checkpoints.db").exists() == (database == "sqlite")
