"""What every answer of the application says to a browser, and what a browser may not do to it."""

from urllib.parse import urlsplit

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.web.errors import error_body

OWN_PATHS = ("/api/v1", "/static", "/healthz", "/readyz", "/metrics")
"""Below `langgraph dev` the server's own routes lie beside ours; its Studio is a page of another origin."""

_SECURITY = {
    # Scripts and styles from this service alone, none inline; blob: is how the page shows images it fetched.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAFE = ("GET", "HEAD", "OPTIONS")


class BrowserSafety:
    """ASGI middleware: security headers, and no writing from another site's page.

    The LangGraph server's own routes, where it mounts the application, only get a limit on what is sent to them.
    """

    def __init__(self, app: ASGIApp, max_foreign_bytes: int, own_paths: tuple[str, ...] = OWN_PATHS) -> None:
        self._app, self._own_paths = app, own_paths
        self._elsewhere = RequestBodyLimitMiddleware(app, max_body_size=max_foreign_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not self._is_ours(scope["path"]):
            await self._elsewhere(scope, receive, send)
            return
        is_refused = False

        async def send_safely(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if message["status"] == 413 and headers["content-type"].startswith("text/plain"):
                    is_refused = True  # by the limit on bodies, which has its own form of answer
                    await _too_large(scope, receive, send_safely)
                    return
                for name, value in _SECURITY.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache" if scope["path"].startswith("/static") else "no-store")
            await send(message)

        async def send_once(message: Message) -> None:
            if not is_refused:
                await send_safely(message)

        if scope["method"] not in _SAFE and _is_foreign(Headers(scope=scope)):
            body = error_body("forbidden", "pages of another site may not write here; use the service's own page")
            await JSONResponse(body, 403)(scope, receive, send_safely)
            return
        await self._app(scope, receive, send_once)

    def _is_ours(self, path: str) -> bool:
        return path == "/" or path.startswith(self._own_paths)


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    body = error_body("too_large", "more bytes were sent than are allowed here; split or compress the document")
    await JSONResponse(body, 413)(scope, receive, send)


def _is_foreign(headers: Headers) -> bool:
    """Tell a page of another site by what browsers add; programs add nothing."""
    origin = headers.get("origin")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    return origin is not None and urlsplit(origin).netloc != headers.get("host")
