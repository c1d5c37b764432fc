"""The command as a process of its own: imports, signals, pipes, terminals, settings."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import own_environment

pty = pytest.importorskip("pty")

Start = Callable[..., "subprocess.Popen[str]"]
WritePdf = Callable[..., str]

PAGE = ("Name: Alice Smith",)
# What the installed command runs; -P: the caller's folder is not searched for modules.
COMMAND = [sys.executable, "-P", "-c", "from serving.cli import main; main()"]


@pytest.fixture
def start(root: Path, tmp_path: Path) -> Start:
    """Start the command in a folder and with a store of the test's own."""

    def begin(*args: str, **options: Any) -> "subprocess.Popen[str]":
        environment = own_environment(tmp_path / "data", PYTHONPATH=str(root), **options.pop("env", {}))
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([*COMMAND, *args], env=environment, cwd=tmp_path, text=True, **streams)

    return begin


def test_help_imports_nothing_heavy(root: Path) -> None:
    """--help answers at once because nothing of weight is loaded for it."""
    code = (
        "import sys; from serving.cli import app; app(['--help'], standalone_mode=False);"
        "print(sorted({'mlflow', 'langgraph', 'langchain_core', 'PIL', 'onnxruntime', 'numpy', 'pydantic_settings'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert "Turn scanned forms into schema-valid JSON" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.slow
def test_installed_command_finds_a_class_in_the_callers_folder(
    start: Start, write_pdf: WritePdf, tmp_path: Path
) -> None:
    """module:Class works as with python -m."""
    (tmp_path / "mine.py").write_text(
        "from pydantic import BaseModel\nclass Person(BaseModel):\n    name: str | None\n"
    )
    out, err = start("extract", "--json", write_pdf("a.pdf", PAGE), "--schema", "mine:Person").communicate(timeout=60)
    assert json.loads(out)["extraction"] == {"name": "Alice Smith"}
    assert err == ""


@pytest.mark.slow
def test_interrupt_keeps_what_is_written(start: Start, write_pdf: WritePdf, tmp_path: Path) -> None:
    """Ctrl+C ends with 130 and no traceback; every line and file so far is whole."""
    process = start("extract", "--json", "--out", "out", *[write_pdf("a.pdf", PAGE)] * 500)
    assert process.stdout is not None
    first = process.stdout.readline() + process.stdout.readline()  # whose file stands when the second is printed
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    printed = [json.loads(line) for line in (first + rest).splitlines()]
    assert 0 < len(printed) < 500
    files = list((tmp_path / "out").iterdir())
    assert all(json.loads(path.read_text())["status"] == "valid" for path in files)
    assert {path.name for path in files} >= {"a.json"} | {f"a-{number}.json" for number in range(2, len(printed))}


@pytest.mark.slow
def test_reader_that_leaves_ends_the_run_quietly(start: Start, write_pdf: WritePdf) -> None:
    """`| head -1` causes no traceback."""
    process = start("extract", "--json", *[write_pdf("a.pdf", PAGE)] * 5)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    assert (process.wait(timeout=60), err) == (1, "")
    process.stderr.close()


@pytest.mark.slow
def test_bar_on_the_terminal_leaves_redirected_lines_alone(start: Start, write_pdf: WritePdf, tmp_path: Path) -> None:
    """With stderr on a terminal and stdout in a file, the bar goes to the one and all lines to the other."""
    ours, theirs = pty.openpty()
    with (tmp_path / "lines.jsonl").open("w") as stdout:
        process = start("extract", "--json", *[write_pdf("a.pdf", PAGE)] * 2, stdout=stdout, stderr=theirs)
    os.close(theirs)
    shown = _read_terminal(ours)
    assert process.wait(timeout=60) == 0
    assert "extracting" in shown
    assert "sha256" not in shown
    written = (tmp_path / "lines.jsonl").read_text().splitlines()
    assert [json.loads(line)["status"] for line in written] == ["valid", "valid"]


def _read_terminal(ours: int) -> str:
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        try:
            while chunk := terminal.read(4096):
                shown += chunk
        except OSError:  # how Linux says that the other side has closed
            pass
    return shown.decode()


@pytest.mark.slow
def test_without_tracing_nothing_is_stored(start: Start, write_pdf: WritePdf, tmp_path: Path) -> None:
    """OPTOPHONE_TRACING=false: no trace id is shown, no trace or span is in the store; prompts still come from it."""
    process = start("extract", write_pdf("a.pdf", PAGE), env={"OPTOPHONE_TRACING": "false"})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines()[-2:] == ["prompts  prompts:/optophone-extract/3", "trace    -"]
    with sqlite3.connect(tmp_path / "data" / "mlflow.db") as database:
        counts = [database.execute(f"SELECT COUNT(*) FROM {table}").fetchone() for table in ("trace_info", "spans")]  # noqa: S608
    database.close()
    assert counts == [(0,), (0,)]


@pytest.mark.slow
def test_ui_serves_this_store(start: Start) -> None:
    """`optophone ui` answers on its port, and Ctrl+C ends it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start("ui", "--port", str(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert _wait_for(f"http://127.0.0.1:{port}/health", seconds=60) == b"OK"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _wait_for(url: str, seconds: float) -> bytes:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                return response.read()
        except OSError:
            time.sleep(0.5)
    return b""
