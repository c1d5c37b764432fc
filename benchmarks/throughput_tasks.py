"""What `benchmarks.throughput` measures, each in a process of its own.

    python -m benchmarks.throughput_tasks TASK ARGUMENTS

Prints a row as JSON. The folder of the run is the data folder of its settings.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from multiprocessing import active_children
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from benchmarks.provider import FIRST_REQUEST, key

# A name whose price is known.
MODEL = "gpt-4o-mini"
ONE_AFTER_ANOTHER = 10


class Row(TypedDict):
    """What one measurement gave."""

    documents: int
    rate: float
    """Documents a second, from the first request to the last result."""
    before_s: float
    after_s: float
    cpu_s: float
    """Of this process, imports left out."""
    children_cpu_s: float
    peak_mb: float
    """Of this process."""
    note: str


def run_task(name: str, *arguments: str) -> Row:
    """Do a task in a process of its own; return its row."""
    command = [sys.executable, "-m", "benchmarks.throughput_tasks", name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a module of ours
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


@contextmanager
def running_provider(folder: Path, latency_s: float) -> Iterator[None]:
    """Run the provider and set its address for all later tasks."""
    command = [sys.executable, "-m", "benchmarks.provider", str(folder / "answers.json"), "--latency", str(latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - a module of ours
        assert process.stdout is not None
        os.environ["OPENAI_BASE_URL"] = f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        try:
            yield
        finally:
            process.kill()


def requests(folder: str, example: str) -> Row:
    """Ask about each page once without a provider: writes down its request, and its answer for the provider."""
    from langchain_core.messages import convert_to_openai_messages  # noqa: PLC0415 - each task imports what it needs

    from chat_models.factory import register_chat_model  # noqa: PLC0415
    from chat_models.scripted import ScriptedChatModel  # noqa: PLC0415
    from chat_models.structured import ask_for_json  # noqa: PLC0415
    from evaluation.datasets.load import load_dataset  # noqa: PLC0415
    from graph.app import graph  # noqa: PLC0415
    from graph.context import Context  # noqa: PLC0415

    samples = load_dataset(f"funsd:{folder}").samples
    documents = [sample.document for sample in samples] + [example]
    golds = [json.dumps(dict(sample.expected)) for sample in samples]
    golds.append(Path(example).with_suffix(".json").read_text())
    recorder = ScriptedChatModel(answers=golds)
    register_chat_model("recorder", lambda: recorder)
    context = Context(chat_model="recorder", max_attempts=1)
    for document in documents:
        graph.invoke({"document": document}, context=context)
    asked = [convert_to_openai_messages(messages) for messages in recorder.requests]
    urls = [messages[-1]["content"][-1]["image_url"]["url"] for messages in asked]
    json_schema = context.schema_to_fill(allow_paths=False).json_schema
    schema = ask_for_json(_openai(), [], json_schema)[0].kwargs["extra_body"]  # type: ignore[attr-defined]
    bodies = [{"model": MODEL, "messages": messages, "temperature": 0, **schema} for messages in asked]
    written = {
        "answers": {key(url): gold for url, gold in zip(urls, golds, strict=True)},
        "requests": dict(zip(documents[:-1], bodies[:-1], strict=True)),
    }
    for name, content in written.items():
        (_folder() / f"{name}.json").write_text(json.dumps(content))
    return _row(len(documents), 1, note="")


def prepare(inputs: str) -> Row:
    """Put what runs will look for into the store."""
    from documents.prepare import Wanted  # noqa: PLC0415
    from documents.prepare import prepare as prepare_one  # noqa: PLC0415
    from graph.context import Context  # noqa: PLC0415
    from graph.settings import get_settings, get_store  # noqa: PLC0415

    context = Context()
    wanted = Wanted(context.max_side_px, context.jpeg_quality, words=True)
    files = list(Path(inputs).iterdir())
    for file in files:
        prepare_one(str(file), get_store(), get_settings().limits, wanted)
    return _row(len(files), 1, note="")


def one_after_another() -> Row:
    """Do as the article does: encode the file's image, call, parse; no graph, nothing checked."""
    import openai  # noqa: PLC0415

    client = openai.OpenAI()
    bodies = _requests()
    _forget_requests()
    for document, body in islice(bodies.items(), ONE_AFTER_ANOTHER):
        b64encode(Path(document).read_bytes()).decode()
        json.loads(client.chat.completions.create(**body).choices[0].message.content or "")
    return _row(ONE_AFTER_ANOTHER, time.time() - _first_request(), note="")


