"""What it costs to store the graph's traces, and how fast that goes: MLflow's own way beside ours.

    python -m benchmarks.tracing FUNSD/training_data --documents 100

Each way gets a process and a store of its own. The chat model is scripted and answers at once, words and payloads are
cached; four documents run at a time, then everything waits for the last trace. CPU time is that of the process, whose
interpreter all documents share, and behind the plus that of the process that stores for it, its start included.
`MLFLOW_TRACKING_URI` chooses another store than a new SQLite file.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

WAYS = ("untraced", "MLflow's own", "whole traces", "in a process of its own")
AT_ONCE = 4
WARM_UP = 20


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a split of FUNSD, with annotations/ and images/")
    parser.add_argument("--store", type=Path, default=Path(".optophone/documents"), help="where words are kept")
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.folder, options.documents, options.way)))
        return
    for way in WAYS:
        row = in_own_process(way, options.folder, options.store, options.documents)
        print(
            f"{way:24} CPU {row['cpu_ms']:5.1f} + {row['children_cpu_ms']:5.1f} ms a document  {row['run_s']:5.1f} s,"
            f" and {row['drain_s']:5.1f} s until the last trace: {row['rate']:5.1f} documents/s",
            flush=True,
        )


def in_own_process(way: str, folder: Path, store: Path, documents: int) -> dict[str, float]:
    """Measure with a data folder of its own."""
    with tempfile.TemporaryDirectory(prefix="optophone-tracing-") as data:
        (Path(data) / "documents").symlink_to(store.resolve())
        environment = {
            "MLFLOW_TRACKING_URI": f"sqlite:///{data}/mlflow.db",
            **os.environ,
            "OPTOPHONE_DATA_DIR": data,
            "OPTOPHONE_TRACING": str(way != "untraced"),
        }
        command = [sys.executable, "-m", "benchmarks.tracing", str(folder), "--way", way, "--documents", str(documents)]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    return dict(json.loads(run.stdout.splitlines()[-1]))


def measure(folder: Path, documents: int, way: str) -> dict[str, float]:
    """Run the documents, wait for their traces, and count them where they are counted."""
    from graph.tracing import enable, queue  # noqa: PLC0415 - each process sets itself up first
    from prompts import connection  # noqa: PLC0415

    if way == "MLflow's own":
        setattr(enable, "_take_over_storing", lambda _: None)  # noqa: B010
        setattr(connection, "_use_write_ahead_log", lambda _: None)  # noqa: B010
    import graph.app  # noqa: F401, PLC0415 - turns tracing on

    if way == "in a process of its own":
        queue.store_traces_apart()
    run = make_run(folder)
    asyncio.run(run(WARM_UP))
    wait_for_traces(traced=way != "untraced")
    begin, cpu = time.perf_counter(), _cpu_s(resource.RUSAGE_SELF)
    asyncio.run(run(documents))
    ran = time.perf_counter()
    wait_for_traces(traced=way != "untraced")
    end, cpu = time.perf_counter(), _cpu_s(resource.RUSAGE_SELF) - cpu
    if way in WAYS[2:]:
        counts = queue.trace_counts()
        assert (counts.stored, counts.lost) == (documents + WARM_UP, 0), counts
        queue.trace_queue().close()
    return {
        "cpu_ms": 1000 * cpu / documents,
        "children_cpu_ms": 1000 * _cpu_s(resource.RUSAGE_CHILDREN) / documents,
        "run_s": ran - begin,
        "drain_s": end - ran,
        "rate": documents / (end - begin),
    }


def make_run(folder: Path) -> Any:
    """Return what runs so many documents, from the first one on."""
    from chat_models.factory import register_chat_model  # noqa: PLC0415 - as above
    from chat_models.scripted import ScriptedChatModel  # noqa: PLC0415
    from evaluation.datasets.load import load_dataset  # noqa: PLC0415
    from graph.app import graph  # noqa: PLC0415
    from graph.context import Context  # noqa: PLC0415

    samples = load_dataset(f"funsd:{folder}").samples
    context = Context(
        chat_model="scripted",
        max_attempts=1,
        extract_prompt="prompts:/optophone-extract/1",  # pinned, as a batch does
        refine_prompt="prompts:/optophone-refine/1",
    )

    async def run(count: int) -> None:
        chosen = [samples[number % len(samples)] for number in range(count)]
        scripted = ScriptedChatModel(answers=[json.dumps(dict(sample.expected)) for sample in chosen])
        register_chat_model("scripted", lambda: scripted)
        documents = iter(sample.document for sample in chosen)

        async def worker() -> None:
            for document in documents:
                await graph.ainvoke({"document": document}, context=context)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

    return run


def wait_for_traces(*, traced: bool) -> None:
    """Wait until the last trace is stored and linked."""
    from graph.tracing.queue import flush_traces  # noqa: PLC0415 - as above

    if traced:
        flush_traces()
    for thread in threading.enumerate():
        if thread.name.startswith("link_prompt"):  # MLflow's own way links prompts beside its queue
            thread.join()


def _cpu_s(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
