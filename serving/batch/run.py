"""One start of a run, from what was given to what is left."""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from chat_models.pace import PaceLimits, pace_of, set_limits
from chat_models.pricing import cost_usd
from graph.context import Context
from graph.settings import get_settings, get_store
from graph.tracing.queue import flush_traces, store_traces_apart, trace_counts
from graph.tracing.tracers import own_tracers
from prompts.connection import patient_requests
from schemas.errors import UsageError
from serving.batch.budget import Budget
from serving.batch.engine import Engine, StopReason
from serving.batch.folder import RESULTS, RETRIED, begin, find_plan, only_writer
from serving.batch.inputs import Item, check_items, find_items
from serving.batch.plan import Plan
from serving.batch.progress import Display
from serving.batch.readers import Readers
from serving.batch.record import Record, paid_requests
from serving.batch.results import Results, finish_setting_aside, read_records, set_failed_aside
from serving.batch.tables import write_tables
from serving.batch.tally import Tally

# A chat model's usual answer takes a few seconds; what hangs is asked again another time.
_GRACE_S = 30.0
# The process that stores traces takes five CPU seconds to start; it saves 20 ms a document of this one's time.
_MANY_DOCUMENTS = 250


@dataclass(frozen=True)
class Options:
    """How a run is done, beside what is asked."""

    out: Path
    pace: PaceLimits
    """Of the requests to each chat model."""
    concurrency: int = 8
    """Requests under way at once, to each chat model."""
    max_cost_usd: float | None = None
    max_tokens: int | None = None
    retry_failed: bool = False
    restart: bool = False
    keeps_answers: bool = True
    trace_ratio: float = 1.0
    parquet: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class BatchOutcome:
    """How a start of a run ended."""

    tally: Tally
    stop_reason: StopReason | None
    """None where every document has its record."""


def run_batch(inputs: Sequence[str], context: Context, options: Options) -> BatchOutcome:
    """Do a run, or what is left of it.

    Raises:
        UsageError: the call is wrong; nothing was paid. Or every document failed alike.
        OSError: a result can't be written; those before it are.
    """
    with only_writer(options.out):
        plan = find_plan(options.out, context, restart=options.restart, keeps_answers=options.keeps_answers)
        plan = replace(plan, trace_ratio=options.trace_ratio)
        tally = check_inputs(inputs, plan, options.max_cost_usd)
        begin(options.out, context, plan, restart=options.restart)
        display = Display(tally, quiet=options.quiet)
        set_limits(replace(options.pace, at_once=options.concurrency))
        try:
            with patient_requests():
                if tally.documents >= _MANY_DOCUMENTS:
                    store_traces_apart()
                with own_tracers(), asyncio.Runner() as runner:
                    stop_reason = runner.run(_run(find_items(inputs), plan, options, tally, display))
        finally:
            set_limits(PaceLimits())
        if options.parquet:
            write_tables(options.out)
    return BatchOutcome(tally, stop_reason)


def check_inputs(inputs: Sequence[str], plan: Plan, max_cost_usd: float | None = None) -> Tally:
    """Look at each input before the first is paid for; count them.

    Raises:
        UsageError: one is missing, or a line asks for what isn't there.
    """
    tally = Tally(trace_ratio=plan.trace_ratio)
    for item in check_items(inputs):
        tally.documents += 1
        tally.chat_models.add(str(plan.variant(item).context.chat_model))
    for chat_model in sorted(tally.chat_models):
        if max_cost_usd is not None and cost_usd(chat_model, 1, 1) is None:
            raise UsageError(f"the price of '{chat_model}' is not known, so --max-cost can't hold; use --max-tokens")
    return tally


async def _run(
    items: Iterator[Item], plan: Plan, options: Options, tally: Tally, display: Display
) -> StopReason | None:
    budget = Budget(options.max_cost_usd, options.max_tokens)
    results, fresh = _open_results(options, budget, tally)
    traced_before, lost_before = tally.traced, trace_counts().lost

    def note(record: Record) -> None:
        tally.note(record)
        tally.failures = sum(pace_of(chat_model).counts().failures for chat_model in tally.chat_models)
        display.update()

    readers = Readers(get_store(), get_settings().limits)
    engine = Engine(
        plan=plan,
        results=results,
        readers=readers,
        budget=budget,
        concurrency=options.concurrency,
        grace_s=_GRACE_S,
        note=note,
        fresh=fresh,
    )
    try:
        with display, _stopped_by_signals(engine, display):
            await engine.run(items)
    finally:
        readers.close()
        results.close()
        if tally.traced > traced_before:
            await asyncio.to_thread(flush_traces)
            tally.traces_lost = trace_counts().lost - lost_before
        display.summarise(engine.stop_reason)
    return engine.stop_reason


def _open_results(options: Options, budget: Budget, tally: Tally) -> tuple[Results, set[str]]:
    """Count what earlier starts wrote; return the file and the units that take nothing from the cache."""
    path, retried = options.out / RESULTS, options.out / RETRIED
    finish_setting_aside(path, retried)
    if options.retry_failed:
        set_failed_aside(path, retried)

    def note_spent(record: Record) -> None:
        budget.note(record["cost_usd"], record["tokens"], was_asked=paid_requests(record) > 0)

    def note(record: Record) -> None:
        note_spent(record)
        tally.note(record)

    fresh = set()
    for record in read_records(retried):
        note_spent(record)
        tally.note_spent(record)
        fresh.add(record["unit"])  # the cache has the answers that failed
    results = Results(path, note)
    tally.before = tally.done
    return results, fresh


@contextmanager
def _stopped_by_signals(engine: Engine, display: Display) -> Iterator[None]:
    """Let the first Ctrl+C or SIGTERM stop the run, and the second one end the process."""
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        if engine.stop_reason == "interrupted":
            display.stop()
            os._exit(128 + number)  # what is written is written; no thread or process is waited for
        engine.stop("interrupted")
        display.say(f"stopping: documents in flight get {_GRACE_S:.0f} s; once more to end at once")

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, stop, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
