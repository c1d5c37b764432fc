"""Documents a second of `optophone batch`, beside bare calls of the `openai` package.

    python -m benchmarks.throughput FUNSD/training_data --concurrency 1 8 32 128
    python -m benchmarks.throughput FUNSD/training_data --read 40

The provider (`benchmarks.provider`) is a process of its own with 1 s of latency, 20 % more or less; words and payloads
are in the store. Beside the batch, traced, stand (a) the article's loop, one call after another with the image in
base64, and (b) a bare asyncio loop over the same requests, built beforehand. Each number is of a process of its own;
its rate is of the time between the first request and the last result, what comes before and after (imports, the last
traces) is told beside it. CPU time is that of the main process, whose interpreter all documents share; what other
processes take for it (pages, traces) stands behind the plus.

--read runs the local reader on pages that nobody has read: in one process, then by the batch on all cores, then by the
batch once more with the words in the store, which is what takes time beside OCR. Documents are copies of the folder's
pages that differ in a note inside the file, so that none counts as a duplicate.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from zlib import crc32

from benchmarks.throughput_tasks import Row, run_task, running_provider

EXAMPLE = Path(__file__).parent.parent / "examples" / "registration_form.png"
# A round more costs a second; the ragged end of the last one counts less.
ROUNDS = 20


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="a split of FUNSD, with annotations/ and images/")
    parser.add_argument("--store", type=Path, default=Path(".optophone/documents"), help="where words are kept")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="documents for each place in flight")
    parser.add_argument("--latency", type=float, default=1.0, help="seconds")
    parser.add_argument("--read", type=int, metavar="PAGES")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="optophone-throughput-") as name:
        folder = Path(name)
        os.environ |= {"OPTOPHONE_DATA_DIR": name, "OPENAI_API_KEY": "sk-none"}
        os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        if options.read:
            compare_reading(folder, sorted((options.folder / "images").iterdir())[: options.read])
            return
        # Linked, not copied: what is added stays in the temporary folder.
        shutil.copytree(options.store.resolve(), folder / "documents", copy_function=os.link)
        run_task("requests", str(options.folder), str(EXAMPLE))
        pages = sorted((options.folder / "images").iterdir())
        compare_rates(folder, pages, options.concurrency, options.rounds, options.latency)


def compare_rates(
    folder: Path, pages: Sequence[Path], concurrencies: Sequence[int], rounds: int, latency_s: float
) -> None:
    """Print documents a second at each concurrency."""
    with running_provider(folder, latency_s):
        show("(a) one call after another", run_task("one_after_another"), 1 / latency_s)
        for concurrency in concurrencies:
            documents = max(rounds * concurrency, 20)
            inputs = copies(pages, documents, folder / f"inputs-{concurrency}")
            run_task("prepare", str(inputs))
            ideal = concurrency / latency_s
            print(f"concurrency {concurrency}, {documents} documents, ideal {ideal:.1f} documents/s", flush=True)
            bare = show("(b) bare asyncio loop", run_task("bare", str(documents), str(concurrency)), ideal)
            batch = show("batch, traced", run_task("batch", str(inputs), str(concurrency)), ideal)
            print(f"  batch / (b) {batch['rate'] / bare['rate']:.3f}", flush=True)


def compare_reading(folder: Path, pages: Sequence[Path]) -> None:
    """Print pages a second of one process and of the batch, and what of it is not OCR."""
    alone = show("one process", run_task("read_alone", *map(str, pages)), None)
    shutil.rmtree(folder / "documents")
    inputs = copies(pages, len(pages), folder / "inputs")
    batch = show("batch", run_task("batch_local", str(inputs), "first"), None)
    again = show("batch, words in the store", run_task("batch_local", str(inputs), "again"), None)
    outside = (again["cpu_s"] + again["children_cpu_s"]) / (batch["cpu_s"] + batch["children_cpu_s"])
    print(f"batch / one process {batch['rate'] / alone['rate']:.2f}; outside OCR {outside:.1%} of the CPU time")


def show(name: str, row: Row, ideal: float | None) -> Row:
    """Print a row."""
    share = f"  {row['rate'] / ideal:.3f} of the ideal" if ideal else ""
    each = 1000 / row["documents"]
    print(
        f"  {name:26} {row['rate']:6.2f} documents/s{share}  CPU {row['cpu_s'] * each:.1f} + "
        f"{row['children_cpu_s'] * each:.1f} ms a document  peak {row['peak_mb']:.0f} MB"
        f"  {row['before_s']:.1f} s before, {row['after_s']:.1f} s after  {row['note']}",
        flush=True,
    )
    return row


def copies(pages: Sequence[Path], count: int, folder: Path) -> Path:
    """Write so many PNG files that differ in a note alone; return their folder."""
    folder.mkdir()
    for number, page in enumerate(islice(cycle(pages), count)):
        png, text = page.read_bytes(), b"tEXtnumber\0%d" % number
        chunk = (len(text) - 4).to_bytes(4) + text + crc32(text).to_bytes(4)
        (folder / f"{number:05}.png").write_bytes(png[:-12] + chunk + png[-12:])  # the last chunk, IEND, has 12 bytes
    return folder


if __name__ == "__main__":
    main()
