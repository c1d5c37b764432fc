"""How fast MLflow stores the graph's traces, and what they cost, under its settings and those of SQLite.

    python -m benchmarks.tracing FUNSD/training_data --documents 100

Each setting gets a process and a store of its own. The chat model is scripted and answers at once, words and payloads
are cached; the documents run four at a time, then everything waits for the last trace. "CPU" is the process's, "store"
what of it is spent in storing: the same documents untraced, and traced without storing, are taken off.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTINGS: dict[str, dict[str, str]] = {
    "untraced": {"OPTOPHONE_TRACING": "false"},
    "MLflow's own": {"OWN": "1"},
    "ours": {},
    "ours apart": {"APART": "1"},
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--store", type=Path, default=Path(".optophone/documents"))
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--only")
    parser.add_argument("--own", action="store_true")
    o = parser.parse_args()
    if o.own:
        print(json.dumps(measure(o.folder, o.documents)))
        return
    for name, settings in SETTINGS.items():
        if o.only and o.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "documents").symlink_to(o.store.resolve())
            env = {**os.environ, "OPTOPHONE_DATA_DIR": folder, **settings}
            env.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
            c = [sys.executable, "-m", "benchmarks.tracing", str(o.folder), "--own", "--documents", str(o.documents)]
            r = subprocess.run(c, env=env, capture_output=True, text=True)
            try:
                row = json.loads(r.stdout.splitlines()[-1])
            except Exception:
                print(name, r.stderr[-2000:])
                continue
            print(
                f"{name:34} CPU {row['cpu']:6.1f} ms/doc  run {row['run']:.2f} s drain {row['drain']:.2f} s: {row['rate']:.1f} traces/s  stored {row['stored']}",
                flush=True,
            )


def measure(folder, n):
    import threading

    import mlflow

    if os.environ.get("OWN"):
        import prompts.connection as pc

        pc._use_write_ahead_log = lambda f: None
        import graph.tracing as gt

        gt._take_over_storing = lambda u: None
    from chat_models.factory import register_chat_model
    from chat_models.scripted import ScriptedChatModel
    from evaluation.datasets.load import load_dataset
    from graph.app import graph
    from graph.context import Context
    from graph.tracing import flush_traces

    samples = load_dataset(f"funsd:{folder}").samples
    by = {}

    class ByPage(ScriptedChatModel):
        pass

    golds = [json.dumps(dict(s.expected)) for s in samples]
    m = ScriptedChatModel(answers=(golds * 50))
    register_chat_model("s", lambda: m)
    ctx = Context(chat_model="s", max_attempts=1)

    async def go(k, off=0):
        it = iter(range(k))

        async def w():
            for i in it:
                await graph.ainvoke({"document": samples[(i + off) % len(samples)].document}, context=ctx)

        await asyncio.gather(*(w() for _ in range(4)))

    if os.environ.get("APART"):
        from graph.trace_queue import trace_queue

        trace_queue().work_apart()
    traced = os.environ.get("OPTOPHONE_TRACING") != "false"

    def fl():
        if traced:
            flush_traces()
        for t in threading.enumerate():
            if t.name.startswith("link_prompt"):
                t.join()

    asyncio.run(go(len(samples) if n >= 150 else 20))
    fl()
    cpu = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    t0, c0 = time.perf_counter(), cpu()
    asyncio.run(go(n))
    t1 = time.perf_counter()
    c1 = cpu()
    fl()
    t2 = time.perf_counter()
    c2 = cpu()
    st = 0
    if traced:
        st = len(mlflow.search_traces(max_results=500, return_type="list", include_spans=False))
    return dict(cpu=1000 * (c2 - c0) / n, run=t1 - t0, drain=t2 - t1, rate=n / (t2 - t0), stored=st)


if __name__ == "__main__":
    main()
