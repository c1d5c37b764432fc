"""A local HTTP server that speaks OpenAI's chat-completions protocol and answers from a script."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What the server says to one request."""

    content: str | None = ""
    finish_reason: str = "stop"
    refusal: str | None = None
    status: int = 200
    error: dict[str, Any] = field(default_factory=dict)
    is_dropped: bool = False
    """Close the connection instead of answering."""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut: float = 0.0
    """Share of the body that is not sent though its length was announced."""
    body: bytes | None = None
    """Sent in place of a body of OpenAI's form."""


@dataclass
class OpenAIServer:
    """The server's address, and the bodies and headers of the requests so far."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def texts(self, number: int) -> list[str]:
        """Return the text parts of the request with this number."""
        content = self.requests[number]["messages"][-1]["content"]
        return [part["text"] for part in content if part["type"] == "text"]


@contextmanager
def openai_server(replies: Sequence[Reply] | Callable[[dict[str, Any]], Reply]) -> Iterator[OpenAIServer]:
    """Serve the replies in their order on a free port; one request too many gets status 400.

    A function is given each request's body instead.
    """
    server = OpenAIServer("")
    lock, closing = threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections stay open between requests, as providers' do

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                server.requests.append(body)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                number = len(server.requests)
            if callable(replies):
                reply = replies(body)
            else:
                surplus = Reply(status=400, error={"message": "the script has ended"})
                reply = replies[number - 1] if number <= len(replies) else surplus
            closing.wait(reply.delay_s)
            if reply.is_dropped:
                self.close_connection = True
                return
            self._send(reply, body)

        def _send(self, reply: Reply, request: dict[str, Any]) -> None:
            payload = {"error": reply.error} if reply.status != 200 else _completion(reply, request)
            data = json.dumps(payload).encode() if reply.body is None else reply.body
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = reply.cut > 0
            # Who waited for it in vain is gone.
            with contextlib.suppress(ConnectionError):
                self.wfile.write(data[: round(len(data) * (1 - reply.cut))])

        def log_message(self, *args: object) -> None:
            """Say nothing on stderr."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # of its five the sixth waits a second when many connect at once

    httpd = Server(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{httpd.server_port}/v1"
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        closing.set()
        httpd.shutdown()
        httpd.server_close()
        thread.join()


def _completion(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }
