"""What the service has accepted and what became of it: the queue is the rows that are not ended.

Why rows and no queue of its own: docs/decisions/0011. All calls block; on an event loop they belong into a thread.
"""

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from schemas.errors import UsageError
from serving.web.database import Database, DatabaseUnavailableError
from serving.web.tables import (
    NOT_ENDED,
    OPEN,
    ExtractionStatus,
    StoredAnswer,
    StoredDocument,
    StoredExtraction,
    answers,
    documents,
    extractions,
    metadata,
    now,
)

# A document that brings the process down would do so for ever.
_MAX_STARTS = 3


class QueueFullError(Exception):
    """As many extractions wait as may."""


class LedgerClosedError(Exception):
    """The service has ended; what a thread still wanted to write is done after the next start."""


class Ledger:
    """Documents and extractions; safe for several threads."""

    def __init__(self, database: Database) -> None:
        """Make the tables where they are missing, and take the database's lock.

        Raises:
            UsageError: another process has it, or it can't be reached.
        """
        self._database = database
        self._lock, self._is_closed = threading.Lock(), False
        try:
            with self._transaction() as connection:
                metadata.create_all(connection)
            self.check()
        except DatabaseUnavailableError as error:
            database.engine.dispose()
            raise UsageError(str(error)) from error
        except ProgrammingError as error:  # its user may make no tables
            database.engine.dispose()
            raise UsageError(database.explain(error)) from None

    def close(self) -> None:
        """Free the database."""
        with self._lock:
            self._is_closed = True
            self._database.engine.dispose()

    @contextmanager
    def _held(self) -> Iterator[Database]:
        with self._lock:
            if self._is_closed:  # the engine would connect again, and keep the next service out
                raise LedgerClosedError
            yield self._database

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._held() as database, database.transaction() as connection:
            yield connection

    def check(self) -> None:
        """Raise unless the database can be written."""
        with self._transaction() as connection:  # which takes SQLite's lock
            connection.execute(update(extractions).where(extractions.c.number < 0).values(starts=0))

    # Documents

    def put_document(self, ref: str, name: str, pages: Sequence[Any]) -> StoredDocument:
        """Note an upload; a second one of the same content is the same document, by its newest name."""
        row = {"ref": ref, "name": name, "uploaded_at": now(), "pages": list(pages)}
        with self._transaction() as connection:
            put = self._database.insert(documents).values(row)
            connection.execute(put.on_conflict_do_update(index_elements=["ref"], set_=row))
        return StoredDocument(**row)  # type: ignore[arg-type]

    def document(self, ref: str) -> StoredDocument | None:
        """Return an upload; None for everything else, also for what was derived from one."""
        with self._transaction() as connection:
            row = connection.execute(select(documents).where(documents.c.ref == ref)).mappings().first()
        return StoredDocument(**row) if row else None

    def documents_before(self, time: str) -> list[str]:
        """Return references of uploads older than a time, none of them with work that waits."""
        waiting = select(extractions.c.document).where(extractions.c.status.in_(OPEN))
        old = select(documents.c.ref).where(documents.c.uploaded_at < time, documents.c.ref.not_in(waiting))
        with self._transaction() as connection:
            return list(connection.scalars(old))

    def pages_of_others(self, ref: str) -> set[str]:
        """Return the page images that other documents have too."""
        with self._transaction() as connection:
            others = connection.scalars(select(documents.c.pages).where(documents.c.ref != ref))
            return {page["image"] for pages in others for page in pages}

    def delete_document(self, ref: str) -> None:
        """Forget an upload and its extractions."""
        with self._transaction() as connection:
            of_document = extractions.c.document == ref
            ids = select(extractions.c.id).where(of_document)
            connection.execute(delete(answers).where(answers.c.extraction.in_(ids)))
            connection.execute(delete(extractions).where(of_document))
            connection.execute(delete(documents).where(documents.c.ref == ref))
        if self._database.after_deletion:
            with self._held() as database, database.engine.connect() as outside:
                outside.exec_driver_sql(self._database.after_deletion)

    # Extractions

    def accept(
        self,
        document: StoredDocument,
        name: str,
        context: dict[str, Any],
        caller: str,
        max_queued: int,
        *,
        is_logged: bool = True,
    ) -> StoredExtraction | None:
        """Note an extraction that is to be done; from here on it survives the process.

        None where the document was deleted meanwhile.

        Raises:
            QueueFullError: so many wait already.
        """
        row = {
            "id": secrets.token_urlsafe(12),
            "document": document.ref,
            "name": name,
            "num_pages": len(document.pages),
            "context": context,
            "caller": caller,
            "created_at": now(),
            "status": "queued",
            "run_id": None if is_logged else "",
        }
        try:
            with self._transaction() as connection:
                waiting = select(func.count()).where(extractions.c.status == "queued")
                if connection.scalar(waiting) >= max_queued:  # type: ignore[operator]
                    raise QueueFullError
                connection.execute(insert(extractions).values(row))
                return _get(connection, str(row["id"]))
        except IntegrityError:  # its foreign key
            return None

    def get(self, id: str) -> StoredExtraction | None:
        """Return an extraction."""
        with self._transaction() as connection:
            return _get(connection, id)

    def of_document(self, ref: str) -> list[StoredExtraction]:
        """Return the extractions of a document."""
        with self._transaction() as connection:
            rows = connection.execute(select(extractions).where(extractions.c.document == ref)).mappings()
            return [StoredExtraction(**row) for row in rows]

    def newest(self, limit: int, before: int | None, query: str, status: str | None) -> list[StoredExtraction]:
        """Return extractions, newest first, without results and progress; `query` is part of the name or the id."""
        left_out = ("result", "progress")
        columns = [column for column in extractions.c if column.name not in left_out]
        wanted = select(*columns).order_by(extractions.c.number.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(extractions.c.number < before)
        if query:
            matches = (column.icontains(query, autoescape=True) for column in (extractions.c.name, extractions.c.id))
            wanted = wanted.where(or_(*matches))
        if status is not None:
            wanted = wanted.where(extractions.c.status == status)
        with self._transaction() as connection:
            rows = connection.execute(wanted).mappings()
            return [StoredExtraction(**row, result=None, progress=[]) for row in rows]

    def begin(self, id: str) -> StoredExtraction | None:
        """Note that work on an extraction begins; None where it doesn't wait for it: it may be deleted."""
        with self._transaction() as connection:
            return _change(connection, id, "queued", status="running", starts=extractions.c.starts + 1)

    def change(self, id: str, **values: Any) -> StoredExtraction | None:
        """Set columns of an extraction; None where there is no such."""
        with self._transaction() as connection:
            return _change(connection, id, **values)

    def settle(self, id: str, **values: Any) -> StoredExtraction | None:
        """Note what became of a run, which has taken up its answer; None where it no longer runs: it may be deleted."""
        with self._transaction() as connection:
            settled = _change(connection, id, "running", **values)
            if settled is not None:
                connection.execute(delete(answers).where(answers.c.extraction == id))
            return settled

    def go_on(self, id: str, answer: StoredAnswer | None = None) -> StoredExtraction | None:
        """Queue an extraction that waits for a person, with what was answered; None where it doesn't wait."""
        with self._transaction() as connection:
            # Who answers often has not been stopped often.
            queued = _change(connection, id, "waiting", status="queued", starts=0)
            if queued is not None and answer is not None:
                connection.execute(insert(answers).values(asdict(answer)))
            return queued

    def wait_on(self, id: str) -> None:
        """Take an answer back before its run goes on: the extraction waits as before."""
        with self._transaction() as connection:
            if _change(connection, id, "queued", status="waiting") is not None:
                connection.execute(delete(answers).where(answers.c.extraction == id))

    def answer(self, id: str) -> StoredAnswer | None:
        """Return what was answered and the run has not taken up yet."""
        with self._transaction() as connection:
            row = connection.execute(select(answers).where(answers.c.extraction == id)).mappings().first()
        return StoredAnswer(**row) if row else None

    def take_back(self) -> list[str]:
        """After a start: queue again what an earlier process left, oldest first, and return all that waits.

        What was begun too often fails: it is reported instead of tried for ever.
        """
        error = {"code": "interrupted", "message": "the service was stopped each time it read this; upload it again"}
        is_running = extractions.c.status == "running"
        given_up = update(extractions).where(is_running, extractions.c.starts >= _MAX_STARTS)
        with self._transaction() as connection:
            connection.execute(given_up.values(status="failed", error=error, ended_at=now()))
            connection.execute(update(extractions).where(is_running).values(status="queued"))
            waiting = select(extractions.c.id).where(extractions.c.status == "queued")
            return list(connection.scalars(waiting.order_by(extractions.c.number)))

    def give_back(self, ids: Sequence[str] | None = None) -> None:
        """Queue again what is running, as if it had not begun: these, or before an orderly end all."""
        back = update(extractions).where(extractions.c.status == "running")
        if ids is not None:
            back = back.where(extractions.c.id.in_(ids))
        with self._transaction() as connection:
            connection.execute(back.values(status="queued", starts=extractions.c.starts - 1))

    def unlogged(self) -> list[str]:
        """Return the extractions that ended and that the request log lacks."""
        ended = select(extractions.c.id).where(extractions.c.status.not_in(NOT_ENDED), extractions.c.run_id.is_(None))
        with self._transaction() as connection:
            return list(connection.scalars(ended.order_by(extractions.c.number)))

    def counts(self) -> dict[str, int]:
        """Return how many extractions have each status."""
        counted = select(extractions.c.status, func.count().label("total")).group_by(extractions.c.status)
        with self._transaction() as connection:
            return {row.status: row.total for row in connection.execute(counted)}


def _change(
    connection: Connection, id: str, expected: ExtractionStatus | None = None, /, **values: Any
) -> StoredExtraction | None:
    """Set columns; None where there is no such extraction, or its status is another than expected."""
    wanted = update(extractions).where(extractions.c.id == id)
    if expected is not None:
        wanted = wanted.where(extractions.c.status == expected)
    return _get(connection, id) if connection.execute(wanted.values(**values)).rowcount else None


def _get(connection: Connection, id: str) -> StoredExtraction | None:
    row = connection.execute(select(extractions).where(extractions.c.id == id)).mappings().first()
    return StoredExtraction(**row) if row else None
