"""A run as a process of its own: killed, interrupted, out of room, and the processes that it starts."""

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from batches import ANSWER, Start, records_of
from openai_server import OpenAIServer, Reply, openai_server

WritePdf = Callable[..., str]

# A crowded machine takes its time to import.
_START_S = 120


@contextmanager
def _server(delay_s: float) -> Iterator[OpenAIServer]:
    def answer(body: dict[str, Any]) -> Reply:
        time.sleep(delay_s)
        return Reply(ANSWER)

    with openai_server(answer) as server:
        yield server


def _asked(server: OpenAIServer) -> Counter[str]:
    """Return how often each document was asked about, by its number."""
    texts = ("\n".join(server.texts(index)) for index in range(len(server.requests)))
    return Counter(re.findall(r"Page: (\d+)", "\n".join(texts)))


def _number(record: dict[str, Any]) -> str:
    return Path(record["source"]).stem


def _wait_for(condition: Callable[[], bool], process: "subprocess.Popen[str]", limit_s: float = _START_S) -> None:
    end = time.monotonic() + limit_s
    while not condition() and process.poll() is None:
        assert time.monotonic() < end, "it did not come to it"
        time.sleep(0.02)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_or_asked_twice(
    start_batch: Start, write_pdf: WritePdf, tmp_path: Path
) -> None:
    """200 documents, killed ten times: 200 results, each once; what had its result was never asked again."""
    chance = random.Random(7)  # noqa: S311 - no secret
    for number in range(200):
        write_pdf(f"scans/{number}.pdf", ("Name: Alice", f"Page: {number}"))
    asked_when_done: dict[str, int] = {}
    with _server(delay_s=0.3) as server:
        for _ in range(10):
            process = start_batch(server, "--no-cache", "--concurrency", "8")
            goal = len(server.requests) + chance.randint(1, 18)
            _wait_for(lambda goal=goal: len(server.requests) >= goal, process)
            time.sleep(chance.uniform(0, 0.4))
            process.kill()
            process.wait()
            for record in records_of(tmp_path / "out"):
                asked_when_done.setdefault(_number(record), _asked(server)[_number(record)])
        assert 20 <= len(asked_when_done) < 200
        process = start_batch(server, "--no-cache", "--concurrency", "32")
        _, err = process.communicate(timeout=_START_S)
        asked = _asked(server)
    assert process.returncode == 0, err
    assert Counter(map(_number, records_of(tmp_path / "out"))) == Counter(map(str, range(200)))
    assert {number: asked[number] for number in asked_when_done} == asked_when_done
    assert len((tmp_path / "out" / "results.jsonl").read_bytes().splitlines()) == 200


@pytest.mark.slow
def test_answer_that_came_is_paid_once_with_the_cache(start_batch: Start, write_pdf: WritePdf, tmp_path: Path) -> None:
    """Killed between an answer and its result: another start takes it from the cache."""
    for number in range(8):
        write_pdf(f"scans/{number}.pdf", ("Name: Alice", f"Page: {number}"))
    with _server(delay_s=0.2) as server:
        process = start_batch(server, "--concurrency", "1")
        _wait_for(lambda: len(records_of(tmp_path / "out")) >= 3, process)
        process.kill()
        process.wait()
        (tmp_path / "out" / "results.jsonl").write_bytes(b"")  # as if none had come to be written
        asked = len(server.requests)
        assert start_batch(server, "--json").wait(_START_S) == 0
        # The one that was on its way may be asked again.
        assert len(server.requests) - asked in (8 - asked, 8 - asked + 1)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_finishes_what_is_in_flight(
    start_batch: Start, write_pdf: WritePdf, tmp_path: Path, number: signal.Signals
) -> None:
    """All that was asked is written; it says how to go on, and that does the rest."""
    for page in range(30):
        write_pdf(f"scans/{page}.pdf", ("Name: Alice", f"Page: {page}"))
    with _server(delay_s=0.5) as server:
        process = start_batch(server, "--concurrency", "4")
        _wait_for(lambda: len(server.requests) >= 6, process)
        process.send_signal(number)
        _, err = process.communicate(timeout=_START_S)
        assert process.returncode == 130
        assert "interrupted: run the same command again for the rest; " in err
        assert 6 <= len(records_of(tmp_path / "out")) == len(server.requests) < 30
        assert start_batch(server).wait(_START_S) == 0
        assert len(server.requests) == 30


@pytest.mark.slow
def test_second_interrupt_ends_at_once(start_batch: Start, write_pdf: WritePdf, tmp_path: Path) -> None:
    """Without waiting for a provider that hangs, and without leaving processes behind."""
    for page in range(3):
        write_pdf(f"scans/{page}.pdf", ("Name: Alice", f"Page: {page}"))
    with _server(delay_s=5) as server:
        process = start_batch(server)
        _wait_for(lambda: len(server.requests) >= 1, process)
        children = _children(process.pid)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_START_S)
        assert time.monotonic() - began < 2
    assert process.returncode == 130
    _wait_for_end(children)


def _wait_for_end(pids: list[int]) -> None:
    assert pids
    end = time.monotonic() + 20
    while any(_is_running(pid) for pid in pids):
        assert time.monotonic() < end, "a process stayed"
        time.sleep(0.1)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_worker_processes_end_with_a_killed_run(start_batch: Start, write_pdf: WritePdf, tmp_path: Path) -> None:
    """They hold models in memory, and nobody else would end them."""
    write_pdf("scans/0.pdf", ("Name: Alice", "Page: 0"))
    with _server(delay_s=2) as server:
        process = start_batch(server)
        _wait_for(lambda: len(server.requests) >= 1, process)
        children = _children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        _wait_for_end(children)
