"""`optophone batch` as a process of its own, and what it writes and says."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from openai_server import OpenAIServer
from processes import own_environment

Start = Callable[..., "subprocess.Popen[str]"]

ANSWER = json.dumps({"pairs": [{"key": "Name", "values": ["Alice"]}]})


@contextmanager
def started_batches(root: Path, folder: Path) -> Iterator[Start]:
    """Give `start(server, *options, out="out", **variables)`: it reads `folder`/scans, the server answers.

    Each output folder has a store of its own. What still runs at the end is killed.
    """
    started: list[subprocess.Popen[str]] = []

    def start(server: OpenAIServer, *options: str, out: str = "out", **variables: str) -> "subprocess.Popen[str]":
        own = {
            "PYTHONPATH": str(root),
            "OPENAI_BASE_URL": server.url,
            "OPENAI_API_KEY": "sk-test",
            "OPTOPHONE_TRACING": "false",  # costs seconds, and says nothing of results
        }
        command = [sys.executable, "-m", "serving.cli", "batch", "scans", "--out", out, *options]
        process = subprocess.Popen(
            command, env=own_environment(folder / f"data-{out}", **own | variables), cwd=folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def records_of(out: Path) -> list[dict[str, Any]]:
    """Return the records of a run that are whole."""
    path = out / "results.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def summary_of(run: Any) -> dict[str, Any]:
    """Return what `--json` printed."""
    return dict(json.loads(run.out))


def paid_answer(text: str = ANSWER, tokens: int = 100) -> AIMessage:
    """Return what a chat model says, and what it takes."""
    usage = {"input_tokens": tokens - 10, "output_tokens": 10, "total_tokens": tokens}
    return AIMessage(text, usage_metadata=usage)
