"""Peak memory of `optophone batch` over small and large folders: it may not grow with the number of documents.

    python -m benchmarks.batch_memory --documents 1000 10000

Each size is a run of its own process over as many different one-page PDFs with a text layer; a scripted chat model
answers at once, so that as many documents as possible are in flight. Memory is the process's largest resident set,
without its worker processes: there are as many of them as cores.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel

ANSWER = json.dumps({"pairs": [{"key": "Name", "values": ["Alice"]}]})


def main() -> None:
    """Print a line for each size, and how the last compares with the first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--folder", type=Path, help="a run's own folder; for the processes that this one starts")
    options = parser.parse_args()
    if options.folder:
        run(options.folder, options.documents[0], options.concurrency)
        return
    peaks = [measure(documents, options.concurrency) for documents in options.documents]
    print(f"the last is {peaks[-1] / peaks[0]:.2f} times the first")


def measure(documents: int, concurrency: int) -> float:
    """Run a process over so many documents; return its peak in MiB."""
    with tempfile.TemporaryDirectory(prefix="optophone-memory-") as folder:
        environment = {**os.environ, "OPTOPHONE_DATA_DIR": f"{folder}/data"}
        size = ["--documents", str(documents), "--concurrency", str(concurrency)]
        command = [sys.executable, "-m", "benchmarks.batch_memory", "--folder", folder, *size]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)  # noqa: S603 - ours
    said = json.loads(done.stdout)
    print(
        f"{documents:6} documents: {said['peak']:.0f} MiB, "
        f"{said['seconds']:.0f} s, {said['cpu'] * 1000 / documents:.1f} ms of CPU time a document, "
        f"{said['stored']} traces stored, {said['lost']} lost",
        flush=True,
    )
    return float(said["peak"])


def run(folder: Path, documents: int, concurrency: int) -> None:
    """Do one run and print what it took as JSON."""
    from chat_models.pace import PaceLimits  # noqa: PLC0415 - as the command line does
    from graph.app import graph  # noqa: F401, PLC0415 - turns tracing on
    from graph.context import Context  # noqa: PLC0415
    from graph.tracing.queue import trace_counts  # noqa: PLC0415
    from serving.batch.run import Options, run_batch  # noqa: PLC0415

    scans = folder / "scans"
    scans.mkdir()
    for number in range(documents):
        (scans / f"{number:05}.pdf").write_bytes(tiny_pdf(number))
    chat_model = ScriptedChatModel(answers=[ANSWER] * documents)
    chat_model.requests = Forgetful()
    register_chat_model("scripted", lambda: chat_model)
    began = time.monotonic()
    options = Options(folder / "out", PaceLimits(), concurrency=concurrency, quiet=not sys.stderr.isatty())
    outcome = run_batch([str(scans)], Context(chat_model="scripted"), options)
    assert outcome.tally.valid == documents, outcome
    own, traces = resource.getrusage(resource.RUSAGE_SELF), trace_counts()
    said = {"peak": own.ru_maxrss / 1024, "cpu": own.ru_utime + own.ru_stime}
    said |= {"stored": traces.stored, "lost": traces.lost}
    print(json.dumps({**said, "seconds": time.monotonic() - began}))


class Forgetful(list):  # type: ignore[type-arg]
    """Counts what is put into it and keeps none of it: requests hold images."""

    count = 0

    def append(self, item: object) -> None:
        """Count one."""
        self.count += 1

    def __len__(self) -> int:
        return self.count


def tiny_pdf(number: int) -> bytes:
    """Return a page of 200 x 40 points whose text no other number has."""
    text = f"BT /F1 12 Tf 10 15 Td (Name: Alice No: {number}) Tj ET"
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 40]/Contents 4 0 R/Resources<</Font<</F1 {font}>>>>>>"
    stream = f"<</Length {len(text)}>>\nstream\n{text}\nendstream"
    pdf, places = b"%PDF-1.4\n", []
    for index, content in enumerate(
        ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream], start=1
    ):
        places.append(len(pdf))
        pdf += f"{index} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (
        pdf
        + f"xref\n0 5\n0000000000 65535 f \n{table}trailer<</Size 5/Root 1 0 R>>\nstartxref\n{len(pdf)}\n%%EOF".encode()
    )


if __name__ == "__main__":
    main()
