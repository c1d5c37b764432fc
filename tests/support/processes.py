"""Processes of their own: the session's store is not theirs."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

# A crowded machine imports for a while.
_START_S = 120


class Server(NamedTuple):
    """A running server."""

    url: str
    process: "subprocess.Popen[bytes]"


def own_environment(data_dir: Path, **variables: str) -> dict[str, str]:
    """Return this environment with a data folder of its own, without what MLflow and the tests have set in it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "OPENAI_"))}
    return {**inherited, "OPTOPHONE_DATA_DIR": str(data_dir), **variables}


@contextmanager
def langgraph_server(root: Path, data_dir: Path, **variables: str) -> Iterator[str]:
    """Run `langgraph dev` on a free port; gives its address."""
    with langgraph_process(root, data_dir, **variables) as server:
        yield server.url


@contextmanager
def langgraph_process(root: Path, data_dir: Path, **variables: str) -> Iterator[Server]:
    """Do the same, for who ends the process before its time."""
    port = free_port()
    command = Path(sys.executable).parent / "langgraph"
    arguments = [str(command), "dev", "--no-browser", "--no-reload", "--port", str(port)]
    environment = own_environment(data_dir, HOME=str(data_dir), **variables)
    with _running(arguments, root, environment, f"http://127.0.0.1:{port}/ok") as process:
        yield Server(f"http://127.0.0.1:{port}", process)


@contextmanager
def optophone_server(root: Path, data_dir: Path, **variables: str) -> Iterator[Server]:
    """Run `optophone serve` on a free port."""
    with _serving(root, data_dir, ["serve"], "/readyz", variables) as server:
        yield server


@contextmanager
def agent_server(root: Path, data_dir: Path, **variables: str) -> Iterator[Server]:
    """Run `optophone serve --agent` on a free port."""
    with _serving(root, data_dir, ["serve", "--agent"], "/health", variables) as server:
        yield server


@contextmanager
def mlflow_server(data_dir: Path) -> Iterator[Server]:
    """Run `mlflow server` on a free port with a SQLite store; `os.killpg` reaches its worker too."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [
        *(str(Path(sys.executable).parent / "mlflow"), "server", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{data_dir}/mlflow.db"),
        *("--serve-artifacts", "--artifacts-destination", str(data_dir / "artifacts")),
    ]
    environment = own_environment(data_dir, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false", MLFLOW_DISABLE_TELEMETRY="true")
    data_dir.mkdir(exist_ok=True)
    with _running(arguments, data_dir, environment, f"{url}/health") as process:
        try:
            yield Server(url, process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def _serving(
    root: Path, data_dir: Path, command: Sequence[str], ready: str, variables: dict[str, str]
) -> Iterator[Server]:
    port = free_port()
    arguments = [sys.executable, "-m", "serving.cli", *command, "--port", str(port)]
    environment = own_environment(data_dir, PYTHONPATH=str(root), **variables)
    data_dir.mkdir(exist_ok=True)
    with _running(arguments, root, environment, f"http://127.0.0.1:{port}{ready}") as process:
        yield Server(f"http://127.0.0.1:{port}", process)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(
    arguments: Sequence[str], root: Path, environment: dict[str, str], ready: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Wait until the address answers; what the process says is in the file `log` of its data folder."""
    log = Path(environment["OPTOPHONE_DATA_DIR"]) / "log"
    with log.open("a") as lines:
        process = subprocess.Popen(
            arguments, cwd=root, env=environment, stdout=lines, stderr=lines, start_new_session=True
        )
        try:
            _wait(ready, process, log)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(2 * _START_S):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"the server did not start:\n{log.read_text()[-3000:]}")
