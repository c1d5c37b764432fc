"""Time whole processes: the command line's help, and one document whose words were read before.

    python -m benchmarks.cold_start --runs 5

Each extraction is a process of its own on one data folder; the first of them, not counted, makes MLflow's database and
reads the page.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
HELP = ("--help",)
EXTRACT = ("extract", "examples/registration_form.png", "--chat-model", "local")


def main() -> None:
    """Print the quickest and the median seconds of each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="optophone-cold-start-") as folder:
        environment = {
            **os.environ,
            "OPTOPHONE_DATA_DIR": folder,
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
        }
        untraced = {**environment, "OPTOPHONE_TRACING": "false"}
        print(f"first extraction ever: {seconds(EXTRACT, environment):.2f} s")
        for name, arguments, variables in (
            ("help", HELP, environment),
            ("extract", EXTRACT, environment),
            ("extract, untraced", EXTRACT, untraced),
        ):
            times = [seconds(arguments, variables) for _ in range(options.runs)]
            print(f"{name:18} min {min(times):.2f} s  median {median(times):.2f} s  max {max(times):.2f} s", flush=True)


def seconds(arguments: tuple[str, ...], environment: dict[str, str]) -> float:
    """Return how long the command takes, from start to the end of its process."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "serving.cli", *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)  # noqa: S603
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
