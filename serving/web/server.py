"""`optophone serve`: an application under uvicorn, without the LangGraph server."""

import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from schemas.errors import UsageError
from serving.web.auth import check_address, parse_tokens

if TYPE_CHECKING:
    from fastapi import FastAPI

    from serving.web.settings import ServiceSettings

# Streams of progress don't end by themselves; what runs is taken up at the next start.
_GRACE_S = 3


def run_server(
    host: str, port: int, announce: Callable[[str], None] = lambda _url: None, *, is_agent: bool = False
) -> None:
    """Serve until a signal ends it: the page and REST, or the agent.

    Args:
        host: the address to listen on.
        port: its port.
        announce: called with the URL once nothing but the port can refuse.
        is_agent: serve the agent.

    Raises:
        UsageError: the address needs tokens and there are none, the port is taken, or another service has the data.
    """
    os.umask(0o077)  # what MLflow writes is for the owner alone too
    # Before the settings are read: here strangers can ask.
    os.environ["OPTOPHONE_ALLOW_PATHS"] = "false"
    from serving.web.settings import get_service_settings  # noqa: PLC0415 - reads the environment

    settings = get_service_settings()
    check_address(host, parse_tokens(settings.api_tokens.get_secret_value()))
    import uvicorn  # noqa: PLC0415

    app = _Starting(_make_app(settings, is_agent=is_agent))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # addresses hold references of documents
        server_header=False,
        proxy_headers=False,  # who asks is told by the connection alone
        timeout_graceful_shutdown=_GRACE_S,
    )
    # uvicorn ends what it began and raises the signal once more; MLflow stores its last traces at a normal exit.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = uvicorn.Server(config)
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    try:
        server.run()
    except SystemExit:
        if app.refusal:
            raise app.refusal from None
        raise
    if not server.started:
        raise UsageError(f"the service did not start on {host}:{port}; the lines above say why")


class _Starting:
    """An application whose own refusal to start is a sentence; uvicorn would log its traceback."""

    def __init__(self, app: "FastAPI") -> None:
        self._app = app
        self.refusal: UsageError | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass everything on, but for the text of a refusal."""

        async def tell(message: Any) -> None:
            error = sys.exception()
            if message["type"] == "lifespan.startup.failed" and isinstance(error, UsageError):
                self.refusal, message = error, {"type": message["type"]}
            await send(message)

        await self._app(scope, receive, tell if scope["type"] == "lifespan" else send)


def _make_app(settings: "ServiceSettings", *, is_agent: bool) -> "FastAPI":
    """Import the one that is wanted, and with it MLflow, which takes seconds."""
    if is_agent:
        from serving.web.agent import make_agent_app  # noqa: PLC0415

        return make_agent_app(settings)
    from serving.web.app import app  # noqa: PLC0415

    return app
