"""Documents a second through the graph, beside bare calls of the `openai` package; words and payloads are cached.

    python -m benchmarks.throughput FUNSD/training_data --concurrency 1 8 32 128

The provider (`benchmarks.provider`) is a process of its own with 1 s of latency, 20 % more or less. Beside the graph,
traced, stand (a) the article's loop, one call after another with the image in base64, and (b) a bare asyncio loop over
the same requests, built beforehand. The graph's rate is told twice: until the last result, and until the last trace is
stored. CPU time is that of this process, threads that store traces included.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.provider import key

# A name whose price is known.
MODEL = "gpt-4o-mini"
CALLS_ONE_AFTER_ANOTHER = 10


class Workload(NamedTuple):
    """What all variants do."""

    documents: Sequence[str]
    requests: Sequence[dict[str, Any]]
    """For each document what (b) sends."""


class Cost(NamedTuple):
    """Of a number of documents."""

    seconds: float
    drained_s: float
    """Seconds until the last trace is stored."""
    cpu_s: float


def main() -> None:
    """Print a line for each variant and concurrency."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a split of FUNSD, with annotations/ and images/")
    parser.add_argument("--store", type=Path, default=Path(".optophone/documents"), help="where words are kept")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--rounds", type=int, default=10, help="documents for each place: 10 x 32 at concurrency 32")
    parser.add_argument("--latency", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="optophone-throughput-") as folder:
        os.environ |= {
            "OPTOPHONE_DATA_DIR": folder,
            "MLFLOW_TRACKING_URI": os.environ.get("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db"),
            "OPENAI_API_KEY": "sk-none",
        }
        (Path(folder) / "documents").symlink_to(options.store.resolve())
        pages, answers = prepare(options.folder)
        with provider(Path(folder), answers, options.latency) as url:
            os.environ["OPENAI_BASE_URL"] = url
            # One event loop for all: the provider's package keeps connections, which belong to theirs.
            with asyncio.Runner() as runner:
                measure(runner, pages, options.concurrency, options.rounds, options.latency)


def prepare(folder: Path) -> tuple[Workload, dict[str, str]]:
    """Ask for each page once, without a provider, to know its request; this fills the caches too."""
    from langchain_core.messages import convert_to_openai_messages  # noqa: PLC0415 - reads where the store is

    from chat_models.factory import register_chat_model  # noqa: PLC0415
    from chat_models.scripted import ScriptedChatModel  # noqa: PLC0415
    from chat_models.structured import _openai_format  # noqa: PLC0415
    from evaluation.datasets.load import load_dataset  # noqa: PLC0415
    from graph.builder import make_graph  # noqa: PLC0415
    from graph.context import Context  # noqa: PLC0415
    from schemas.target import load_schema  # noqa: PLC0415

    samples = load_dataset(f"funsd:{folder}").samples
    golds = [json.dumps(dict(sample.expected)) for sample in samples]
    recorder = ScriptedChatModel(answers=golds)
    register_chat_model("recorder", lambda: recorder)
    graph = make_graph()
    for sample in samples:
        graph.invoke({"document": sample.document}, context=Context(chat_model="recorder", max_attempts=1))
    schema = _openai_format(load_schema("form", allow_paths=False).json_schema)
    requests = [
        {"model": MODEL, "messages": convert_to_openai_messages(messages), "response_format": schema, "temperature": 0}
        for messages in recorder.requests
    ]
    answers = {key(request["messages"][-1]["content"][-1]["image_url"]["url"]): gold for request, gold in zip(requests, golds, strict=True)}
    return Workload([sample.document for sample in samples], requests), answers


@contextmanager
def provider(folder: Path, answers: dict[str, str], latency_s: float) -> Iterator[str]:
    """Run the provider; gives its address."""
    file = folder / "answers.json"
    file.write_text(json.dumps(answers))
    command = [sys.executable, "-m", "benchmarks.provider", str(file), "--latency", str(latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - a module of ours
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def measure(
    runner: asyncio.Runner, workload: Workload, concurrencies: Sequence[int], rounds: int, latency_s: float
) -> None:
    """Take each variant at each concurrency."""
    count = CALLS_ONE_AFTER_ANOTHER
    cost = timed(lambda: one_after_another(workload, count))
    print(f"(a) one call after another    {count / cost.seconds:6.2f} documents/s", flush=True)
    runner.run(through_graph(workload, 10, 10))  # fills caches
    for concurrency in concurrencies:
        count = max(rounds * concurrency, 10)
        ideal = concurrency / latency_s
        print(f"concurrency {concurrency}, {count} documents, ideal {ideal:.1f} documents/s")
        bare = timed(lambda: runner.run(bare_loop(workload, count, concurrency)))
        graph = timed(lambda: runner.run(through_graph(workload, count, concurrency)))
        for name, cost in (("(b) bare asyncio loop", bare), ("graph, traced", graph)):
            rate = count / cost.seconds
            print(
                f"  {name:24} {rate:6.2f} documents/s  {rate / ideal:.2f} of the ideal"
                f"  {count / cost.drained_s:6.2f} with the last trace  {1000 * cost.cpu_s / count:5.1f} ms CPU a document"
            )
        print(f"  graph / (b) {bare.seconds / graph.seconds:.2f}", flush=True)


def timed(work: Callable[[], object]) -> Cost:
    """Time the work, and what stores its traces."""
    from graph.tracing import flush_traces  # noqa: PLC0415 - reads where the store is

    start, cpu = time.perf_counter(), _cpu_s()
    work()
    seconds = time.perf_counter() - start
    flush_traces()
    return Cost(seconds, time.perf_counter() - start, _cpu_s() - cpu)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def one_after_another(workload: Workload, count: int) -> None:
    """Do as the article does: encode the file's image, call, parse; no graph, nothing checked."""
    import openai  # noqa: PLC0415 - not for the provider

    client = openai.OpenAI()
    for document, request in islice(zip(workload.documents, workload.requests, strict=True), count):
        b64encode(Path(document).read_bytes()).decode()
        json.loads(client.chat.completions.create(**request).choices[0].message.content or "")


async def bare_loop(workload: Workload, count: int, concurrency: int) -> None:
    """Send the requests, so many at a time, and parse the answers."""
    import openai  # noqa: PLC0415 - not for the provider

    async with openai.AsyncOpenAI() as client:

        async def call(number: int) -> None:
            request = workload.requests[number % len(workload.requests)]
            answer = await client.chat.completions.create(**request)
            json.loads(answer.choices[0].message.content or "")

        await at_once(call, count, concurrency)


async def through_graph(workload: Workload, count: int, concurrency: int) -> None:
    """Run the documents through the traced graph."""
    from graph.app import graph  # noqa: PLC0415 - reads where the store is
    from graph.context import Context  # noqa: PLC0415

    async def run(number: int) -> None:
        document = workload.documents[number % len(workload.documents)]
        context = Context(chat_model=f"openai:{MODEL}", max_attempts=1, extract_prompt="prompts:/optophone-extract/3", refine_prompt="prompts:/optophone-refine/1")
        result = await graph.ainvoke({"document": document}, context=context)
        assert result["usage"]["total_tokens"] == 2500, result

    await at_once(run, count, concurrency)


async def at_once(work: Callable[[int], Awaitable[None]], count: int, concurrency: int) -> None:
    """Do the numbered pieces of work, so many at a time."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    await asyncio.gather(*(worker() for _ in range(concurrency)))


if __name__ == "__main__":
    main()
