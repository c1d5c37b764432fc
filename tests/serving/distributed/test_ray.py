"""A run on a real Ray cluster of two workers, as a process of its own, against a server that counts requests."""

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batches import Start, records_of
from openai_server import OpenAIServer, Reply, openai_server
from processes import mlflow_server

pytest.importorskip("ray", reason="the extra 'ray' is not installed")

WritePdf = Callable[..., str]

# A crowded machine takes its time to import.
_LIMIT_S = 240
# Differ from run to run: times, and who did it.
_VOLATILE = ("seconds", "trace_id")

# Sockets' paths must be short.
_RAY_TMPDIR = os.environ.get("RAY_TMPDIR", "/tmp")  # noqa: S108

_RAY = ("--json", "--engine", "ray", "--ray-workers", "2:2", "--no-cache", "--concurrency", "4")


def _answer(body: dict[str, Any]) -> Reply:
    """Answer by what stands on the page, with a wrong value on each seventh, which is asked again."""
    number = int(re.findall(r"Page: (\d+)", json.dumps(body))[-1])
    time.sleep(0.1)
    value = ["Alice"] if number % 7 else "Alice"
    return Reply(json.dumps({"pairs": [{"key": "Name", "values": value}, {"key": "Page", "values": [str(number)]}]}))


def _asked(server: OpenAIServer) -> Counter[str]:
    texts = "\n".join("\n".join(server.texts(index)[-1:]) for index in range(len(server.requests)))
    return Counter(re.findall(r"Page: (\d+)", texts))


def _finish(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, err = process.communicate(timeout=_LIMIT_S)
    assert process.returncode in (0, 1), err
    return dict(json.loads(out.splitlines()[-1]))


def _of_ray(folder: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    lines = pq.read_table(folder / "records", columns=["record"]).column("record").to_pylist()
    return [json.loads(line) for line in lines]


def _by_index(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    stable = [{name: value for name, value in record.items() if name not in _VOLATILE} for record in records]
    return sorted(stable, key=lambda record: record["index"])


def _workers(pid: int) -> list[int]:
    """Return the processes below this one that are a Ray actor at work."""
    below, found = [pid], []
    while below:
        parent = below.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            below += [int(child) for child in task.read_text().split()]
        if not Path(f"/proc/{parent}").exists():
            continue
        name = Path(f"/proc/{parent}/cmdline").read_bytes()
        if name.startswith(b"ray::") and b"Worker" in name:
            found.append(parent)
    return found


@pytest.mark.slow
def test_a_killed_worker_changes_no_record_and_costs_only_what_was_in_flight(
    start_batch: Start, write_pdf: WritePdf, tmp_path: Path
) -> None:
    """100 documents: the same records and counts as on one machine; another start asks only what is new."""
    for number in range(94):
        write_pdf(f"scans/{number:02}.pdf", ("Name: Alice", f"Page: {number}"))
    for number in range(94, 98):  # twins of others, far from them
        write_pdf(f"scans/{number}.pdf", ("Name: Alice", f"Page: {number - 90}"))
    (tmp_path / "scans" / "98.pdf").write_bytes(b"no document")
    (tmp_path / "scans" / "99.png").write_bytes(b"")
    with openai_server(_answer) as server:
        expected_counts = _finish(start_batch(server, "--json", out="local"))
        asked_locally = _asked(server)
    with openai_server(_answer) as server:
        process = start_batch(server, *_RAY, out="ray", RAY_TMPDIR=_RAY_TMPDIR)
        end = time.monotonic() + _LIMIT_S
        while len(server.requests) < 30:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < end, "it asked for no more"
            time.sleep(0.02)
        workers = _workers(process.pid)
        os.kill(workers[0], signal.SIGKILL)
        while not set(_workers(process.pid)) - set(workers):
            assert process.poll() is None, "it ended without a worker in the place of the killed one"
            time.sleep(0.02)
        counts = _finish(process)
        asked = _asked(server)
        records = _of_ray(tmp_path / "ray")
        write_pdf("scans/new.pdf", ("Name: Alice", "Page: 100"))
        write_pdf("scans/twin.pdf", ("Name: Alice", "Page: 5"))
        again = _finish(start_batch(server, *_RAY, out="ray", RAY_TMPDIR=_RAY_TMPDIR))
        assert _asked(server) - asked == {"100": 1}
    assert (again["before"], again["valid"], again["duplicates"]) == (100, 100, 5)
    assert len(_of_ray(tmp_path / "ray")) == 102
    expected = [json.loads(line) for line in (tmp_path / "local" / "results.jsonl").read_text().splitlines()]
    assert _by_index(records) == _by_index(expected)
    assert {name: counts[name] for name in expected_counts} == expected_counts
    assert len(expected) == 100
    assert (expected_counts["valid"], expected_counts["duplicates"]) == (98, 4)
    # Two documents were in flight at the killed worker, and a third about to be written.
    assert sum((asked - asked_locally).values()) <= 3
    assert not asked_locally - asked


@pytest.mark.slow
def test_workers_trace_the_same_share_as_one_machine(start_batch: Start, write_pdf: WritePdf, tmp_path: Path) -> None:
    """Chosen by content; the traces that the records name are on the server."""
    from mlflow import MlflowClient

    for number in range(12):
        write_pdf(f"scans/{number:02}.pdf", ("Name: Alice", f"Page: {number}"))
    with openai_server(_answer) as server, mlflow_server(tmp_path / "mlflow") as mlflow:
        traced = {"MLFLOW_TRACKING_URI": mlflow.url, "OPTOPHONE_TRACING": "true", "RAY_TMPDIR": _RAY_TMPDIR}
        here = _finish(start_batch(server, "--json", "--trace-ratio", "0.5", out="local", **traced))
        ray = _finish(start_batch(server, *_RAY, "--trace-ratio", "0.5", out="ray", **traced))
        client = MlflowClient(mlflow.url)
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        stored = {trace.info.trace_id for trace in client.search_traces(locations=experiments)}
    records = records_of(tmp_path / "local"), _of_ray(tmp_path / "ray")
    sources = [{record["source"] for record in found if record["trace_id"]} for found in records]
    assert sources[0] == sources[1]
    assert 1 <= len(sources[0]) <= 11
    counts = [(run["traced"], run["not_sampled"], run["untraced"], run["traces_lost"]) for run in (here, ray)]
    assert counts == [(len(sources[0]), 12 - len(sources[0]), 0, 0)] * 2
    assert stored == {record["trace_id"] for found in records for record in found} - {None}
