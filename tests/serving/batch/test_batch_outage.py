"""A run against a real MLflow server that is killed, or hangs, in the middle of it."""

import json
import os
import re
import signal
import sqlite3
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from batches import ANSWER, Start, records_of
from openai_server import Reply, openai_server
from processes import mlflow_server

WritePdf = Callable[..., str]

# A crowded machine takes its time to import.
_START_S = 120
# `_LONGEST_WAIT_S` of the queue, which no document exceeds, and what a crowded machine adds.
_LONGEST_GAP_S = 10 + 3
# The time-out in a batch of the request that is under way, the last probe of a second, and what a crowded machine adds.
_LONGEST_END_S = 10 + 1 + 6
# So many traces are stored at once, first their spans; all are counted as lost where the server ends meanwhile.
_AT_ONCE = 20


class _Provider:
    """Answers after a while; one document in ten is asked again for what is wrong."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def __call__(self, body: dict[str, Any]) -> Reply:
        self.times.append(time.monotonic())
        time.sleep(0.1)
        text = json.dumps(body)
        number = int(re.findall(r"Page: (\d+)", text)[-1])
        return Reply("no JSON" if number % 10 == 0 and "no JSON" not in text else ANSWER)


def _stored(data_dir: Path) -> set[str]:
    """Return the ids of the traces that are stored with their spans."""
    with sqlite3.connect(f"file:{data_dir}/mlflow.db?mode=ro", uri=True) as database:
        return {row[0] for row in database.execute("SELECT DISTINCT trace_id FROM spans")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outage", "documents"),
    [(signal.SIGKILL, 200), (signal.SIGSTOP, 260)],  # from 250 on a process of its own stores
    ids=["killed", "hangs"],
)
def test_outage_costs_traces_that_are_counted_and_no_result(
    start_batch: Start, write_pdf: WritePdf, tmp_path: Path, outage: signal.Signals, documents: int
) -> None:
    """Results come first: all are there by the pinned prompts, in time, and the summary tells what isn't stored."""
    for number in range(documents):
        write_pdf(f"scans/{number}.pdf", ("Name: Alice", f"Page: {number}"))
    provider, data_dir = _Provider(), tmp_path / "mlflow"
    with mlflow_server(data_dir) as mlflow, openai_server(provider) as server:
        process = start_batch(server, "--json", MLFLOW_TRACKING_URI=mlflow.url, OPTOPHONE_TRACING="true")
        begun = time.monotonic()
        while len(_stored(data_dir)) <= 2 * _AT_ONCE:  # twenty at least are whole
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < begun + _START_S, "it stored nothing"
            time.sleep(0.05)
        os.killpg(mlflow.process.pid, outage)
        asked = len(provider.times)
        out, err = process.communicate(timeout=_START_S)
        ended = time.monotonic()
    assert process.returncode == 0, err
    assert asked < documents, "the outage came too late"
    summary, records = json.loads(out), records_of(tmp_path / "out")
    assert (summary["valid"], len({record["source"] for record in records})) == (documents, documents)
    prompts = {prompt for record in records for prompt in record["result"]["prompts"]}
    assert {prompt.rpartition("/")[0] for prompt in prompts} == {
        "prompts:/optophone-extract",
        "prompts:/optophone-refine",
    }
    later = provider.times[asked - 1 :]
    assert max(after - before for before, after in pairwise(later)) < _LONGEST_GAP_S
    assert ended - later[-1] < _LONGEST_END_S
    lost = summary["traces_lost"]
    assert summary["traced"] == documents
    assert 0 < lost <= documents - _AT_ONCE
    assert f"{documents}, {lost} of them lost" in err
    assert (err.count("is out of reach"), err.count("a trace is lost"), err.count("Traceback")) == (1, 1, 0)
    stored = _stored(data_dir)
    assert stored <= {record["trace_id"] for record in records}
    assert documents - lost <= len(stored) <= documents - lost + _AT_ONCE
