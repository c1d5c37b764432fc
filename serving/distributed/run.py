"""One start of a run on Ray, from what was given to what is left."""

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from chat_models.pace import PaceLimits
from graph.context import Context
from graph.settings import get_settings
from schemas.errors import OptophoneError, UsageError
from serving.batch.engine import StopReason
from serving.batch.folder import RUN, describe, go_on, only_writer, understand
from serving.batch.inputs import Item, find_items
from serving.batch.plan import Plan
from serving.batch.progress import Display
from serving.batch.run import BatchOutcome, check_inputs
from serving.batch.tally import Tally
from serving.distributed.cluster import Cluster, check_installed, joined
from serving.distributed.left import copy_known, look_back, parts_left
from serving.distributed.output import Output, is_uri
from serving.distributed.parts import Part, remove_unfinished
from serving.distributed.worker import Job, Worker, identity_of, name_units

# Hashing takes a millisecond a document, handing out as much: many at a time.
_HASHED_AT_ONCE = 256


@dataclass(frozen=True)
class RayOptions:
    """How a run is done, beside what is asked."""

    out: str
    """A folder or a URI."""
    cluster: Cluster
    pace: PaceLimits
    """Of the requests of all workers to each chat model."""
    concurrency: int = 8
    """Requests under way at once, of all workers; each has one at least."""
    keeps_answers: bool = True
    trace_ratio: float = 1.0
    quiet: bool = False


class _Pool(NamedTuple):
    """How many workers there may be, and cores of each."""

    least: int
    most: int
    cpus: float


def run_on_ray(inputs: Sequence[str], context: Context, options: RayOptions) -> BatchOutcome:
    """Do a run, or what is left of it.

    Raises:
        UsageError: the call is wrong; nothing was paid. Or every document failed alike.
        OSError: a result can't be written; those before it are.
    """
    check_installed()
    _check_tracing()
    place = options.out if is_uri(options.out) else str(Path(options.out).resolve())
    with nullcontext() if is_uri(place) else only_writer(Path(place)):
        plan, tally = _begin(Output(place), inputs, context, options)
        with joined(options.cluster) as ray:
            pool = _Pool(options.cluster.min_workers, _most_workers(ray, options.cluster), options.cluster.cpus)
            job = _make_job(plan, place, options, pool.most)
            display = Display(tally, quiet=options.quiet)
            stop_reason = _show(_do_the_rest(ray, inputs, job, tally, pool), tally, display)
    return BatchOutcome(tally, stop_reason)


def _begin(output: Output, inputs: Sequence[str], context: Context, options: RayOptions) -> tuple[Plan, Tally]:
    begun = output.get(RUN)
    run = understand(begun, output.place, "ray") if begun else None
    plan = go_on(run, context, output.place, keeps_answers=options.keeps_answers)
    plan = replace(plan, trace_ratio=options.trace_ratio)
    tally = check_inputs(inputs, plan)
    if run is None:
        output.put(RUN, describe(context, plan, "ray"))
    return plan, tally


def _show(parts: Iterator[Tally], tally: Tally, display: Display) -> StopReason | None:
    """Add up what came of each part as it comes."""
    from ray.exceptions import RayError, RayTaskError  # noqa: PLC0415 - of the extra

    stop_reason: StopReason | None = None
    try:
        with display, _stopped_by_sigterm():
            for done in parts:
                tally.add(done)
                display.update()
    except KeyboardInterrupt:
        stop_reason = "interrupted"
    except RayTaskError:  # a fault of ours; what isn't comes as an answer
        raise
    except RayError as error:
        said = str(error).strip().partition("\n")[0]
        raise OptophoneError(f"the cluster gave up: {said}; mend it, and run the same command again") from error
    display.summarise(stop_reason)
    return stop_reason


def _check_tracing() -> None:
    settings = get_settings()
    if settings.tracing and settings.tracking_uri.startswith("sqlite:"):
        raise UsageError(
            "the workers of a cluster can't all trace into one SQLite file; set MLFLOW_TRACKING_URI to a tracking "
            "server, or OPTOPHONE_TRACING=false"
        )


def _most_workers(ray: Any, cluster: Cluster) -> int:
    room = int(ray.cluster_resources().get("CPU", 1) / cluster.cpus)
    return max(cluster.max_workers or room, cluster.min_workers, 1)


def _make_job(plan: Plan, place: str, options: RayOptions, workers: int) -> Job:
    """Give each worker its share of what the provider allows, as if all that may be were at work."""
    concurrency = max(options.concurrency // workers, 1)
    pace = replace(options.pace, rpm=options.pace.rpm / workers, tpm=options.pace.tpm / workers, at_once=concurrency)
    return Job(plan, place, str(Path.cwd()), pace, concurrency, identity_of(plan))


def _do_the_rest(ray: Any, inputs: Sequence[str], job: Job, tally: Tally, pool: _Pool) -> Iterator[Tally]:
    """Yield what came of each part, in order of completion."""
    output = Output(job.out)
    remove_unfinished(output)
    known = look_back(output, tally)
    tally.before = tally.done
    parts, copies = parts_left(_named(ray, inputs, job), known)
    for record in copy_known(copies, known, output):
        tally.note(record)
    yield from _done(ray, parts, job, pool)


def _named(ray: Any, inputs: Sequence[str], job: Job) -> list[tuple[Item, str]]:
    """Return each input with its unit; the cluster reads them, and nobody pays."""
    items = find_items(inputs)
    rows = []
    while some := list(islice(items, _HASHED_AT_ONCE)):
        rows.append({"items": json.dumps([asdict(item) for item in some])})
    named = ray.data.from_items(rows, override_num_blocks=len(rows))
    found: dict[int, tuple[Item, str]] = {}
    for row in named.map(_with_items, fn_args=[job]).iter_rows():
        if row["failure"]:
            raise UsageError(row["failure"])
        given = [Item(**item) for item in json.loads(row["items"])]
        found |= {item.index: (item, unit) for item, unit in zip(given, json.loads(row["units"]), strict=True)}
    return [found[index] for index in sorted(found)]


def _with_items(row: dict[str, str], job: Job) -> dict[str, str]:
    return row | name_units(row, job)


def _done(ray: Any, parts: list[Part], job: Job, pool: _Pool) -> Iterator[Tally]:
    """Have the parts done; yield what came of each, in order of completion.

    A row, so a block, so a task is one part: what Ray repeats is one part, for as long as its worker is killed.
    """
    if not parts:
        return
    rows = [{"part": part.as_json()} for part in parts]
    done = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
        Worker,
        fn_constructor_args=[job],
        # One waits at each worker, so that none waits for the next.
        compute=ray.data.ActorPoolStrategy(min_size=pool.least, max_size=pool.most, max_tasks_in_flight_per_actor=2),
        num_cpus=pool.cpus,
    )
    for row in done.iter_rows():
        if row["failure"]:
            raise UsageError(row["failure"])
        yield Tally(**{**json.loads(row["tally"]), "chat_models": set()})


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM do what Ctrl+C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
