"""The store of waiting runs: who may read it, and what is said where it can't be used."""

import sqlite3
import stat
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import empty_checkpoint
from postgres import PostgresServer
from processes import free_port
from pydantic import SecretStr

from graph.checkpoints import Space, aopen_checkpointer, open_checkpointer
from graph.settings import Settings
from schemas.errors import UsageError


def _settings(tmp_path: Path, url: str | None = None) -> Settings:
    return Settings(data_dir=tmp_path / "data", database_url=SecretStr(url) if url else None)


def _config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}


def _write(settings: Settings, thread: str, space: Space = "reviews") -> None:
    with open_checkpointer(settings, space) as opened:
        opened.put(_config(thread), empty_checkpoint(), {}, {})


def _threads(settings: Settings, space: Space = "reviews") -> set[str]:
    with open_checkpointer(settings, space) as opened:
        return {item.config["configurable"]["thread_id"] for item in opened.list(None)}


def test_file_is_its_owners_alone(tmp_path: Path) -> None:
    """What waits holds personal data; the data folder is made on the way."""
    _write(_settings(tmp_path), "a")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
    assert modes == {"checkpoints.db": 0o600}


def test_langgraph_dev_reaches_no_other_run(tmp_path: Path) -> None:
    """Its clients choose thread ids and write states as they like."""
    settings = _settings(tmp_path)
    _write(settings, "a")
    _write(settings, "b", "langgraph")
    assert (_threads(settings), _threads(settings, "langgraph")) == ({"a"}, {"b"})


async def test_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """In one sentence, at the first use."""
    settings = _settings(tmp_path)
    settings.data_dir.mkdir()
    (settings.data_dir / "checkpoints.db").write_bytes(b"no database" * 1000)
    with pytest.raises(UsageError, match=r"cannot use .*checkpoints\.db': file is not a database"):
        _threads(settings)
    with pytest.raises(UsageError, match=r"cannot use .*checkpoints\.db': file is not a database"):
        async with aopen_checkpointer(settings) as opened:
            await opened.aget_tuple(_config("a"))


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Before anything is read or paid."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(UsageError, match="set OPTOPHONE_DATA_DIR"):
        _threads(_settings(tmp_path))


def test_code_in_the_database_is_not_run(tmp_path: Path) -> None:
    """Who can write the file gets no object made but LangGraph's own."""
    import ormsgpack

    settings = _settings(tmp_path)
    _write(settings, "a")
    planted = ormsgpack.packb(ormsgpack.Ext(0, ormsgpack.packb(("subprocess", "getoutput", "touch planted"))))
    with sqlite3.connect(settings.data_dir / "checkpoints.db") as connection:
        connection.execute("UPDATE checkpoints SET type = 'msgpack', checkpoint = ?", [planted])
    connection.close()
    with open_checkpointer(settings) as opened:
        (item,) = opened.list(None)
    assert item.checkpoint == "touch planted"


