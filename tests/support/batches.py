"""`optophone batch` as a process of its own."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from openai_server import OpenAIServer
from processes import own_environment

Start = Callable[..., "subprocess.Popen[str]"]


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
