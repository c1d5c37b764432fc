"""MLflow out of reach: bounded waiting, one warning, and a way back."""

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import own_environment

from graph.settings import get_settings
from prompts.connection import Connection, connect, patient_requests
from schemas.errors import PromptError, UnreachableError

REMOTE = "http://127.0.0.1:9"


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """An event that work can wait for; it comes when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def test_slow_work_is_given_up_at_its_deadline_and_not_tried_again(
    never: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    """After the first wait nobody waits again, and the user is told once."""
    connection, calls = Connection(REMOTE), []

    def work() -> None:
        calls.append(1)
        never.wait()

    for _ in range(3):
        with pytest.raises(UnreachableError):
            connection.run(work, 0.05)
    assert len(calls) == 1
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "out of reach (no answer within 0.05 s)" in caplog.text


def test_failure_names_what_it_began_with(caplog: pytest.LogCaptureFixture) -> None:
    """The reason is the root cause, not the wrapping."""

    def work() -> None:
        try:
            raise ConnectionRefusedError("connection refused")
        except OSError as error:
            raise RuntimeError("three lines of wrapping") from error

    with pytest.raises(UnreachableError):
        Connection(REMOTE).run(work, 1)
    assert "(connection refused)" in caplog.text


def test_failure_without_words_is_named_by_its_type(caplog: pytest.LogCaptureFixture) -> None:
    """A bare TimeoutError says nothing, and stays an outage."""

    def work() -> None:
        raise TimeoutError

    with pytest.raises(UnreachableError):
        Connection("http://user:secret@127.0.0.1:9").run(work, 1)
    assert "http://127.0.0.1:9 is out of reach (TimeoutError)" in caplog.text
    assert "secret" not in caplog.text


def test_local_store_that_fails_once_is_asked_again() -> None:
    """A locked file is no outage that lasts a minute."""
    connection = Connection("sqlite:///x.db")
    with pytest.raises(UnreachableError):
        connection.run(lambda: 1 / 0, 1)
    assert connection.run(lambda: "done", 1) == "done"


def test_local_store_gets_all_the_time_it_needs() -> None:
    """The migrations of a new SQLite file take seconds, and nobody else can answer."""
    assert Connection("sqlite:///x.db").run(lambda: "done", 0.0) == "done"


def test_own_errors_pass_and_are_no_outage() -> None:
    """An unknown prompt is the caller's mistake; the next call is answered."""
    connection = Connection(REMOTE)

    def unknown() -> None:
        raise PromptError("there is no such prompt")

    with pytest.raises(PromptError):
        connection.run(unknown, 1)
    assert connection.run(lambda: 1, 1) == 1


def test_request_ends_after_two_seconds_and_in_a_batch_after_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets another time-out keeps it, in a batch too."""
    name = "MLFLOW_HTTP_REQUEST_TIMEOUT"
    connect(get_settings().tracking_uri)
    assert os.environ[name] == "2"
    with patient_requests():
        assert os.environ[name] == "10"
    assert os.environ[name] == "2"
    monkeypatch.setenv(name, "20")
    with patient_requests():
        assert os.environ[name] == "20"
    assert os.environ[name] == "20"


FIRST_BATCH = """
import sys
from graph.app import graph
results = graph.batch([{"document": sys.argv[1]}] * 8, context={"chat_model": "local"})
print({prompt for result in results for prompt in result["prompts"]})
"""


@pytest.mark.slow
def test_first_runs_of_a_new_store_may_come_at_once(root: Path, tmp_path: Path) -> None:
    """Eight threads on a store that doesn't exist yet publish the prompts once and all use them."""
    from pdfs import text_pdf

    run = subprocess.run(
        [sys.executable, "-c", FIRST_BATCH, text_pdf("Name: Ada")],
        cwd=root, env=own_environment(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout == "{'prompts:/optophone-extract/3'}\n"
    assert "out of reach" not in run.stderr


SCRIPT = """
import json, sys
from graph.app import graph
result = graph.invoke({"document": sys.argv[1]}, context={"chat_model": "local"})
print(json.dumps({"status": result["status"], "prompts": result["prompts"]}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("listening", [True, False])
def test_extraction_goes_on_without_mlflow(listening: bool, root: Path, tmp_path: Path) -> None:
    """A server that never answers and one that isn't there: the packaged prompt, one warning, and an end."""
    from pdfs import text_pdf

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listening:
            server.listen()
        environment = own_environment(tmp_path, MLFLOW_TRACKING_URI=f"http://127.0.0.1:{server.getsockname()[1]}")
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, text_pdf("Name: Ada")],
            cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    assert '"prompts": ["packaged:/optophone-extract"]' in run.stdout
    assert '"status": "valid"' in run.stdout
    assert run.stderr.count("out of reach") == 1
    assert "Traceback" not in run.stderr
