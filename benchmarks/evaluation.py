"""Compare an evaluation with running the graph over the same documents; their words and payloads are cached.

    python -m benchmarks.evaluation FUNSD/training_data --store .optophone/documents

Both run the traced graph with a scripted chat model, which answers with one gold extraction after another, in as many
threads; both wait until the last trace is stored, as a process that ends does. The evaluation also scores, writes its
records and its report, and logs scores, figures and files to MLflow. The two take turns; the ratios are of times within
one run, by the clock and by the CPU time of this process, which other work on the machine disturbs less.
"""

import argparse
import contextlib
import io
import json
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel

CONCURRENCY = 4
SCRIPTED = "scripted"


def main() -> None:
    """Print seconds of each round, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a split of FUNSD, with annotations/ and images/")
    parser.add_argument("--store", type=Path, default=Path(".optophone/documents"), help="where words are kept")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="optophone-evaluation-") as folder:
        os.environ |= {"OPTOPHONE_DATA_DIR": folder, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
        (Path(folder) / "documents").symlink_to(options.store.resolve())
        measure(options.folder, options.rounds)


def measure(folder: Path, rounds: int) -> None:
    """Take turns, after one round of each that fills caches and is not counted."""
    from evaluation.datasets.load import load_dataset  # noqa: PLC0415 - reads where the store is
    from graph.app import graph  # noqa: PLC0415
    from graph.context import Context  # noqa: PLC0415
    from serving.evaluation import Options, run_evaluation  # noqa: PLC0415

    spec, context = f"funsd:{folder}", Context(chat_model=SCRIPTED)
    samples = load_dataset(spec).samples

    def run_graph() -> None:
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(lambda sample: graph.invoke({"document": sample.document}, context=context), samples))

    def evaluate() -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            run_evaluation(Options(spec, "form", None, 0, CONCURRENCY, [], None), context)

    golds = [json.dumps(dict(sample.expected)) for sample in samples]
    taken: dict[str, list[tuple[float, float]]] = {"graph": [], "evaluation": []}
    for number in range(rounds + 1):
        for name, work in (("graph", run_graph), ("evaluation", evaluate)):
            chat_model = ScriptedChatModel(answers=golds)
            register_chat_model(SCRIPTED, lambda chat_model=chat_model: chat_model)
            wall, cpu = timed(work)
            print(f"round {number}  {name:10}  {wall:6.1f} s by the clock  {cpu:6.1f} s CPU", flush=True)
            if number:
                taken[name].append((wall, cpu))
    clock, cpu_time = (
        median(one[side] for one in taken["evaluation"]) / median(one[side] for one in taken["graph"])
        for side in (0, 1)
    )
    print(f"{len(samples)} documents: evaluation / graph  {clock:.2f} by the clock  {cpu_time:.2f} CPU")


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Return clock and CPU seconds until the last trace is stored."""
    from graph.tracing.queue import flush_traces  # noqa: PLC0415

    wall, cpu = time.perf_counter(), _cpu_s()
    work()
    flush_traces()
    for thread in threading.enumerate():
        if thread.name.startswith("link_prompt"):  # MLflow links prompts to traces beside the queue
            thread.join()
    return time.perf_counter() - wall, _cpu_s() - cpu


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
