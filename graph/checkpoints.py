"""Where runs that wait for a person are kept: a SQLite file, or PostgreSQL where `OPTOPHONE_DATABASE_URL` names one.

Runs of `langgraph dev` are kept apart from all others: its clients choose ids, and write states, as they like.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from graph.database import PostgresAddress, postgres_address
from graph.settings import Settings
from schemas.errors import UsageError

Space = Literal["reviews", "langgraph"]

_FILES: dict[Space, str] = {"reviews": "checkpoints.db", "langgraph": "langgraph.db"}
# Another process writes one checkpoint in milliseconds; a backup may hold the file for a while.
_SQLITE_WAIT_S = 30.0
# What was deleted is overwritten.
_OVERWRITE = "PRAGMA secure_delete=ON"
# A new database's tables take a second.
_SETUP_WAIT_S = 60.0
# Any number that nobody else on the database uses: "optophon" in ASCII.
_SETUP_LOCK = 0x6F70746F70686F6E
# As many as write at once; each costs the server a process.
_MAX_CONNECTIONS = 4


@contextmanager
def open_checkpointer(settings: Settings, space: Space = "reviews") -> Iterator[BaseCheckpointSaver[Any]]:
    """Open the store of waiting runs for synchronous calls, made where it isn't there; safe for several processes.

    Raises:
        UsageError: the database can't be used, now or when it is asked; or its package isn't installed.
    """
    if (address := postgres_address(settings)) is None:
        from langgraph.checkpoint.sqlite import SqliteSaver  # noqa: PLC0415 - only where runs wait

        path = _sqlite_file(settings, space)
        with (
            _file_failures(path),
            closing(sqlite3.connect(path, timeout=_SQLITE_WAIT_S, check_same_thread=False)) as connection,
        ):
            connection.execute(_OVERWRITE)
            yield SqliteSaver(connection, serde=_serializer())
        return
    from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415 - an extra
    from psycopg_pool import ConnectionPool  # noqa: PLC0415

    with address.failures():
        _make_tables(address, space)
        check = ConnectionPool.check_connection
        with ConnectionPool(check=check, configure=_store_any_text, **_pool_options(address, space)) as pool:
            yield PostgresSaver(pool, serde=_serializer())


@asynccontextmanager
async def aopen_checkpointer(settings: Settings, space: Space = "reviews") -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Open the same store for asynchronous calls on this event loop.

    Raises:
        UsageError: the database can't be used, now or when it is asked; or its package isn't installed.
    """
    if (address := postgres_address(settings)) is None:
        import aiosqlite  # noqa: PLC0415
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # noqa: PLC0415

        path = await asyncio.to_thread(_sqlite_file, settings, space)
        with _file_failures(path):
            async with aiosqlite.connect(path, timeout=_SQLITE_WAIT_S) as connection:
                await connection.execute(_OVERWRITE)
                yield AsyncSqliteSaver(connection, serde=_serializer())
        return
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver  # noqa: PLC0415 - an extra
    from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415

    async def configure(connection: Any) -> None:
        _store_any_text(connection)

    with address.failures():
        await asyncio.to_thread(_make_tables, address, space)
        check = AsyncConnectionPool.check_connection
        async with AsyncConnectionPool(check=check, configure=configure, **_pool_options(address, space)) as pool:
            yield AsyncPostgresSaver(pool, serde=_serializer())


def _serializer() -> JsonPlusSerializer:
    """Read back plain data and LangGraph's own types only: who can write the database can't have code run here."""
    return JsonPlusSerializer(allowed_msgpack_modules=None)


def _sqlite_file(settings: Settings, space: Space) -> Path:
    """Make the file for its owner alone: what waits holds personal data."""
    path = settings.data_dir / _FILES[space]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise UsageError(f"cannot make '{path}': {error.strerror}; set OPTOPHONE_DATA_DIR") from error
    return path


@contextmanager
def _file_failures(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise UsageError(f"cannot use '{path}': {error}; make room for it, or restore it from a backup") from error


def _make_tables(address: PostgresAddress, space: Space) -> None:
    """Make the tables, or bring them up to date; one process at a time, as they would trip over each other."""
    import psycopg  # noqa: PLC0415 - an extra
    from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415

    with psycopg.connect(**_connection_options(address, space)) as connection:
        _lock(connection)
        if space == "langgraph":
            connection.execute("CREATE SCHEMA IF NOT EXISTS langgraph")
        PostgresSaver(connection).setup()


def _connection_options(address: PostgresAddress, space: Space) -> dict[str, Any]:
    from psycopg.rows import dict_row  # noqa: PLC0415 - an extra

    options = {**address.parameters, "autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    if space == "langgraph":
        options["options"] += " -c search_path=langgraph"
    return options


def _pool_options(address: PostgresAddress, space: Space) -> dict[str, Any]:
    return {"min_size": 1, "max_size": _MAX_CONNECTIONS, "kwargs": _connection_options(address, space)}


def _store_any_text(connection: Any) -> None:
    """Put a sign for what PostgreSQL's JSON can't hold: a file's name or a schema's title may have it."""
    from psycopg.types.json import set_json_dumps  # noqa: PLC0415 - an extra

    set_json_dumps(_to_json, connection)


def _to_json(value: Any) -> bytes:
    return json.dumps(_without_nul(value), ensure_ascii=False).encode(errors="replace")


def _without_nul(value: Any) -> Any:
    """Replace the sign itself: as JSON writes it, it may also stand in a text, behind a backslash of its own."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return [_without_nul(item) for item in value] if isinstance(value, list | tuple) else value


def _lock(connection: Any) -> None:
    """Wait for others who make tables; asking again and again, since an index waits for every transaction's end."""
    deadline = time.monotonic() + _SETUP_WAIT_S
    while not connection.execute("SELECT pg_try_advisory_lock(%s) AS locked", [_SETUP_LOCK]).fetchone()["locked"]:
        if time.monotonic() > deadline:
            raise UsageError("another process has been making OPTOPHONE_DATABASE_URL's tables for a minute; end it")
        time.sleep(0.1)
