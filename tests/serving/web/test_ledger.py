"""What was accepted survives, for its owner alone."""

import stat
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from postgres import PostgresServer

from graph.settings import Settings
from schemas.errors import UsageError
from serving.web.database import DatabaseUnavailableError, open_database
from serving.web.ledger import Ledger, LedgerClosedError, QueueFullError
from serving.web.tables import StoredAnswer, StoredDocument, now

PAGE = {"image": "sha256:page", "width_px": 1, "height_px": 1, "text_layer": None}


Open = Callable[[], Ledger]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger lies on SQLite."""
    return tmp_path / "data" / "service.db"


@pytest.fixture
def files(path: Path) -> Iterator[Open]:
    """Open a ledger on SQLite."""
    yield from _opener(Settings(data_dir=path.parent))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def open_ledger(request: pytest.FixtureRequest, path: Path) -> Iterator[Open]:
    """Open a ledger, the same one each time."""
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    yield from _opener(Settings(data_dir=path.parent, database_url=url))


def _opener(settings: Settings) -> Iterator[Open]:
    opened: list[Ledger] = []

    def open_one() -> Ledger:
        opened.append(Ledger(open_database(settings)))
        return opened[-1]

    yield open_one
    for ledger in opened:
        ledger.close()


def _accept(ledger: Ledger, ref: str = "sha256:a") -> str:
    document = ledger.put_document(ref, "a.pdf", [PAGE])
    accepted = ledger.accept(document, "a.pdf", {"target_schema": "form"}, "ann", 100)
    assert accepted is not None
    return accepted.id


def test_what_was_left_is_taken_back_in_order(open_ledger: Open) -> None:
    """What ran and what waited, oldest first; what ended stays as it is."""
    ledger = open_ledger()
    ids = [_accept(ledger) for _ in range(3)]
    ledger.begin(ids[0])
    ledger.begin(ids[1])
    ledger.change(ids[1], status="valid", result={"status": "valid"}, ended_at=now())
    ledger.close()
    again = open_ledger()
    assert again.take_back() == [ids[0], ids[2]]
    assert again.counts() == {"queued": 2, "valid": 1}
    assert again.get(ids[1]).result == {"status": "valid"}  # type: ignore[union-attr]


def test_document_that_kills_the_process_is_reported(open_ledger: Open) -> None:
    """After three starts without an end it fails, and holds nobody up any more."""
    ledger = open_ledger()
    id = _accept(ledger)
    for _ in range(2):
        ledger.begin(id)
        assert ledger.take_back() == [id]
    ledger.begin(id)
    assert ledger.take_back() == []
    failed = ledger.get(id)
    assert failed is not None
    assert (failed.status, failed.error["code"]) == ("failed", "interrupted")  # type: ignore[index]
    assert failed.ended_at is not None


def test_orderly_end_counts_for_nothing(open_ledger: Open) -> None:
    """A service that is often started anew does not give a document up."""
    ledger = open_ledger()
    id = _accept(ledger)
    for _ in range(5):
        ledger.begin(id)
        ledger.give_back()
        assert ledger.take_back() == [id]


def test_second_process_is_refused(open_ledger: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them would do everything twice."""
    monkeypatch.setattr("serving.web.database._LOCK_WAIT_S", 0.1)
    ledger = open_ledger()
    with pytest.raises(UsageError, match="end the other service"):
        open_ledger()
    ledger.close()
    open_ledger().close()


def test_files_are_the_owners_alone(files: Open, path: Path) -> None:
    """Folder and database, whatever the umask."""
    ledger = files()
    _accept(ledger)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_full_queue_refuses(open_ledger: Open) -> None:
    """What runs or ended does not count."""
    ledger = open_ledger()
    ledger.begin(_accept(ledger))
    document = ledger.put_document("sha256:a", "a.pdf", [PAGE])
    ledger.accept(document, "a", {}, "ann", 1)
    with pytest.raises(QueueFullError):
        ledger.accept(document, "a", {}, "ann", 1)


def test_deleted_document_takes_its_extractions_along(files: Open, path: Path) -> None:
    """Nothing of its text is left in the files, and nothing can be accepted for it any more."""
    ledger = files()
    id = _accept(ledger)
    kept = _accept(ledger, "sha256:b")
    result: dict[str, Any] = {"status": "valid", "extraction": {"name": "Wilhelmina Quartermaine"}}
    ledger.change(id, status="valid", result=result)
    document = ledger.document("sha256:a")
    assert isinstance(document, StoredDocument)
    ledger.delete_document("sha256:a")
    assert (ledger.get(id), ledger.document("sha256:a")) == (None, None)
    assert ledger.get(kept) is not None
    assert ledger.accept(document, "a", {}, "ann", 100) is None
    assert not any(b"Quartermaine" in file.read_bytes() for file in path.parent.iterdir())


def test_old_documents_are_those_without_work(open_ledger: Open) -> None:
    """Retention waits for what is queued."""
    ledger = open_ledger()
    done, waiting = _accept(ledger), _accept(ledger, "sha256:b")
    ledger.change(done, status="valid")
    assert ledger.documents_before("9999") == ["sha256:a"]
    assert ledger.documents_before("2000") == []
    assert ledger.get(waiting).status == "queued"  # type: ignore[union-attr]


def test_shared_pages_are_known(open_ledger: Open) -> None:
    """Two files can hold the same picture."""
    ledger = open_ledger()
    _accept(ledger)
    assert ledger.pages_of_others("sha256:a") == set()
    assert ledger.pages_of_others("sha256:z") == {"sha256:page"}


