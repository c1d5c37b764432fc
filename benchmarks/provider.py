"""A provider in a process of its own: OpenAI's chat-completions protocol, known answers, a latency by chance.

    python -m benchmarks.provider ANSWERS.json --latency 1

Prints its port, and touches a file at the first request since that was removed. The answers are an object from the
SHA-256 of a request's last image URL to the answer's text. Each request waits the latency, 20 % more or less, without
taking a processor; connections stay open.
"""

import argparse
import asyncio
import hashlib
import json
import random
from pathlib import Path
from typing import Any

SPREAD = 0.2
FIRST_REQUEST = "first_request"


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds")
    options = parser.parse_args()
    asyncio.run(serve(options.answers, options.latency))


async def serve(path: Path, latency_s: float) -> None:
    """Answer on a free port of this machine; leave the moment of the first request in a file beside the answers."""
    answers: dict[str, str] = json.loads(path.read_text())
    asked = path.with_name(FIRST_REQUEST)
    chance = random.Random(0)  # noqa: S311 - a latency

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length:")[2].partition("\r\n")[0])
                if not asked.exists():
                    asked.touch()
                request = json.loads(await reader.readexactly(length))
                await asyncio.sleep(latency_s * chance.uniform(1 - SPREAD, 1 + SPREAD))
                writer.write(response(request, answers))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, limit=2**20, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def key(image_url: str) -> str:
    """Return what an answer is found by."""
    return hashlib.sha256(image_url.encode()).hexdigest()


def response(request: dict[str, Any], answers: dict[str, str]) -> bytes:
    """Return the whole response to a request."""
    urls = [part["image_url"]["url"] for part in request["messages"][-1]["content"] if part["type"] == "image_url"]
    message = {"role": "assistant", "content": answers[key(urls[-1])], "refusal": None}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 2000, "completion_tokens": 500, "total_tokens": 2500},
    }
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


if __name__ == "__main__":
    main()
