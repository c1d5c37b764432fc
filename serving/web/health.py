"""Whether the service is up, whether it can work, and what Prometheus reads."""

import logging

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from graph.settings import get_settings
from prompts.connection import connect
from serving.web.access import Reader
from serving.web.jobs import in_thread
from serving.web.service import Running, Service

router = APIRouter(tags=["health"])
_logger = logging.getLogger("optophone")

# Who asks whether the service is ready waits some seconds itself.
_PROBE_S = 2.0


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process is up."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "One of the checks failed"}})
async def readyz(service: Running) -> JSONResponse:
    """Say whether documents can be stored and the queue is worked off; MLflow is not needed, and only reported."""
    checks = {"store": await in_thread(_is_writable, service), "queue": service.jobs.is_running}
    is_ready = all(checks.values())
    checks["mlflow"] = await in_thread(_mlflow_answers)
    return JSONResponse({"status": "ok" if is_ready else "unavailable", "checks": checks}, 200 if is_ready else 503)


def _mlflow_answers() -> bool:
    settings = get_settings()
    return connect(settings.tracking_uri).answers(min(settings.registry_timeout_s, _PROBE_S))


def _is_writable(service: Service) -> bool:
    try:
        service.ledger.check()
        service.store.put(b"")
    except Exception as error:  # a full disk, a folder that is gone: whatever it is, nothing can be accepted
        _logger.warning("the store can't be written: %s", error)
        return False
    return True


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(service: Running, _: Reader) -> Response:
    """Return counts in Prometheus's text format."""
    counts = await in_thread(service.ledger.counts)
    return Response(service.metrics.as_text(counts), media_type=CONTENT_TYPE_LATEST)
