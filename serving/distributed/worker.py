"""What runs on the machines of a cluster: one part of a run after another, each by the engine for one machine."""

import asyncio
import json
import os
import shutil
import socket
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from chat_models.pace import PaceLimits, pace_of, set_limits
from documents.ocr import READER
from graph.settings import get_settings, get_store
from graph.tracing.queue import flush_traces, trace_counts
from graph.tracing.tracers import own_tracers
from prompts.connection import patient_requests
from prompts.registry import load_prompt
from schemas.errors import OptophoneError, UsageError
from serving.batch.budget import Budget
from serving.batch.engine import Engine
from serving.batch.folder import RESULTS, only_writer
from serving.batch.inputs import Item
from serving.batch.plan import Plan, pins
from serving.batch.readers import Readers
from serving.batch.results import Results, read_records
from serving.batch.tally import Tally
from serving.batch.work import identify
from serving.distributed.output import Output
from serving.distributed.parts import Part, is_done, part_of, read_part, write_part

# A part that is stopped is stopped by a fault that all its documents share; what was asked is still written.
_GRACE_S = 30.0
# A worker that is killed, with its machine or without, isn't the part's fault; as many without a result between are.
_TRIES = 5


@dataclass(frozen=True)
class Job:
    """What every worker has to know."""

    plan: Plan
    out: str
    """Absolute path or URI."""
    folder: str
    """The caller's folder: relative paths start there."""
    limits: PaceLimits
    """Of one worker."""
    concurrency: int
    """Of one worker."""
    identity: str
    """`identity_of` the plan where the run was started."""


def identity_of(plan: Plan) -> str:
    """Name what a record depends on that isn't sent along: the prompts' texts, the schema's code, the OCR's options."""
    settings, context = get_settings(), plan.context
    prompts = [
        load_prompt(uri, settings.tracking_uri, settings.registry_timeout_s).text
        for uri in (context.extract_prompt, context.refine_prompt)
    ]
    return sha256(json.dumps([pins(plan), prompts, READER]).encode()).hexdigest()


def name_units(row: dict[str, str], job: Job) -> dict[str, str]:
    """Hash some documents: from {"items"} to {"units", "failure"}."""
    try:
        _settle(job)
        items = [Item(**item) for item in json.loads(row["items"])]
        units = [identify(item, job.plan).unit for item in items]
    except OptophoneError as error:
        return {"units": "[]", "failure": _said(error)}
    return {"units": json.dumps(units), "failure": ""}


class Worker:
    """One process: event loop, reader and chat model are made with its first part and stay."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._is_open = False

    def __call__(self, row: dict[str, str]) -> dict[str, str]:
        """Do a part: from {"part"} to {"tally", "failure"}, one of which is empty.

        What ends every document's work is an answer, not an exception: Ray would repeat the part.
        """
        try:
            self._open()
            tally = self._do(part_of(row["part"]))
        except (OptophoneError, OSError) as error:
            return {"tally": "", "failure": _said(error)}
        return {"tally": json.dumps(asdict(tally) | {"chat_models": []}), "failure": ""}

    def _open(self) -> None:
        if self._is_open:
            return
        _settle(self._job)
        import graph.app  # noqa: F401, PLC0415 - turns tracing on

        if identity_of(self._job.plan) != self._job.identity:
            raise UsageError(
                "other prompts, schema or OCR than where the run was started; install the same version of everything, "
                "and give every machine the same MLFLOW_TRACKING_URI"
            )
        set_limits(self._job.limits)
        self._output = Output(self._job.out)
        # One process reads, and one that a document takes down costs that document alone.
        self._readers = Readers(get_store(), get_settings().limits, count=1)
        stack = ExitStack()  # until the process ends
        stack.enter_context(patient_requests())
        stack.enter_context(own_tracers())
        self._runner = stack.enter_context(asyncio.Runner())
        self._open_until_the_end = stack
        self._is_open = True

    def _do(self, part: Part) -> Tally:
        tally = Tally(trace_ratio=self._job.plan.trace_ratio)
        scratch = get_settings().data_dir / "parts" / sha256(f"{self._job.out} {part.name}".encode()).hexdigest()[:24]
        if is_done(self._output, part.name):  # its worker ended before it could say so
            for record in read_part(self._output, part.name):
                tally.note(record)
        else:
            with only_writer(scratch):
                note_try(scratch)
                self._runner.run(self._ask(part, scratch / RESULTS, tally))
                records = sorted(read_records(scratch / RESULTS), key=lambda record: record["index"])
                write_part(self._output, part.name, records)
        shutil.rmtree(scratch, ignore_errors=True)
        return tally

    async def _ask(self, part: Part, path: Path, tally: Tally) -> None:
        """Run the part's documents that a worker of this machine hadn't done before it ended."""
        failed, lost = self._failures(part), trace_counts().lost
        results = Results(path, tally.note)
        engine = Engine(
            plan=self._job.plan,
            results=results,
            readers=self._readers,
            budget=Budget(None, None),
            concurrency=self._job.concurrency,
            grace_s=_GRACE_S,
            note=tally.note,
        )
        try:
            await engine.run(iter(part.items))
        finally:
            results.close()
            if tally.traced:
                await asyncio.to_thread(flush_traces)
        tally.failures = self._failures(part) - failed
        tally.traces_lost = trace_counts().lost - lost

    def _failures(self, part: Part) -> int:
        chat_models = {str(self._job.plan.variant(item).context.chat_model) for item in part.items}
        return sum(pace_of(chat_model).counts().failures for chat_model in chat_models)


def note_try(scratch: Path) -> None:
    """Note that a part is begun, so that one that ends each of its workers isn't tried for ever.

    Raises:
        OptophoneError: it was begun so often without a further record; the next time it is tried again.
    """
    tries, results = scratch / "tries", scratch / RESULTS
    size = str(results.stat().st_size if results.exists() else 0)
    before = tries.read_text().split() if tries.exists() else []
    if before[-_TRIES:] == [size] * _TRIES:
        tries.unlink()
        raise OptophoneError(f"a part of the run ended its worker {_TRIES} times; give workers more memory")
    tries.write_text(" ".join([*before, size]))


def _settle(job: Job) -> None:
    """Look for paths, `.env` and schema files where the caller does; a machine may not have that folder."""
    if Path(job.folder).is_dir():
        os.chdir(job.folder)
    if "" not in sys.path:
        sys.path.append("")  # as for extract


def _said(error: Exception) -> str:
    return f"{error} (worker on {socket.gethostname()})"
