"""Look at an extraction: as it is now, and what it waits for."""

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Path

from serving.web.access import Reader
from serving.web.answers import to_extraction
from serving.web.errors import ApiError
from serving.web.jobs import in_thread
from serving.web.models import TEXT, Extraction
from serving.web.service import Running, Service
from serving.web.tables import StoredExtraction
from serving.web.threads import Question

MAX_WAIT_S = 50.0
"""Proxies give up on a silent connection after a minute or so."""
# To write down what became of a run takes milliseconds, and a second or two where MLflow is told.
_TAKE_OVER_S = 5.0


async def find_extraction(
    id: Annotated[str, Path(max_length=100, pattern=TEXT)], service: Running, _: Reader
) -> StoredExtraction:
    """Return an extraction.

    Raises:
        ApiError: there is none of this id.
    """
    stored = await in_thread(service.ledger.get, id)
    if stored is None:
        raise ApiError(404, "not_found", "there is no extraction of this id; look it up in GET /extractions")
    return stored


Found = Annotated[StoredExtraction, Depends(find_extraction)]


async def wait_for(stored: StoredExtraction, service: Service, seconds: float) -> StoredExtraction:
    """Return an extraction once it has ended or waits for a person, or as it is after these seconds."""
    progress = service.jobs.progress(stored.id)
    if progress is not None:
        with suppress(TimeoutError):
            await asyncio.wait_for(progress.wait(), seconds)
    return await as_now(stored, service)


async def as_now(stored: StoredExtraction, service: Service) -> StoredExtraction:
    """Return an extraction as it is now; as it was where it has been deleted."""
    newer = await in_thread(service.ledger.get, stored.id)
    return newer or stored


async def look_at(stored: StoredExtraction, service: Service) -> tuple[StoredExtraction, Question | None]:
    """Return an extraction and what it waits for; one that was answered elsewhere is queued, to be taken over."""
    if stored.status != "waiting":
        return stored, None
    thread = await service.threads.look(stored.id)
    if thread is not None and thread.question is not None:
        return stored, thread.question
    taken_over = await in_thread(service.ledger.go_on, stored.id)
    if taken_over is None:  # somebody was quicker
        return await as_now(stored, service), None
    service.jobs.submit(stored.id)
    return taken_over, None


async def show(stored: StoredExtraction, service: Service) -> Extraction:
    """Return all of an extraction; one that was answered elsewhere as it ended."""
    looked, question = await look_at(stored, service)
    if stored.status == "waiting" and question is None:
        looked, question = await look_at(await wait_for(looked, service, _TAKE_OVER_S), service)
    return to_extraction(looked, service.trace_page, question)
