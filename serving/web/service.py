"""All that the routes share, made when the application starts and closed when it ends."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from documents.store import DocumentStore
from graph.checkpoints import aopen_checkpointer
from graph.settings import get_settings, get_store
from serving.web.auth import ApiToken
from serving.web.database import open_database
from serving.web.jobs import Jobs, in_thread
from serving.web.ledger import Ledger
from serving.web.metrics import Metrics
from serving.web.request_log import RequestLog
from serving.web.settings import ServiceSettings
from serving.web.threads import Threads, forget_ended
from serving.web.traces import find_trace_page

_logger = logging.getLogger("optophone")

# A page of the allowed size takes 150 MB while it is decoded.
_DECODING = os.cpu_count() or 1


@dataclass
class Service:
    """The running service."""

    settings: ServiceSettings
    tokens: list[ApiToken]
    ledger: Ledger
    store: DocumentStore
    threads: Threads
    metrics: Metrics
    jobs: Jobs
    request_log: RequestLog
    chat_models: list[str]
    """What clients may choose, the default first."""
    trace_page: str | None
    """Address of a trace's page with {trace_id} in it; None where no MLflow server is known."""
    decoding: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(_DECODING))
    limiter: FixedWindowRateLimiter = field(default_factory=lambda: FixedWindowRateLimiter(MemoryStorage()))


@asynccontextmanager
async def running_service(settings: ServiceSettings, tokens: list[ApiToken]) -> AsyncIterator[Service]:
    """Open the ledger and work off its queue until the end."""
    ledger = await in_thread(lambda: Ledger(open_database(get_settings())))
    metrics = Metrics()
    _keep_private(get_settings().data_dir)
    chat_models = settings.choosable_chat_models()
    log = RequestLog(ledger, get_store(), is_on=settings.request_log, model_source=chat_models[0])
    page = await in_thread(find_trace_page, settings.mlflow_page)
    try:
        async with aopen_checkpointer(get_settings()) as checkpointer:
            threads = Threads(checkpointer)
            jobs = Jobs(ledger, threads, metrics, log.add, settings.max_concurrent)
            await forget_ended(threads, ledger)
            await in_thread(log.start)
            await jobs.start()
            try:
                yield Service(settings, tokens, ledger, get_store(), threads, metrics, jobs, log, chat_models, page)
            finally:
                await jobs.stop()
                await in_thread(log.stop)
    finally:
        await in_thread(ledger.close)


def _keep_private(data_dir: Path) -> None:
    """Close the folder to others: MLflow makes files in it that anybody could read."""
    try:
        data_dir.chmod(0o700)
    except OSError as error:
        _logger.warning("others may read '%s' (%s); make it readable for its owner alone", data_dir, error.strerror)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Running = Annotated[Service, Depends(_service)]
