"""Send documents to one service at once and see that none is lost, none is done twice, and how long each takes.

    python -m benchmarks.service --documents 200
    python -m benchmarks.service --documents 20 --unread

The chat model is scripted and takes 1 s an answer, without taking a processor. All uploads begin in the same moment; a
document's time runs from there to its result. The documents differ in their bytes but show one page, whose words are
read before: what is measured is the service. With --unread each shows a page of its own, so that reading words (about
two seconds of a core a page) is part of it. Ideal: nothing takes time but the chat model, `OPTOPHONE_MAX_CONCURRENT`
answers at a time. Tracing and the request log are on, as in `optophone serve`.
"""

import argparse
import asyncio
import math
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

EXAMPLE = Path(__file__).parent.parent / "examples" / "registration_form.png"
MODEL = "scripted"
LATENCY_S = 1.0


def main() -> None:
    """Measure, or be the service that is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--unread", action="store_true", help="give each document a page of its own")
    parser.add_argument("--max-concurrent", type=int, default=16, help="extractions at the same time")
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    else:
        measure(options.documents, options.max_concurrent, unread=options.unread)


def serve(port: int) -> None:
    """Run the service with a chat model that waits."""
    from langchain_core.outputs import ChatResult  # noqa: PLC0415 - the measuring process needs none of it

    from chat_models.factory import register_chat_model  # noqa: PLC0415
    from chat_models.scripted import ScriptedChatModel  # noqa: PLC0415
    from serving.web.server import run_server  # noqa: PLC0415

    answer = EXAMPLE.with_suffix(".json").read_text()

    class Slow(ScriptedChatModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
            await asyncio.sleep(LATENCY_S)
            return self._generate(*args[:1])

    register_chat_model(MODEL, lambda: Slow(answers=[answer]))
    run_server("127.0.0.1", port)


def measure(documents: int, max_concurrent: int, *, unread: bool) -> None:
    """Start a service of its own, load it, and print what came of it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="optophone-service-") as folder:
        environment = {
            **os.environ,
            "OPTOPHONE_DATA_DIR": folder,
            "OPTOPHONE_CHAT_MODEL": MODEL,
            "OPTOPHONE_MAX_CONCURRENT": str(max_concurrent),
            "OPTOPHONE_REQUESTS_PER_MINUTE": "1000000",
        }
        command = [sys.executable, "-m", "benchmarks.service", "--serve", str(port)]
        process = subprocess.Popen(command, env=environment)  # noqa: S603 - this module
        try:
            asyncio.run(load(f"http://127.0.0.1:{port}", documents, max_concurrent, unread=unread))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(f"  the service took {cpu:.0f} s of CPU time, start, traces and request log included")


async def load(url: str, documents: int, max_concurrent: int, *, unread: bool) -> None:
    """Send everything at once, wait for every result, and check that each came once."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits) as client:
        await ready(client)
        await extract(client, form(-1, unread=False), time.perf_counter())  # fills every cache
        forms = [form(number, unread=unread) for number in range(documents)]
        begin = time.perf_counter()
        done = await asyncio.gather(*(extract(client, data, begin) for data in forms))
        total = time.perf_counter() - begin
        listed = await client.get("/api/v1/extractions", params={"limit": 200})
        metrics = (await client.get("/metrics")).text
    assert len({id for id, _ in done}) == documents
    assert len(listed.json()["items"]) == min(documents + 1, 200)
    assert f"optophone_attempts_total {documents + 1:.1f}" in metrics
    assert f'optophone_documents{{status="valid"}} {documents + 1:.1f}' in metrics
    report([seconds for _, seconds in done], total, max_concurrent)


async def ready(client: httpx.AsyncClient) -> None:
    """Wait until the service has started."""
    for _ in range(600):
        try:
            if (await client.get("/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.2)
    raise SystemExit("the service did not start")


async def extract(client: httpx.AsyncClient, data: bytes, begin: float) -> tuple[str, float]:
    """Upload and extract one document; return its id and the seconds until its result."""
    uploaded = await client.post("/api/v1/documents", files={"file": ("form.png", data)})
    assert uploaded.status_code == 201, uploaded.text
    body = {"document": uploaded.json()["document"], "chat_model": MODEL}
    answer = await client.post("/api/v1/extractions?wait=50", json=body)
    while answer.json()["status"] in ("queued", "running"):
        await asyncio.sleep(0.05)
        answer = await client.get(f"/api/v1/extractions/{answer.json()['id']}")
    assert answer.json()["status"] == "valid", answer.text
    return answer.json()["id"], time.perf_counter() - begin


def form(number: int, *, unread: bool) -> bytes:
    """Return the example form as a file that differs from every other; its page too, where it is to be unread."""
    image = Image.open(EXAMPLE).convert("RGB")
    if unread:
        ImageDraw.Draw(image).text((5, 5), f"No {number}", fill="black")
    note, out = PngInfo(), BytesIO()
    note.add_text("number", str(number))
    image.save(out, "PNG", pnginfo=note)
    return out.getvalue()


def report(seconds: list[float], total: float, max_concurrent: int) -> None:
    """Print throughput beside the ideal, and the spread of the documents' times."""
    count, p99 = len(seconds), quantiles(seconds, n=100)[98]
    ideal = math.ceil(count / max_concurrent) * LATENCY_S
    print(f"{count} documents, {max_concurrent} at a time: {total:.1f} s; ideal {ideal:.1f} s")
    print(f"  {count / total:.1f} documents a second; ideal {count / ideal:.1f}")
    print(
        f"  median {median(seconds):.1f} s, 99th percentile {p99:.1f} s, {p99 / median(seconds):.2f} times the median"
    )


if __name__ == "__main__":
    main()