@pytest.mark.parametrize("url", ["mysql://u:hunter22@h/d", "postgresql:u:hunter22@h", "hunter22", ""])
def test_address_of_something_else_is_told_without_its_password(tmp_path: Path, url: str) -> None:
    """Nothing is tried."""
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(url))
    with pytest.raises(UsageError, match="expected OPTOPHONE_DATABASE_URL as postgresql://") as caught:
        _threads(settings)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "hunter22@127.0.0.1:{port}/d",
        "pass@hunter22@127.0.0.1:{port}/d",
        "pass/hunter22@127.0.0.1:{port}/d",
        "pass%2Fhunter22@127.0.0.1:{port}/d",
        "hunter22@127.0.0.1:{port}/d?nonsense=1",
        "hunter22@127.0.0.1:x/d",
        "hunter22@h/d?connect_timeout=x",
        "hunter22@[h/d",
    ],
)
async def test_database_that_does_not_answer_is_told_without_its_password(
    tmp_path: Path, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One sentence, nothing behind it, and nothing in the log."""
    settings = _settings(tmp_path, "postgresql://me:" + address.format(port=free_port()))
    with pytest.raises(UsageError, match="OPTOPHONE_DATABASE_URL") as caught:
        _threads(settings)
    with pytest.raises(UsageError, match="OPTOPHONE_DATABASE_URL") as also:
        async with aopen_checkpointer(settings):
            pass
    assert str(also.value) == str(caught.value)
    assert "\n" not in str(caught.value)
    chains = [*traceback.format_exception(caught.value), *traceback.format_exception(also.value)]
    assert "hunter22" not in "".join(chains) + caplog.text


async def test_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is an extra."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    settings = _settings(tmp_path, "postgresql://me@127.0.0.1/d")
    with pytest.raises(UsageError, match=r"pip install 'optophone\[postgres\]'"):
        _threads(settings)
    with pytest.raises(UsageError, match=r"pip install 'optophone\[postgres\]'"):
        async with aopen_checkpointer(settings):
            pass


@pytest.mark.slow
def test_processes_that_start_together_make_the_tables_once(tmp_path: Path, postgres: PostgresServer) -> None:
    """None trips over another; runs of langgraph dev stay apart there too."""
    settings = _settings(tmp_path, postgres.new_database())
    with ThreadPoolExecutor(6) as pool:
        spaces: list[Space] = ["reviews", "langgraph"] * 3
        list(pool.map(lambda item: _write(settings, f"{item[1]}-{item[0]}", item[1]), enumerate(spaces)))
    assert _threads(settings) == {"reviews-0", "reviews-2", "reviews-4"}
    assert _threads(settings, "langgraph") == {"langgraph-1", "langgraph-3", "langgraph-5"}


@pytest.mark.slow
async def test_database_that_restarts_is_reconnected(tmp_path: Path, postgres: PostgresServer) -> None:
    """A service that runs for months outlives its database's updates."""
    settings = _settings(tmp_path, postgres.new_database())
    with open_checkpointer(settings) as opened:
        async with aopen_checkpointer(settings) as also:
            opened.put(_config("a"), empty_checkpoint(), {}, {})
            assert await also.aget_tuple(_config("a")) is not None
            postgres.stop()
            postgres.start()
            assert opened.get_tuple(_config("a")) is not None
            assert await also.aget_tuple(_config("a")) is not None


@pytest.mark.slow
def test_database_that_fails_later_is_told(tmp_path: Path, postgres: PostgresServer) -> None:
    """As one sentence, not as a traceback."""
    url = postgres.new_database()

    def use() -> None:
        with open_checkpointer(_settings(tmp_path, url)) as opened:
            opened.put(_config("a"), empty_checkpoint(), {}, {})
            postgres.stop()
            opened.get_tuple(_config("a"))

    try:
        with pytest.raises(UsageError, match="cannot use the database of OPTOPHONE_DATABASE_URL") as caught:
            use()
    finally:
        postgres.start()
    assert url.split(":")[2].split("@")[0] not in str(caught.value)


@pytest.mark.slow
async def test_dead_network_is_noticed_by_both_ends(tmp_path: Path, postgres: PostgresServer) -> None:
    """Within a minute, on every connection; what the address says itself counts more."""
    settings = _settings(tmp_path, postgres.new_database() + "?connect_timeout=7")
    async with aopen_checkpointer(settings, "langgraph") as opened:
        store: Any = opened
        async with store._cursor() as cursor:
            client = cursor.connection.info.get_parameters()
            rows = await cursor.execute("SELECT name, setting FROM pg_settings")
            server = {row["name"]: row["setting"] async for row in rows}
    assert (client["tcp_user_timeout"], client["keepalives_idle"], client["connect_timeout"]) == ("10000", "20", "7")
    assert (server["tcp_keepalives_idle"], server["search_path"]) == ("20", "langgraph")


@pytest.mark.slow
def test_any_text_is_stored(tmp_path: Path, postgres: PostgresServer) -> None:
    """What PostgreSQL can't hold becomes a sign; what only looks like it, in a file's name, is kept as it is."""
    texts = {"a\\u0000": ["\\u0000", "\\\\u0000", "é\\", 1.5, None], "\0": ("a\0b", {"c": "\\\0"}), "d": "\ud800"}
    checkpoint = {**empty_checkpoint(), "channel_values": {"name": "x\\u0000y\0"}, "channel_versions": {"name": "1"}}
    with open_checkpointer(_settings(tmp_path, postgres.new_database())) as opened:
        metadata: Any = {"texts": texts}
        opened.put(_config("a"), checkpoint, metadata, {"name": "1"})  # type: ignore[typeddict-item]
        found = opened.get_tuple(_config("a"))
    assert found is not None
    stored: Any = found.metadata
    kept = {"a\\u0000": ["\\u0000", "\\\\u0000", "é\\", 1.5, None], "�": ["a�b", {"c": "\\�"}], "d": "?"}
    assert stored["texts"] == kept
    assert found.checkpoint["channel_values"] == {"name": "x\\u0000y�"}


@pytest.mark.slow
def test_wrong_password_is_told(tmp_path: Path, postgres: PostgresServer) -> None:
    """Without saying it."""
    url = postgres.new_database()
    password = url.split(":")[2].split("@")[0]
    with pytest.raises(UsageError, match="password authentication failed") as caught:
        _threads(_settings(tmp_path, url.replace(password, "hunter22")))
    assert "hunter22" not in str(caught.value)