def bare(count: str, concurrency: str) -> Row:
    """Send the requests, so many at a time, and parse the answers."""
    import openai  # noqa: PLC0415

    bodies = list(_requests().values())

    async def run() -> None:
        async with openai.AsyncOpenAI() as client:

            async def call(number: int) -> None:
                answer = await client.chat.completions.create(**bodies[number % len(bodies)])
                json.loads(answer.choices[0].message.content or "")

            await _at_once(call, int(count), int(concurrency))

    _forget_requests()
    cpu, begin = _cpu_s(resource.RUSAGE_SELF), time.time()
    asyncio.run(run())
    end, first = time.time(), _first_request()
    return _row(int(count), end - first, cpu_s=_cpu_s(resource.RUSAGE_SELF) - cpu, before_s=first - begin, note="")


async def _at_once(work: Callable[[int], Awaitable[None]], count: int, concurrency: int) -> None:
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    await asyncio.gather(*(worker() for _ in range(concurrency)))


def batch(inputs: str, concurrency: str) -> Row:
    """Run the batch on a folder, traced."""
    return _batch(inputs, f"openai:{MODEL}", int(concurrency))


def batch_local(inputs: str, name: str) -> Row:
    """Run the batch on a folder with the local reader; the name keeps the runs apart."""
    return _batch(inputs, "local", 8, name)


def _batch(inputs: str, chat_model: str, concurrency: int, name: str = "") -> Row:
    import graph.app  # noqa: F401, PLC0415 - turns tracing on
    from chat_models.pace import PaceLimits  # noqa: PLC0415
    from graph.context import Context  # noqa: PLC0415
    from graph.tracing.queue import trace_counts, trace_queue  # noqa: PLC0415
    from serving.batch.run import Options, run_batch  # noqa: PLC0415

    out = Path(inputs).with_name(f"out{name}-{Path(inputs).name}")
    options = Options(out=out, concurrency=concurrency, pace=PaceLimits(), keeps_answers=False, quiet=True)
    _forget_requests()
    cpu, begin = _cpu_s(resource.RUSAGE_SELF), time.time()
    tally = run_batch([inputs], Context(chat_model=chat_model, max_attempts=1), options).tally
    end = time.time()
    records = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert len({record["index"] for record in records}) == len(records) == tally.documents
    assert not tally.error, tally
    # The local reader asks nobody: its clock starts with the run's manifest, before the first page.
    first = _first_request() if chat_model != "local" else (out / "run.json").stat().st_mtime
    last = (out / "results.jsonl").stat().st_mtime
    counts = trace_counts()
    # A child's CPU time is known once it has ended: the process that stores traces, those that read pages.
    trace_queue().close()
    for child in active_children():
        child.join()
    return _row(
        len(records),
        last - first,
        cpu_s=_cpu_s(resource.RUSAGE_SELF) - cpu,
        before_s=first - begin,
        after_s=end - last,
        note=f"{tally.valid} valid, {counts.stored} traces stored, {counts.lost} lost",
    )


def read_alone(*pages: str) -> Row:
    """Run the local reader on one page after another, in this process and one thread."""
    from documents.ocr import use_one_thread  # noqa: PLC0415
    from graph.app import graph  # noqa: PLC0415
    from graph.context import Context  # noqa: PLC0415

    use_one_thread()
    context = Context(chat_model="local")
    begin = time.perf_counter()
    for page in pages:
        graph.invoke({"document": page}, context=context)
    return _row(len(pages), time.perf_counter() - begin, note="")


def _openai() -> Any:
    from langchain.chat_models import init_chat_model  # noqa: PLC0415

    return init_chat_model(f"openai:{MODEL}")


def _folder() -> Path:
    return Path(os.environ["OPTOPHONE_DATA_DIR"])


def _requests() -> dict[str, dict[str, Any]]:
    bodies: dict[str, dict[str, Any]] = json.loads((_folder() / "requests.json").read_text())
    return bodies


def _forget_requests() -> None:
    (_folder() / FIRST_REQUEST).unlink(missing_ok=True)


def _first_request() -> float:
    return (_folder() / FIRST_REQUEST).stat().st_mtime


def _cpu_s(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def _row(
    documents: int, seconds: float, *, cpu_s: float = 0.0, before_s: float = 0.0, after_s: float = 0.0, note: str
) -> Row:
    return Row(
        documents=documents,
        rate=documents / seconds,
        before_s=before_s,
        after_s=after_s,
        cpu_s=cpu_s or _cpu_s(resource.RUSAGE_SELF),
        children_cpu_s=_cpu_s(resource.RUSAGE_CHILDREN),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        note=note,
    )


TASKS: dict[str, Callable[..., Row]] = {
    task.__name__: task for task in (requests, prepare, one_after_another, bare, batch, batch_local, read_alone)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
