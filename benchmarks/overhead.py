"""Compare the graph, traced and untraced, with the bare steps it can't do without; words and payload are cached.

    python -m benchmarks.overhead --documents 60 --runs 3

Bare: load the document from the store, lay its words out, fetch the payload and encode it, parse a scripted answer and
coerce it. The graph adds prompts, state, grounding of each value, validation and, traced, the spans. Within a round
the variants take turns in shuffled order, so that what else runs on the machine hits all alike. MLflow stores traces
in threads of this process, which take their share of its time: "drained" rounds wait after each traced document until
its trace is stored, so nothing runs beside what is measured; "draining" rounds don't, as in a batch that outruns the
store. Beside the median of the clock stands that of the calling thread's CPU time, which no other work disturbs; it
counts a synchronous run only, as the others' nodes run in other threads.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel
from documents.layout import lay_out
from documents.load import load_document
from documents.payload import page_payload
from documents.words import page_words
from graph.builder import make_graph
from graph.context import Context
from graph.settings import get_settings, get_store
from graph.tracing.enable import enable_tracing
from graph.tracing.queue import flush_traces
from schemas.coerce import coerce
from schemas.parsing import parse_answer

EXAMPLE = Path(__file__).parent.parent / "examples" / "registration_form.png"
CONTEXT = Context(chat_model="scripted")
# The first documents fill caches: prompts, words, compiled validators, MLflow's own.
WARM_UP = 5

Variants = dict[str, Callable[[], object]]


class Cost(NamedTuple):
    """Milliseconds a document takes."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} ({self.cpu:.1f})"


def main() -> None:
    """Print the milliseconds a document takes, a line for each run, and what each variant adds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=60, help="documents of each variant in a run")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="optophone-overhead-") as folder, asyncio.Runner() as runner:
        os.environ |= {"OPTOPHONE_DATA_DIR": folder, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
        variants = make_variants(runner)
        measure(variants, WARM_UP, drain=True)
        for drain in (True, False):
            print(f"\n{'drained' if drain else 'draining'}: median ms a document (CPU of the calling thread)")
            report([measure(variants, options.documents, drain=drain) for _ in range(options.runs)])
            flush_traces()


def make_variants(runner: asyncio.Runner) -> Variants:
    """Give what is compared; each call does one document."""
    answer = EXAMPLE.with_suffix(".json").read_text()
    register_chat_model("scripted", lambda: ScriptedChatModel(answers=[answer]))
    enable_tracing(get_settings())
    graph, document = make_graph(), {"document": str(EXAMPLE)}

    def run() -> object:
        return graph.invoke(document, context=CONTEXT)

    def run_async() -> object:
        return runner.run(graph.ainvoke(document, context=CONTEXT))

    for result in (run(), run_async()):
        assert isinstance(result, dict)
        assert (result["status"], result["extraction"]) == ("valid", json.loads(answer))
    return {"bare": lambda: bare(answer), "graph": run, "traced": run, "async": run_async, "traced async": run_async}


def bare(answer: str) -> object:
    """Do what no way of reading a document by a chat model can leave out."""
    store = get_store()
    for page in load_document(str(EXAMPLE), store, get_settings().limits, allow_paths=True)["pages"]:
        lay_out(page_words(page, store), page["width_px"], page["height_px"])
        b64encode(page_payload(page, store, CONTEXT.max_side_px, CONTEXT.jpeg_quality)).decode()
    return coerce(parse_answer(answer).value, CONTEXT.schema_to_fill(allow_paths=False).json_schema)


def measure(variants: Variants, documents: int, *, drain: bool) -> dict[str, Cost]:
    """Return each variant's medians."""
    taken: dict[str, list[Cost]] = {name: [] for name in variants}
    for _ in range(documents):
        for name in random.sample(list(variants), len(variants)):
            with tracing(on="traced" in name):
                wall, cpu = time.perf_counter(), time.thread_time()
                variants[name]()
                taken[name].append(Cost((time.perf_counter() - wall) * 1000, (time.thread_time() - cpu) * 1000))
            if drain and "traced" in name:
                flush_traces()
    return {name: Cost(*map(median, zip(*costs, strict=True))) for name, costs in taken.items()}


@contextmanager
def tracing(*, on: bool) -> Iterator[None]:
    """Turn autolog on or off; off, the callbacks aren't even there."""
    import mlflow.langchain  # noqa: PLC0415 - takes seconds

    mlflow.langchain.autolog(disable=not on, silent=True)
    yield


def report(runs: list[dict[str, Cost]]) -> None:
    """Print each run, then what each variant adds to bare: in its quietest run, and in its loudest."""
    for number, run in enumerate(runs, start=1):
        print(f"  run {number}: " + "  ".join(f"{name} {cost}" for name, cost in run.items()))
    for name in list(runs[0])[1:]:
        added = sorted(Cost(run[name].wall - run["bare"].wall, run[name].cpu - run["bare"].cpu) for run in runs)
        ratio = min(run[name].wall / run["bare"].wall for run in runs)
        print(f"  {name:12} adds {added[0]}, at most {added[-1]}; {ratio:.1f} times bare", flush=True)


if __name__ == "__main__":
    main()
