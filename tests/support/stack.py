"""The services of compose.yaml as plain processes: its commands, environment, order and health checks.

What an engine adds stands in for itself as far as a process can have it: a virtual environment made by the Dockerfile's
own RUN lines from what its COPY lines name, folders for volumes, an environment of nothing but what the two files set,
the Dockerfile's user where the tests run as root (who then owns all else, so that little more than the volumes can be
written), and 127.0.0.1 for the services' names.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from containers import environment_of, in_order_of_start, last, read_compose, read_dockerfile
from postgres import PostgresServer, postgres_server
from processes import free_port

_SECONDS = re.compile(r"(\d+)s")
# An engine's own.
_DEFAULT_GRACE_S = 10.0


class Stack:
    """All services; `up` and `down` as often as wanted, the volumes stay."""

    def __init__(self, root: Path, folder: Path, variables: Mapping[str, str], postgres: PostgresServer) -> None:
        self.build, self.image = read_dockerfile(root / "Dockerfile")
        self.services = read_compose(root / "compose.yaml", variables)["services"]
        self.root, self.folder, self.postgres = root, folder, postgres
        self.ports = {declared: _port(declared) for declared in self._published()} | {5432: postgres.port}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._install()

    def url(self, service: str) -> str:
        """Return the address that a service is published at."""
        (declared,) = (_container_port(entry) for entry in self.services[service]["ports"])
        return f"http://127.0.0.1:{self.ports[declared]}"

    def log(self, service: str) -> str:
        """Return what a service has said."""
        return (self.folder / f"{service}.log").read_text()

    @property
    def site_packages(self) -> Path:
        """Where the image's packages are."""
        return next((self.folder / "opt" / "optophone" / "lib").glob("python*/site-packages"))

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
                environment = self.services[name].get("environment", {})
                whole = environment.get("TINI_KILL_PROCESS_GROUP") == "1"
                (os.killpg if whole else os.kill)(process.pid, signal.SIGTERM)
                try:
                    process.wait(_seconds(self.services[name].get("stop_grace_period")) or _DEFAULT_GRACE_S)
                finally:
                    _end_group(process)
        self.postgres.stop()

    def _published(self) -> list[int]:
        return [_container_port(entry) for service in self.services.values() for entry in service.get("ports", [])]

    # The image

    def _install(self) -> None:
        """Do what the Dockerfile's first stage does, in a folder that holds what it copies and no more."""
        context = self.folder / "build"
        context.mkdir()
        for instruction in self.build[1:]:
            if instruction.name == "COPY":
                *sources, target = instruction.words
                for source in sources:
                    _copy(self.root / source, context / target / ("" if target != "./" else source))
            elif instruction.name == "RUN":
                command = self._here(instruction.text)
                done = subprocess.run(["sh", "-c", command], cwd=context, capture_output=True, text=True, check=False)
                if done.returncode:
                    pytest.fail(f"{instruction.text}\n{done.stderr[-3000:]}")

    def _here(self, text: str, service: str = "") -> str:
        """Put this machine's folders, ports and addresses in the place of the containers' own."""
        places = {"/opt/optophone": self.folder / "opt" / "optophone", "/tmp": self.folder / f"tmp-{service}"}  # noqa: S108
        for volume in self.services[service].get("volumes", []) if service else []:
            source, target, *_ = volume.split(":")
            places[target] = self.folder / "volumes" / source
        ports = "|".join(map(str, self.ports))
        text = re.sub(rf"(?<!\d)({ports})(?!\d)", lambda match: str(self.ports[int(match[1])]), text)
        text = re.sub(rf"(?<=[/@])({'|'.join(self.services)})(?=:\d)", "127.0.0.1", text)
        folders = "|".join(map(re.escape, places))
        return re.sub(rf"(?<![\w/.])({folders})(?![\w-])", lambda match: str(places[match[1]]), text)

    # The services

    def _environment(self, name: str) -> dict[str, str]:
        given = {key: value for key, value in self.services[name].get("environment", {}).items() if value is not None}
        both = {**environment_of(self.image), **given}
        return {key: self._here(value, name) for key, value in both.items()} | {
            "TMPDIR": str(self.folder / f"tmp-{name}")
        }

    def _start(self, name: str) -> None:
        service, environment = self.services[name], self._environment(name)
        command = [self._here(word, name) for word in service.get("command") or last(self.image, "CMD").words]
        user = last(self.image, "USER").text
        shutil.rmtree(environment["TMPDIR"], ignore_errors=True)  # a tmpfs: empty at each start
        folders = [self.folder / "volumes" / volume.partition(":")[0] for volume in service["volumes"]]
        for folder in [Path(environment["TMPDIR"]), *folders]:
            _make_folder(folder, user)
        with (self.folder / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(
                [*_as_user(user), *command],
                cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

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

    def _wait_until_healthy(self, name: str) -> None:
        """Ask the declared check; its failures count from the end of its start period on."""
        check, limits = self._health_check(name)
        environment = self._environment(name)
        environment["PATH"] += f":{self.postgres.binaries}"
        deadline = time.monotonic() + limits["start_period"] + limits["retries"] * limits["interval"]
        while time.monotonic() < deadline:
            process = self.processes.get(name)
            if process is not None and process.poll() is not None:
                pytest.fail(f"{name} ended with {process.returncode}:\n{self.log(name)[-3000:]}")
            asked = subprocess.run(check, env=environment, capture_output=True, check=False)
            if asked.returncode == 0:
                return
            time.sleep(0.5)
        pytest.fail(f"{name} is not healthy: {asked.stderr.decode()[-500:]}")

    def _health_check(self, name: str) -> tuple[list[str], dict[str, float]]:
        if declared := self.services[name].get("healthcheck"):
            words = declared["test"][1:]
            limits = {key: _seconds(declared[key]) for key in ("interval", "start_period")}
            return [self._here(word, name) for word in words], {**limits, "retries": declared["retries"]}
        options, _, command = last(self.image, "HEALTHCHECK").text.partition("CMD ")
        found = dict(re.findall(r"--([\w-]+)=(\d+)", options))
        limits = {key.replace("-", "_"): float(value) for key, value in found.items()}
        return [self._here(word, name) for word in json.loads(command)], limits


@contextmanager
def running_stack(root: Path, folder: Path, variables: Mapping[str, str]) -> Iterator[Stack]:
    """Start everything; skips where PostgreSQL isn't installed."""
    initdb = read_compose(root / "compose.yaml", variables)["services"]["postgres"]["environment"]["POSTGRES_INITDB_ARGS"]
    with postgres_server("postgres", variables["POSTGRES_PASSWORD"], shlex.split(initdb)) as postgres:
        postgres.stop()
        stack = Stack(root, folder, variables, postgres)
        try:
            stack.up()
            yield stack
        finally:
            for process in stack.processes.values():
                _end_group(process)


def _container_port(entry: str) -> int:
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


def _seconds(duration: str | None) -> float:
    return float(_SECONDS.fullmatch(duration)[1]) if duration else 0.0  # type: ignore[index]


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    else:
        shutil.copy(source, target)


def _as_user(user: str) -> list[str]:
    """Return what runs a command as this user, without capabilities, where the tests run as root."""
    if os.geteuid() != 0:
        return []
    number, _, group = user.partition(":")
    call = ["setpriv", f"--reuid={number}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
    # A Python below /root can't be read by others: then to read, never to write, is left to them.
    left = "" if all(path.stat().st_mode & 0o001 for path in Path(sys.base_prefix).parents) else ",+dac_read_search"
    return [*call, *(f"--{kind}=-all{left}" for kind in ("inh-caps", "ambient-caps", "bounding-set"))]


def _make_folder(folder: Path, user: str) -> None:
    """Make a folder as a volume is made: the user's own, closed to others."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.parent.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(folder, *map(int, user.split(":")))


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of a service, as the end of its container does."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
