"""What the command line says to bad documents and bad calls."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pdfs import encrypted, pageless
from PIL import Image
from processes import own_environment

from chat_models.scripted import ScriptedChatModel
from graph.settings import get_settings

Run = Callable[..., Any]
WritePdf = Callable[..., str]
Script = Callable[..., tuple[str, ScriptedChatModel]]

PAGE = ("Name: Alice Smith",)

UNREADABLE = {
    "missing.png": "there is no such file; check the path",
    "folder.png": "it is a folder; give the path of a file",
    "empty.png": "the file is 0 bytes; export the scan again",
    "text.png": "it is no PNG, JPEG, WebP, BMP, TIFF or PDF; convert it to one of these",
    "cut.jpg": "the image is damaged or cut off (image file is truncated",
    "locked.pdf": "the PDF is encrypted; save it without a password",
    "pageless.pdf": "it has no pages; export it again",
    "bomb.png": "a page of 60,000 x 1,000 pixels is beyond the allowed 50,000,000 pixels; scan it",
    "long.tiff": "it has 101 pages, more than the allowed 100; split it",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One document of each unreadable kind."""
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("Dear Sir or Madam\n")
    Image.effect_noise((200, 200), 50).save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:2000])
    (tmp_path / "locked.pdf").write_bytes(encrypted())
    (tmp_path / "pageless.pdf").write_bytes(pageless())
    Image.new("1", (60_000, 1_000)).save(tmp_path / "bomb.png")
    page = Image.new("1", (8, 8))
    page.save(tmp_path / "long.tiff", save_all=True, append_images=[page] * 100)
    return tmp_path


def test_each_unreadable_document_says_why_and_the_others_go_on(
    optophone: Run, write_pdf: WritePdf, folder: Path
) -> None:
    """One sentence with the name and the remedy, on stderr and in the result; nothing was asked for it."""
    files = [write_pdf("first.pdf", PAGE), *(folder / name for name in UNREADABLE), write_pdf("last.pdf", PAGE)]
    code, out, err = optophone("extract", "--json", *files)
    first, *between, last = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert first["status"] == last["status"] == "valid"
    for result, message, (name, reason) in zip(between, err.splitlines(), UNREADABLE.items(), strict=True):
        (error,) = result["validation_errors"]
        assert message == f"optophone: {error['message']}"
        assert error["message"].startswith(f"cannot read '{name}': {reason}")
        assert (result["status"], result["stop_reason"]) == ("unreadable", "unreadable")
        assert (result["attempts"], result["extraction"], result["document"]) == (0, None, str(folder / name))


def test_blank_page_is_read_and_valid(optophone: Run, tmp_path: Path) -> None:
    """A form with nothing on it has no fields, which is no mistake."""
    Image.new("RGB", (400, 300), "white").save(tmp_path / "blank.png")
    code, out, err = optophone("extract", "--json", tmp_path / "blank.png")
    result = json.loads(out)
    assert (code, err) == (0, "")
    assert (result["status"], result["extraction"], result["fields"]) == ("valid", {"pairs": []}, [])


BROKEN_SCHEMA = '{"type": 5, "properties": {}}'

WRONG_CALLS = {
    "unknown schema": (["--schema", "recipt"], "unknown schema 'recipt'; use one of form, invoice, receipt"),
    "no schema file": (["--schema", "gone.json"], "cannot read the schema 'gone.json'"),
    "broken schema": (["--schema", "broken.json"], "broken JSON Schema at type"),
    "no such class": (["--schema", "json:Nothing"], "cannot import the schema 'json:Nothing'"),
    "unknown chat model": (["--chat-model", "nonesuch"], "unknown chat model 'nonesuch'; use local"),
    "no key": (["--chat-model", "openai:gpt-4o-mini"], "needs an API key; set OPENAI_API_KEY"),
    "unknown prompt": (["--extract-prompt", "nonesuch@1"], "there is no prompt 'nonesuch'; use one of"),
    "unknown version": (
        ["--extract-prompt", "optophone-extract@99"],
        "the versions of 'optophone-extract' are 3, 2, 1",
    ),
    "out is a file": (
        ["--out", "broken.json"],
        "cannot make the folder 'broken.json': File exists; give another --out",
    ),
}


@pytest.mark.parametrize(("options", "said"), WRONG_CALLS.values(), ids=WRONG_CALLS.keys())
def test_wrong_call_is_told_before_anything_is_read(
    optophone: Run,
    *,
    write_pdf: WritePdf,
    script: Script,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    said: str,
) -> None:
    """Exit code 2 and one line, even where the first document is unreadable; nothing is printed or asked."""
    monkeypatch.chdir(tmp_path)
    Path("broken.json").write_text(BROKEN_SCHEMA)
    name, chat_model = script()
    code, out, err = optophone("extract", "gone.png", write_pdf("a.pdf", PAGE), "--chat-model", name, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("optophone: ")
    assert said in err
    assert chat_model.requests == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["extract"], "Missing argument 'FILE'"),
        (["extract", "a.pdf", "--nonesuch"], "No such option: --nonesuch"),
        (["extract", "a.pdf", "--max-attempts", "0"], "Invalid value for '--max-attempts'"),
        (["extract", "a.pdf", "--grounding", "maybe"], "Invalid value for '--grounding'"),
        (["extract", "a.pdf", "--highlight"], "--highlight writes files: give --out DIR too"),
        (["prompts", "show", "nonesuch@1"], "there is no prompt 'nonesuch'"),
        (["prompts", "show", "optophone-extract"], "names no prompt version"),
        (["prompts", "promote", "optophone-extract@99"], "the versions of 'optophone-extract' are 3, 2, 1"),
    ],
)
def test_wrong_arguments_are_named(optophone: Run, arguments: list[str], said: str) -> None:
    """Exit code 2, and stdout stays empty."""
    optophone("prompts", "sync")
    code, out, err = optophone(*arguments)
    assert (code, out) == (2, "")
    assert said in err


@pytest.fixture
def fresh_settings() -> Iterator[None]:
    """Let the settings be read anew, in the test and after it."""
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("fresh_settings")
def test_invalid_setting_names_its_variable(optophone: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line instead of a traceback, whatever the command."""
    monkeypatch.setenv("OPTOPHONE_MAX_DOCUMENT_PAGES", "abc")
    for arguments in (["extract", "a.pdf"], ["prompts", "list"], ["ui"]):
        code, out, err = optophone(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("optophone: OPTOPHONE_MAX_DOCUMENT_PAGES is 'abc': Input should be a valid integer")
        assert err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["sync"], ["list"], ["promote", "optophone-extract@1"]])
def test_registry_that_is_down_is_named(root: Path, tmp_path: Path, arguments: list[str]) -> None:
    """Neither a traceback nor an empty list; in a process of its own, because MLflow's store is the process's."""
    server = "http://127.0.0.1:9"  # the discard port: nobody listens
    command = [sys.executable, "-m", "serving.cli", "prompts", *arguments]
    variables = own_environment(tmp_path, MLFLOW_TRACKING_URI=server)
    done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, check=False)
    said = f"optophone: MLflow at {server} does not answer; start it or correct MLFLOW_TRACKING_URI\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
