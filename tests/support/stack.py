"""The services of compose.yaml as plain processes: its commands, environment, order and health checks.

What an engine adds is stood in for as far as a process can have it: folders for volumes, an environment of nothing but
what Dockerfile and compose.yaml set, the image's user where the tests run as root (who owns all else, so that little
more than the volumes can be written), and 127.0.0.1 for the services' names.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from containers import in_order_of_start, read_compose
from image import INSTALLED, Image
from postgres import PostgresServer, postgres_server
from processes import free_port

# An engine's own.
_DEFAULT_GRACE = "10s"
_TMPFS = "/tmp"  # noqa: S108


class Stack:
    """All services; `up` and `down` as often as wanted, the volumes stay."""

    def __init__(self, root: Path, folder: Path, variables: Mapping[str, str], postgres: PostgresServer) -> None:
        self.root, self.folder, self.postgres = root, folder, postgres
        self.image = Image(root, folder)
        self.services = read_compose(root / "compose.yaml", variables)["services"]
        published = [_published(entry) for service in self.services.values() for entry in service.get("ports", [])]
        self.ports = {declared: _port(declared) for declared in published} | {5432: postgres.port}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def url(self, service: str) -> str:
        """Return the address that a service is published at."""
        (declared,) = map(_published, self.services[service]["ports"])
        return f"http://127.0.0.1:{self.ports[declared]}"

    def log(self, service: str) -> str:
        """Return what a service has said."""
        return (self.folder / f"{service}.log").read_text()

    def up(self) -> None:
        """Start each service when those that it waits for are healthy, and wait until all are."""
        for name in in_order_of_start(self.services):
            if name == "postgres":
                self._start_postgres()
            else:
                self._start(name)
            self._wait_until_healthy(name)

    def down(self) -> None:
        """End each service as `docker compose stop` does: a signal, a time of grace, the end of what is left."""
        for name in reversed(in_order_of_start(self.services)):
            if process := self.processes.pop(name, None):
                service = self.services[name]
                is_for_all = service["environment"].get("TINI_KILL_PROCESS_GROUP") == "1"
                (os.killpg if is_for_all else os.kill)(process.pid, signal.SIGTERM)
                try:
                    process.wait(_seconds(service.get("stop_grace_period", _DEFAULT_GRACE)))
                finally:
                    _end_group(process)
        self.postgres.stop()

    def kill(self) -> None:
        """End what still runs, whatever happened before."""
        for process in self.processes.values():
            _end_group(process)

    def initialise(self, server: PostgresServer) -> None:
        """Run what PostgreSQL's image runs on an empty volume."""
        service = self.services["postgres"]
        call = [str(server.binaries / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-h", "127.0.0.1"]
        environment = {**os.environ, **service["environment"], "PGPASSWORD": server.password}
        for volume in service["volumes"]:
            source, target, *_ = volume.split(":")
            if target.startswith("/docker-entrypoint-initdb.d/"):
                script = ["-f", str(self.root / source)]
                subprocess.run([*call, "-p", str(server.port), "-U", server.user, *script], env=environment, check=True)

    def _start_postgres(self) -> None:
        self.postgres.start()
        marker = self.folder / "initialised"
        if not marker.exists():
            self.initialise(self.postgres)
            marker.touch()

    def _start(self, name: str) -> None:
        service, environment = self.services[name], self._environment(name)
        command = [self._here(word, name) for word in service.get("command", self.image.command)]
        shutil.rmtree(environment["TMPDIR"], ignore_errors=True)  # a tmpfs: empty at each start
        volumes = [self.folder / "volumes" / volume.partition(":")[0] for volume in service["volumes"]]
        for folder in (Path(environment["TMPDIR"]), *volumes):
            self.image.make_folder(folder)
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(
                [*self.image.as_user(), *command], cwd=self.folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _environment(self, name: str) -> dict[str, str]:
        given = self.services[name]["environment"]
        both = {**self.image.environment, "TMPDIR": _TMPFS, **given}
        return {key: self._here(value, name) for key, value in both.items() if value is not None}

    def _here(self, text: str, service: str) -> str:
        """Put this machine's folders, ports and addresses in the place of the containers' own."""
        places = {INSTALLED: self.image.installed, _TMPFS: self.folder / f"tmp-{service}"}
        for volume in self.services[service]["volumes"]:
            source, target, *_ = volume.split(":")
            places[target] = self.folder / "volumes" / source
        ports = "|".join(map(str, self.ports))
        text = re.sub(rf"(?<!\d)({ports})(?!\d)", lambda match: str(self.ports[int(match[1])]), text)
        text = re.sub(rf"(?<=[/@])({'|'.join(self.services)})(?=:\d)", "127.0.0.1", text)
        folders = "|".join(map(re.escape, places))
        return re.sub(rf"(?<![\w/.])({folders})(?![\w-])", lambda match: str(places[match[1]]), text)

    def _wait_until_healthy(self, name: str) -> None:
        """Ask the declared check; its failures count from the end of its start period on."""
        declared = self.services[name].get("healthcheck", self.image.health_check)
        check = [self._here(word, name) for word in declared["test"][1:]]
        environment = self._environment(name)
        environment["PATH"] += f":{self.postgres.binaries}"
        patience = _seconds(declared["start_period"]) + declared["retries"] * _seconds(declared["interval"])
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            process = self.processes.get(name)
            if process is not None and process.poll() is not None:
                pytest.fail(f"{name} ended with {process.returncode}:\n{self.log(name)[-3000:]}")
            asked = subprocess.run(check, env=environment, capture_output=True, check=False)
            if asked.returncode == 0:
                return
            time.sleep(0.5)
        pytest.fail(f"{name} was not healthy within {patience:g} s: {asked.stderr.decode()[-500:]}")


@contextmanager
def running_stack(root: Path, folder: Path, variables: Mapping[str, str]) -> Iterator[Stack]:
    """Start everything; skips where PostgreSQL isn't installed."""
    wanted = read_compose(root / "compose.yaml", variables)["services"]["postgres"]["environment"]
    with postgres_server(
        "postgres", wanted["POSTGRES_PASSWORD"], shlex.split(wanted["POSTGRES_INITDB_ARGS"])
    ) as server:
        server.stop()
        stack = Stack(root, folder, variables, server)
        try:
            stack.up()
            yield stack
        finally:
            stack.kill()


def _published(entry: str) -> int:
    return int(entry.rpartition(":")[2])


def _port(declared: int) -> int:
    """Return the declared port where nobody has it, else a free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", declared))
        except OSError:
            return free_port()
    return declared


def _seconds(duration: str) -> float:
    if not re.fullmatch(r"\d+s", duration):
        raise ValueError(f"expected seconds as 10s, got '{duration}'")
    return float(duration[:-1])


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of a service, as the end of its container does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
