"""`optophone batch` that stops before all is done, and goes on."""

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batches import ANSWER, paid_answer, records_of, summary_of

from chat_models.scripted import ScriptedChatModel

pytestmark = pytest.mark.usefixtures("untraced")

Run = Callable[..., Any]
Script = Callable[..., tuple[str, ScriptedChatModel]]


def test_budget_stops_and_goes_on(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """Not one token over the limit; with a higher one the same command does the rest."""
    name, chat_model = script(*[paid_answer()] * 5)
    command = ("batch", write(*"abcde"), "--out", tmp_path / "out", "--chat-model", name, "--json", "--max-tokens")
    run = optophone(*command, "250")
    assert (run.code, summary_of(run)["tokens"], summary_of(run)["left"]) == (3, 200, 3)
    assert "run the same command with a higher one for the rest; 3 documents are left" in run.err
    assert (optophone(*command, "299").code, len(chat_model.requests)) == (3, 2)
    run = optophone(*command, "500")
    assert (run.code, summary_of(run)["tokens"], summary_of(run)["valid"]) == (0, 500, 5)


def test_refused_key_ends_the_run(optophone: Run, write: Any, script: Script, tmp_path: Path) -> None:
    """What every document would get is no record of one: with the key mended, the same command does them all."""
    from schemas.errors import ChatModelError

    name, _ = script(ChatModelError("the key is wrong"), *[paid_answer()] * 2)
    command = ("batch", write("a", "b"), "--out", tmp_path / "out", "--chat-model", name, "--concurrency", "1")
    run = optophone(*command)
    assert (run.code, "optophone: the key is wrong\n" in run.err) == (2, True)
    assert (
        "stopped by a failure: with it mended, run the same command again for the rest; 2 documents are left" in run.err
    )
    assert records_of(tmp_path / "out") == []
    assert optophone(*command).code == 0
    assert len(records_of(tmp_path / "out")) == 2


def test_many_failures_in_a_row_end_the_run(optophone: Run, write: Any, register: Any, tmp_path: Path) -> None:
    """They are no matter of the documents; most are left for the same command."""
    name = register(lambda text: str(1 / 0))
    scans = write(*(f"{number:02}" for number in range(30)))
    run = optophone("batch", scans, "--out", tmp_path / "out", "--chat-model", name, "--concurrency", "1")
    assert (run.code, "20 documents in a row failed, the last with ChatModelError: " in run.err) == (2, True)
    assert len(records_of(tmp_path / "out")) == 20


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
    assert len(records_of(tmp_path / "out")) == 1
    assert results.read_bytes().endswith(b"}\n")
    is_full[0] = False
    assert optophone(*command).code == 0
    assert len(records_of(tmp_path / "out")) == 4
