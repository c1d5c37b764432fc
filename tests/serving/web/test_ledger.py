"""What was accepted survives, for its owner alone."""

import stat
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import UsageError
from serving.web.ledger import Ledger, QueueFullError
from serving.web.tables import StoredDocument, now

PAGE = {"image": "sha256:page", "width_px": 1, "height_px": 1, "text_layer": None}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger lies."""
    return tmp_path / "data" / "service.db"


def _accept(ledger: Ledger, ref: str = "sha256:a") -> str:
    document = ledger.put_document(ref, "a.pdf", [PAGE])
    accepted = ledger.accept(document, "a.pdf", {"target_schema": "form"}, "ann", 100)
    assert accepted is not None
    return accepted.id


def test_what_was_left_is_taken_back_in_order(path: Path) -> None:
    """What ran and what waited, oldest first; what ended stays as it is."""
    ledger = Ledger(path)
    ids = [_accept(ledger) for _ in range(3)]
    ledger.begin(ids[0])
    ledger.begin(ids[1])
    ledger.change(ids[1], status="valid", result={"status": "valid"}, ended_at=now())
    ledger.close()
    again = Ledger(path)
    assert again.take_back() == [ids[0], ids[2]]
    assert again.counts() == {"queued": 2, "valid": 1}
    assert again.get(ids[1]).result == {"status": "valid"}  # type: ignore[union-attr]


def test_document_that_kills_the_process_is_reported(path: Path) -> None:
    """After three starts without an end it fails, and holds nobody up any more."""
    ledger = Ledger(path)
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


def test_orderly_end_counts_for_nothing(path: Path) -> None:
    """A service that is often started anew does not give a document up."""
    ledger = Ledger(path)
    id = _accept(ledger)
    for _ in range(5):
        ledger.begin(id)
        ledger.give_back()
        assert ledger.take_back() == [id]


def test_second_process_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them would do everything twice."""
    monkeypatch.setattr("serving.web.ledger._LOCK_WAIT_S", 0.1)
    ledger = Ledger(path)
    with pytest.raises(UsageError, match="end the other service"):
        Ledger(path)
    ledger.close()
    Ledger(path).close()


def test_files_are_the_owners_alone(path: Path) -> None:
    """Folder and database, whatever the umask."""
    ledger = Ledger(path)
    _accept(ledger)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_full_queue_refuses(path: Path) -> None:
    """What runs or ended does not count."""
    ledger = Ledger(path)
    ledger.begin(_accept(ledger))
    document = ledger.put_document("sha256:a", "a.pdf", [PAGE])
    ledger.accept(document, "a", {}, "ann", 1)
    with pytest.raises(QueueFullError):
        ledger.accept(document, "a", {}, "ann", 1)


def test_deleted_document_takes_its_extractions_along(path: Path) -> None:
    """Nothing of its text is left in the files, and nothing can be accepted for it any more."""
    ledger = Ledger(path)
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


def test_old_documents_are_those_without_work(path: Path) -> None:
    """Retention waits for what is queued."""
    ledger = Ledger(path)
    done, waiting = _accept(ledger), _accept(ledger, "sha256:b")
    ledger.change(done, status="valid")
    assert ledger.documents_before("9999") == ["sha256:a"]
    assert ledger.documents_before("2000") == []
    assert ledger.get(waiting).status == "queued"  # type: ignore[union-attr]


def test_shared_pages_are_known(path: Path) -> None:
    """Two files can hold the same picture."""
    ledger = Ledger(path)
    _accept(ledger)
    assert ledger.pages_of_others("sha256:a") == set()
    assert ledger.pages_of_others("sha256:z") == {"sha256:page"}
