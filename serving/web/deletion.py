"""Forget documents: on request, and when they are old."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from documents.store import DocumentStore
from graph.answer_cache import AnswerCache
from graph.audit import record
from graph.settings import get_settings
from schemas.errors import UnreachableError
from serving.web.errors import ApiError
from serving.web.jobs import in_thread
from serving.web.service import Service
from serving.web.tables import StoredDocument
from serving.web.traces import forget_traces

RETENTION = "retention"
"""Who deletes what is old, in the audit trail."""

_logger = logging.getLogger("optophone")

# Retention is a matter of days.
_SWEEP_S = 3600.0


async def delete_document(document: StoredDocument, service: Service, actor: str, why: str = "") -> None:
    """Forget a document with all that came of it; the audit trail keeps its reference, and who wanted it and why.

    Raises:
        ApiError: MLflow doesn't answer; the document is still there then, and its extractions go on.
    """
    try:
        await in_thread(record, "deleted", document.ref, actor, why)  # what is gone can't be put back
        await _forget(document, service)
    except UnreachableError as error:
        message = "MLflow doesn't answer, so the document is not deleted; try again later"
        raise ApiError(503, "unreachable", message) from error


async def _forget(document: StoredDocument, service: Service) -> None:
    extractions = await in_thread(service.ledger.of_document, document.ref)
    threads = [extraction.id for extraction in extractions if extraction.may_wait]
    cancelled = await service.jobs.cancel(extraction.id for extraction in extractions)
    try:
        await in_thread(_delete, document, threads, service)
    except Exception:
        await service.jobs.resume(cancelled)
        raise
    for id in threads:
        await service.threads.forget(id)


def _delete(document: StoredDocument, threads: Sequence[str], service: Service) -> None:
    with service.request_log.paused():
        forget_traces(document.ref, threads)
        service.ledger.delete_document(document.ref)
    _forget_bytes(document, service.ledger.pages_of_others(document.ref), service.store)


def _forget_bytes(document: StoredDocument, kept: set[str], store: DocumentStore) -> None:
    """Remove a document's bytes, but for pages that another document has too."""
    if get_settings().answers.exists():
        AnswerCache(get_settings().answers).forget(page["image"] for page in document.pages)
    for page in document.pages:
        if page["image"] not in kept:
            store.forget(page["image"])
            if page["text_layer"]:
                store.forget(page["text_layer"])
    store.forget(document.ref)


async def sweep(service: Service, retention_days: float) -> None:
    """Forget what is older than the retention, for ever."""
    while True:
        oldest = datetime.now(UTC) - timedelta(days=retention_days)
        refs = await in_thread(service.ledger.documents_before, oldest.isoformat(timespec="milliseconds"))
        for ref in refs:
            document = await in_thread(service.ledger.document, ref)
            if document is not None:
                await _try_to_delete(document, service, retention_days)
        await asyncio.sleep(_SWEEP_S)


async def _try_to_delete(document: StoredDocument, service: Service, retention_days: float) -> None:
    try:
        await delete_document(document, service, RETENTION, f"older than {retention_days:g} days")
    except Exception as error:  # the next sweep tries again; the others are not held up
        _logger.warning("an old document could not be deleted: %s", type(error).__name__)