def test_list_goes_on_after_any_number(open_ledger: Open) -> None:
    """`before` may be larger than an integer of four bytes; a search takes signs that mean something to databases."""
    ledger = open_ledger()
    ids = [_accept(ledger) for _ in range(3)]
    listed = ledger.newest(2, 10**17, "A.PD", "queued")
    assert [found.id for found in listed] == ids[:0:-1]
    assert [found.id for found in ledger.newest(9, listed[-1].number, "", None)] == ids[:1]
    assert ledger.newest(9, None, "%", None) == []


def test_what_is_no_longer_as_expected_is_left(open_ledger: Open) -> None:
    """A result that comes late writes over nothing, and what ended is not begun again."""
    ledger = open_ledger()
    id = _accept(ledger)
    assert ledger.settle(id, status="valid") is None
    assert ledger.begin(id).status == "running"  # type: ignore[union-attr]
    assert ledger.begin(id) is None
    assert ledger.settle(id, status="valid").status == "valid"  # type: ignore[union-attr]
    assert ledger.settle(id, status="failed") is None


@pytest.mark.slow
def test_lost_connection_is_made_anew(postgres: PostgresServer, tmp_path: Path) -> None:
    """While the server is away nothing is written; when it is back the ledger is, and has its lock again."""
    settings = Settings(data_dir=tmp_path, database_url=postgres.new_database())
    ledger = Ledger(open_database(settings))
    id = _accept(ledger)
    postgres.stop()
    try:
        with pytest.raises(DatabaseUnavailableError, match="start the server"):
            ledger.check()
    finally:
        postgres.start()
    assert ledger.begin(id).status == "running"  # type: ignore[union-attr]
    with pytest.raises(UsageError, match=r"another service uses it.*end the other service"):
        Ledger(open_database(settings))
    ledger.close()


@pytest.mark.slow
def test_service_whose_lock_was_taken_writes_nothing(postgres: PostgresServer, tmp_path: Path) -> None:
    """Its connection was cut and another service was quicker: the first one says so until the other has ended."""
    import psycopg

    url = postgres.new_database()
    settings = Settings(data_dir=tmp_path, database_url=url)
    first = Ledger(open_database(settings))
    id = _accept(first)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    second = Ledger(open_database(settings))
    assert second.begin(id).starts == 1  # type: ignore[union-attr]
    with pytest.raises(DatabaseUnavailableError, match="another service uses it"):
        first.begin(id)
    second.close()
    first.check()
    first.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ann:pa/ss-word@127.0.0.1:1/x", "cannot use the database"),
        ("postgresql://ann:pa@ss-word@127.0.0.1:1/x", "can't be reached"),
        ("postgresql://ann:ss-word@127.0.0.1:1/x", "Connection refused"),
        ("postgresql://127.0.0.1:1/x?user=ann&password=ss-word", "Connection refused"),
        ("postgresql://ann:ss-word@[127.0.0.1/x", "as postgresql://"),
        ("postgresql://ann:ss-word@127.0.0.1/x?ss-word=1", "as postgresql://"),
        ("postgresql://ann:ss-word@127.0.0.1/x?connect_timeout=x", "bad value for connect_timeout"),
    ],
)
def test_password_of_an_address_is_never_repeated(tmp_path: Path, url: str, said: str) -> None:
    """One sentence says what is wrong with it; nothing behind the sentence has more."""
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    with pytest.raises(UsageError, match=said) as raised:
        Ledger(open_database(Settings(data_dir=tmp_path, database_url=url)))
    assert "ss-word" not in "".join(traceback.format_exception(raised.value))


def test_what_waits_for_a_person_is_left_until_it_is_answered(open_ledger: Open) -> None:
    """It is neither queued nor logged nor begun again; its answer stays until the run has taken it up."""
    ledger = open_ledger()
    id = _accept(ledger)
    answer = StoredAnswer(id, "which", {"values": [{"path": "/a", "value": "\x00é"}]})
    assert ledger.go_on(id, answer) is None
    ledger.begin(id)
    assert ledger.settle(id, status="waiting").has_ended is False  # type: ignore[union-attr]
    assert (ledger.take_back(), ledger.unlogged(), ledger.begin(id)) == ([], [], None)
    assert ledger.documents_before("9999") == ["sha256:a"]
    assert ledger.go_on(id, answer).status == "queued"  # type: ignore[union-attr]
    assert ledger.go_on(id, answer) is None
    ledger.close()
    again = open_ledger()
    assert again.take_back() == [id]
    again.begin(id)
    assert again.answer(id) == answer
    assert again.settle(id, status="valid").has_ended  # type: ignore[union-attr]
    assert again.answer(id) is None
    assert again.unlogged() == [id]


def test_answer_goes_with_its_document(open_ledger: Open) -> None:
    """Also one that no run has taken up."""
    ledger = open_ledger()
    id = _accept(ledger)
    ledger.begin(id)
    ledger.settle(id, status="waiting")
    ledger.go_on(id, StoredAnswer(id, "which", {}))
    ledger.delete_document("sha256:a")
    assert (ledger.get(id), ledger.answer(id)) == (None, None)


def test_closed_ledger_stays_closed(files: Open) -> None:
    """A thread that still deletes when the service ends doesn't take the lock again."""
    ledger = files()
    _accept(ledger)

    class Statement(str):
        def __bool__(self) -> bool:
            """Close between the two steps of a deletion, just where the second one is decided on."""
            ledger.close()
            return True

    ledger._database = replace(ledger._database, after_deletion=Statement(ledger._database.after_deletion))
    with pytest.raises(LedgerClosedError):
        ledger.delete_document("sha256:a")
    assert files().document("sha256:a") is None
