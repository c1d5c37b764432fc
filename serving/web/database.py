"""The service's database: a SQLite file in the data folder, or PostgreSQL by `OPTOPHONE_DATABASE_URL`.

One process owns it, and says so by a lock that the system frees when the process is killed: SQLite's own on the file;
on PostgreSQL an advisory lock of the one connection that does all the work. Who loses that connection loses the lock
with it, so that nothing is ever written without the lock; the next transaction connects anew and takes it again.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import StaticPool

from graph.settings import Settings
from schemas.errors import UsageError

# Another process that is just ending frees the lock within this time.
_LOCK_WAIT_S = 5.0
# Any number that nobody else locks in the same database, `graph.checkpoints` neither: "optserve" in ASCII.
_LOCK_KEY = int.from_bytes(b"optserve")
_LOCK_NOT_AVAILABLE = "55P03"

_PRAGMAS = (
    "locking_mode=EXCLUSIVE",  # one process
    "journal_mode=WAL",
    "synchronous=FULL",  # what was accepted survives a power failure
    "foreign_keys=ON",
    "secure_delete=ON",  # what was deleted is overwritten
)
# A network that fails is noticed by both ends within a minute, and not after the hours that are TCP's own measure: the
# server frees the lock of a client that is gone, and the client asks nobody who isn't there. The address may say more.
_CONNECTION = {
    "application_name": "optophone",
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "options": "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
}


class DatabaseUnavailableError(Exception):
    """The database can't be reached or written now, or another service has taken it."""


@dataclass(frozen=True)
class Database:
    """An engine of one connection, and what its dialect does differently."""

    engine: Engine
    insert: Callable[[Table], Any]
    """The dialect's own, which can update what is there already."""
    after_deletion: str | None
    """Statement that removes from the files what a transaction deleted; None where the server does so itself."""
    explain: Callable[[DBAPIError], str]
    """Says in a sentence why it can't be used, without a secret."""

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit at the end, or roll back.

        Raises:
            DatabaseUnavailableError: nothing was written, unless the connection broke at the very end.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except (OperationalError, InterfaceError) as error:
            # The driver's own text, and so the chain, may repeat a part of the password.
            raise DatabaseUnavailableError(self.explain(error)) from None


def open_database(settings: Settings) -> Database:
    """Return the database of these settings; it is reached and locked by its first transaction.

    Raises:
        UsageError: the address can't be used, or the driver is not installed.
    """
    if settings.database_url is None:
        return _sqlite(settings.data_dir / "service.db")
    return _postgres(settings.database_url.get_secret_value())


def _sqlite(path: Path) -> Database:
    """Make the file readable for its owner alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False, "timeout": _LOCK_WAIT_S},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _set_up)

    def explain(error: DBAPIError) -> str:
        return f"cannot use '{path}' ({error.orig}); end the other service, or set another OPTOPHONE_DATA_DIR"

    # The log before the database held the deleted rows too.
    return Database(engine, sqlite.insert, "PRAGMA wal_checkpoint(TRUNCATE)", explain)


def _set_up(connection: Any, _: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _postgres(url: str) -> Database:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=partial(_connect, _parameters(url)),
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    return Database(engine, postgresql.insert, None, partial(_explain, url))


def _parameters(url: str) -> dict[str, Any]:
    try:
        from psycopg import ProgrammingError  # noqa: PLC0415 - of an extra
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            "OPTOPHONE_DATABASE_URL needs PostgreSQL's driver; install it with pip install 'optophone[postgres]'"
        ) from error
    try:
        return {**_CONNECTION, **conninfo_to_dict(url)}
    except ProgrammingError:
        # Its text, and so the chain, may repeat the password.
        raise UsageError(
            "OPTOPHONE_DATABASE_URL can't be read; expected postgresql://user:password@host:port/database"
        ) from None


def _connect(parameters: dict[str, Any]) -> Any:
    """Connect and take the lock; whoever has it for longer than the wait keeps it."""
    import psycopg  # noqa: PLC0415 - of an extra

    connection = psycopg.connect(**parameters)
    try:
        connection.execute(f"SET lock_timeout = {round(_LOCK_WAIT_S * 1000)}")
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK_KEY])
        connection.commit()
    except psycopg.Error:
        connection.close()
        raise
    return connection


def _explain(url: str, error: DBAPIError) -> str:
    """Repeat what the server says, unless any part of what may be the password stands in it."""
    place = "cannot use the database of OPTOPHONE_DATABASE_URL"
    if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
        return f"{place} (another service uses it); end the other service, or set another OPTOPHONE_DATABASE_URL"
    said = " ".join(str(error.orig).split())
    _, _, secret = url.partition("://")[2].rpartition("@")[0].partition(":")
    pieces = [*re.split(r"[:/@?#]", secret), *re.findall(r"password=([^&\s]+)", url)]
    if any(piece in said for piece in pieces if piece):
        said = "it can't be reached"
    return f"{place} ({said}); start the server, or correct the address"
