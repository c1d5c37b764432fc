"""Ray, started or joined: quiet, without a dashboard of its own, and telling nobody that it is used."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from secrets import token_hex
from typing import Any

from schemas.errors import UsageError


@dataclass(frozen=True)
class Cluster:
    """Which machines, and how much of them."""

    address: str | None = None
    """`auto`, or where a cluster's head node listens; None starts one on this machine, for this run."""
    min_workers: int = 1
    max_workers: int | None = None
    """Ray's autoscaler adds machines up to so many; None is as many as the cluster has room for at the start."""
    cpus: float = 1.0
    """Cores that one worker is counted as."""


def worker_counts(text: str) -> tuple[int, int | None]:
    """Read `MIN:MAX`; without MAX it is None, one number is both.

    Raises:
        UsageError: it is neither.
    """
    least, colon, most = text.partition(":")
    try:
        counts = int(least), int(most) if most else None if colon else int(least)
    except ValueError as error:
        raise UsageError(f"expected --ray-workers MIN:MAX, got '{text}'; give such as 2:16") from error
    if counts[0] < 1 or (counts[1] is not None and counts[1] < counts[0]):
        raise UsageError(f"--ray-workers needs 1 <= MIN <= MAX, got '{text}'; give such as 2:16")
    return counts


def check_installed() -> None:
    """Raise UsageError where the extra isn't installed."""
    if not all(find_spec(name) for name in ("ray", "fsspec")):
        raise UsageError("--engine ray needs Ray; run pip install -e '.[ray]' in the checkout")


@contextmanager
def joined(cluster: Cluster) -> Iterator[Any]:
    """Connect to a cluster, or start one; gives the package `ray`.

    Raises:
        UsageError: no cluster answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not cluster.address:
        # It listens on every address of the machine, and who reaches it can run code: only with the token (Ray 2.52).
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token_hex(32)}
    import ray  # noqa: PLC0415 - of the extra, and takes seconds
    import ray.data  # noqa: PLC0415

    local = {} if cluster.address else {"include_dashboard": False}
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        ray.init(address=cluster.address or "local", log_to_driver=False, logging_level=logging.ERROR, **local)
    except (ConnectionError, ValueError, RuntimeError) as error:
        said = str(error).partition("\n")[0]
        raise UsageError(f"cannot join a Ray cluster at '{cluster.address or 'local'}': {said}; start it") from error
    data_context = ray.data.DataContext.get_current()
    data_context.enable_progress_bars = False
    data_context.print_on_execution_start = False
    try:
        with redirect_stdout(sys.stderr):  # where it tells of killed workers
            yield ray
    finally:
        ray.shutdown()
