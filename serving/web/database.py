"""The service's database: a SQLite file in the data folder, or PostgreSQL by `OPTOPHONE_DATABASE_URL`.

One process owns it, and says so by a lock that the system frees when the process is killed: SQLite's own on the file;
on PostgreSQL an advisory lock of the one connection that does all the work. Who loses that connection loses the lock
with it, so that nothing is ever written without the lock; the next transaction connects anew and takes it again.
"""

import os
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

from graph.database import PostgresAddress, postgres_address
from graph.settings import Settings

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
    address = postgres_address(settings)
    return _sqlite(settings.data_dir / "service.db") if address is None else _postgres(address)


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


def _postgres(address: PostgresAddress) -> Database:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=partial(_connect, address.parameters),
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    return Database(engine, postgresql.insert, None, partial(_explain, address))


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


def _explain(address: PostgresAddress, error: DBAPIError) -> str:
    if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
        return address.explain(error.orig)
    return (
        "cannot use the database of OPTOPHONE_DATABASE_URL (another service uses it); "
        "end the other service, or set another OPTOPHONE_DATABASE_URL"
    )
