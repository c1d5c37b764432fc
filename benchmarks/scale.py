"""What a million pages take: machines, hours, dollars and what holds them up, from figures of one machine.

    python -m benchmarks.scale --measure FUNSD/training_data --count 10
    python -m benchmarks.scale --cpu-s 1.5 --core-hour-usd 0.05
    python -m benchmarks.scale --chat-model openai:gpt-4o-mini --input-tokens 3000 --output-tokens 500 --rpm 10000

--measure runs `optophone batch` with the local reader on pages that nobody has read, once on one and once on so many
more, and divides the difference; so starting up is not counted. CPU time is that of all processes together, which
other work on the machine changes little. Without it, the table is computed from what is given; every default is an
assumption or names its measurement in `docs/experiments.md`.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chat_models.pricing import cost_usd
from serving.distributed.left import PART

MACHINES = (1, 4, 16, 64)


@dataclass(frozen=True)
class Load:
    """What is to be done, and what one page of it takes."""

    pages: int
    cpu_s: float
    """Of one page, everything included."""
    latency_s: float
    """Of one answer; a worker waits for the last one of each part."""
    rpm: float | None
    cost_usd: float
    """Of one page's requests."""

    @property
    def busy(self) -> float:
        """Share of a worker's time in which it works: the end of a part waits for an answer."""
        work_s = PART * self.cpu_s
        return work_s / (work_s + self.latency_s)

    @property
    def core_hours(self) -> float:
        """Hours of one core for all pages."""
        return self.pages * self.cpu_s / self.busy / 3600

    @property
    def provider_hours(self) -> float:
        """Hours that a provider's limit takes; one request a page."""
        return self.pages / self.rpm / 60 if self.rpm else 0.0


def main() -> None:
    """Measure, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", type=Path, metavar="FOLDER", help="a split of FUNSD, with images/")
    parser.add_argument("--count", type=int, default=10, help="pages to measure")
    parser.add_argument("--pages", type=int, default=1_000_000)
    parser.add_argument("--cpu-s", type=float, default=1.5, help="a page, by --measure")
    parser.add_argument("--cores", type=int, default=16, help="of one machine")
    parser.add_argument("--core-hour-usd", type=float, default=0.05, help="an assumption: ask your provider")
    parser.add_argument("--chat-model", default="local")
    parser.add_argument("--input-tokens", type=int, default=0, help="a page")
    parser.add_argument("--output-tokens", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds an answer takes")
    parser.add_argument("--rpm", type=float, help="requests a minute that the provider allows")
    options = parser.parse_args()
    if options.measure:
        measure(sorted((options.measure / "images").iterdir())[: options.count + 1])
        return
    price = cost_usd(options.chat_model, options.input_tokens, options.output_tokens)
    if price is None:
        sys.exit(f"the price of '{options.chat_model}' is not known")
    show(Load(options.pages, options.cpu_s, options.latency, options.rpm, price), options.cores, options.core_hour_usd)


def show(load: Load, cores: int, core_hour_usd: float) -> None:
    """Print the totals, and a row for each number of machines."""
    machines_usd, requests_usd = load.core_hours * core_hour_usd, load.pages * load.cost_usd
    print(f"{load.pages} pages: {load.core_hours:.0f} core hours, workers busy {load.busy:.1%} of their time")
    print(f"machines {machines_usd:.0f} USD, chat model {requests_usd:.0f} USD; {-(-load.pages // PART)} parts")
    print("machines  cores  hours  pages/s  held up by")
    for machines in MACHINES:
        by_cores = load.core_hours / (machines * cores)
        hours = max(by_cores, load.provider_hours)
        limit = "cores" if by_cores >= load.provider_hours else "the provider's limit"
        print(f"{machines:8}  {machines * cores:5}  {hours:5.1f}  {load.pages / hours / 3600:7.1f}  {limit}")


def measure(images: list[Path]) -> None:
    """Print CPU time and bytes of a page."""
    with tempfile.TemporaryDirectory(prefix="optophone-scale-") as name:
        one = _run(Path(name) / "one", images[:1])
        more = _run(Path(name) / "more", images)
    count = len(images) - 1
    for what, first, last in zip(("CPU s", "KB of store", "KB of Parquet"), one, more, strict=True):
        print(f"{(last - first) / count:8.2f} {what} a page; {first:.1f} for the first, start included")


def _run(folder: Path, images: list[Path]) -> tuple[float, float, float]:
    scans, data = folder / "scans", folder / "data"
    scans.mkdir(parents=True)
    for image in images:
        shutil.copy(image, scans)
    before = _cpu_s()
    command = [sys.executable, "-m", "serving.cli", "batch", str(scans), "--out", str(folder / "out")]
    environment = {**os.environ, "OPTOPHONE_DATA_DIR": str(data), "OPTOPHONE_TRACING": "false"}
    options = ["--chat-model", "local", "--format", "parquet", "--quiet"]
    # Exit code 1: some document is not valid.
    code = subprocess.run(command + options, env=environment, check=False).returncode  # noqa: S603 - ours
    if code not in (0, 1):
        sys.exit("the batch failed")
    tables = [folder / "out" / table for table in ("documents", "fields")]
    return _cpu_s() - before, _kilobytes(data / "documents"), sum(map(_kilobytes, tables))


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _kilobytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1000


if __name__ == "__main__":
    main()
