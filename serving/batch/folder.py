"""The folder of a run: whose it is, and that only one process writes into it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from graph.context import Context
from schemas.errors import UsageError
from serving.batch.plan import Plan, make_plan, pins
from serving.extraction import make_folder, write_whole

EngineName = Literal["local", "ray"]

RUN, RESULTS, RETRIED = "run.json", "results.jsonl", "retried.jsonl"
TABLES = ("documents", "fields")
"""Folders of the Parquet data set."""
_LOCK = ".lock"
_VERSION = 1
# Which aliases were given, beside what they stood for.
_GIVEN = ("extract_prompt", "refine_prompt", "chat_model")


@contextmanager
def only_writer(out: Path) -> Iterator[None]:
    """Keep other processes out of a folder that is made where it isn't there.

    Raises:
        UsageError: another process writes into it, or nobody can.
    """
    make_folder(out)
    with (out / _LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"another run is writing into '{out}'; wait for it, or give another --out") from error
        yield


def find_plan(out: Path, context: Context, *, restart: bool, keeps_answers: bool) -> Plan:
    """Make the plan of a run; where its folder holds one that was begun before, it must be the same.

    An alias means what it meant when the run began, whatever it was moved to since.

    Raises:
        UsageError: something of it is unknown or broken, or the folder holds another run.
    """
    return go_on(None if restart else _read(out), context, out, keeps_answers=keeps_answers)


def go_on(begun: dict[str, Any] | None, context: Context, out: object, *, keeps_answers: bool) -> Plan:
    """Make the plan of a run that stands in `out`: what is known of it from an earlier start holds.

    Raises:
        UsageError: something of it is unknown or broken, or it is another run.
    """
    if begun is not None and begun["given"] == _given(context):
        context = context.model_copy(update={name: begun["pins"][name] for name in _GIVEN})
    plan = make_plan(context, keeps_answers=keeps_answers)
    if begun is not None:
        _check_same(out, begun["pins"], pins(plan))
    return plan


def begin(out: Path, context: Context, plan: Plan, *, restart: bool) -> None:
    """Write into the folder what its run is, unless it says so already."""
    if restart:
        _move_aside(out)
    if not (out / RUN).exists():
        write_whole(out / RUN, describe(context, plan, "local"))
        for path in (out / RUN, out):  # without it the results would be nobody's after a power cut
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)


def describe(context: Context, plan: Plan, engine: EngineName) -> bytes:
    """Write down what a run is."""
    run = {
        "version": _VERSION,
        "engine": engine,
        "started": _now(),
        "given": _given(context),
        "pins": pins(plan),
    }
    return (json.dumps(run, indent=2) + "\n").encode()


def understand(text: str | bytes, out: object, engine: EngineName) -> dict[str, Any]:
    """Read what `describe` wrote.

    Raises:
        UsageError: it is broken, of another version, or the other engine wrote the results beside it.
    """
    try:
        run: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise UsageError(f"'{RUN}' in '{out}' is not readable: {error}; give another --out, or --restart") from error
    if run.get("version") != _VERSION:
        raise UsageError(f"'{out}' was written by another version of this program; give another --out, or --restart")
    begun_by = run.get("engine", "local")
    if begun_by != engine:
        raise UsageError(f"'{out}' holds a run of --engine {begun_by}; go on with it, or give another --out")
    return run


def _given(context: Context) -> dict[str, Any]:
    return {name: getattr(context, name) for name in _GIVEN}


def _read(out: Path) -> dict[str, Any] | None:
    try:
        return understand((out / RUN).read_bytes(), out, "local")
    except FileNotFoundError:
        if (out / RESULTS).exists():
            raise UsageError(f"'{out}' holds results without a {RUN}; give another --out, or --restart") from None
        return None


def _check_same(out: object, begun: dict[str, Any], now: dict[str, Any]) -> None:
    # A folder may be older than an option, which was then as it is by default.
    begun = {**Context().model_dump(), **begun}
    if changed := [name for name in now if begun[name] != now[name]]:
        said = "; ".join(f"{name} was {begun.get(name)!r} and is now {now[name]!r}" for name in changed)
        raise UsageError(f"'{out}' holds another run: {said}; give another --out, or --restart to begin anew")


def _move_aside(out: Path) -> None:
    """Keep what is there: it was paid for."""
    there = [out / name for name in (RUN, RESULTS, RETRIED, *TABLES) if (out / name).exists()]
    if there:
        aside = out / f"before-{_now().replace(':', '')}"
        aside.mkdir()
        for path in there:
            path.rename(aside / path.name)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
