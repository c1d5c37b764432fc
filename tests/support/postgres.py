"""A PostgreSQL server of the tests' own, from the system's binaries."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest
from processes import free_port

# Debian puts each version's programs beside each other and none but psql on the PATH.
_DEBIAN = Path("/usr/lib/postgresql")
# Made anew for each session; nobody but this machine reaches it.
_PASSWORD = "pass-word-of-the-tests"
_numbers = count()


class PostgresServer(NamedTuple):
    """A running server; its administrator has a password."""

    port: int
    binaries: Path
    folder: Path
    user: str
    password: str

    def new_database(self) -> str:
        """Make an empty database; gives its address, postgresql://user:password@host:port/name."""
        name = f"test_{next(_numbers)}"
        call = [str(self.binaries / "createdb"), "-h", "127.0.0.1", "-p", str(self.port), "-U", self.user, name]
        subprocess.run(call, check=True, capture_output=True, env={**os.environ, "PGPASSWORD": self.password})
        return f"postgresql://{self.user}:{self.password}@127.0.0.1:{self.port}/{name}"

    def stop(self) -> None:
        """Cut every connection and stop; `start` brings it back with its data."""
        _run(self.binaries, "pg_ctl", ["stop", "-D", str(self.folder / "data"), "-m", "fast", "-w"])

    def start(self) -> None:
        """Start on the same port."""
        # A test's data may be lost with the power, so nothing waits for the disk.
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self.folder / "log")
        _run(self.binaries, "pg_ctl", ["start", "-D", str(self.folder / "data"), "-l", log, "-w", "-o", options])


@contextmanager
def postgres_server(
    user: str = "optophone", password: str = _PASSWORD, initdb: Sequence[str] = ()
) -> Iterator[PostgresServer]:
    """Run a server on a free port with data in a folder of its own; skips where PostgreSQL isn't installed."""
    binaries = _binaries()
    # Not below pytest's folders: they are closed to the user that the server runs as. Short, for the socket's path.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        if (account := _account()) is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        server = PostgresServer(free_port(), binaries, folder, user, password)
        _make_cluster(server, initdb)
        server.start()
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not versions:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return versions[-1].parent


def _make_cluster(server: PostgresServer, options: Sequence[str]) -> None:
    password = server.folder / "password"
    password.write_text(server.password)
    password.chmod(0o644)
    access = ["-U", server.user, "-A", "scram-sha-256", f"--pwfile={password}"]
    place = ["-D", str(server.folder / "data"), "-E", "UTF8", "--locale=C", "--no-sync"]
    _run(server.binaries, "initdb", [*place, *access, *options])


def _run(binaries: Path, program: str, arguments: Sequence[str]) -> None:
    """Run one of PostgreSQL's programs, which refuse to run as root."""
    call = [str(binaries / program), *arguments]
    if (account := _account()) is not None:
        call = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", *call]
    # The server would keep a pipe open for as long as it runs.
    done = subprocess.run(call, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        pytest.fail(f"{program} ended with {done.returncode}; its reason stands above")


def _account() -> pwd.struct_passwd | None:
    """Return the user to run as where the tests run as root."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]
