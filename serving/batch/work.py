"""What is done for one document; the same on one machine and on many."""

import errno
import time
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, NamedTuple, cast

from langgraph.graph.state import CompiledStateGraph

from chat_models.factory import is_local
from chat_models.failures import explain, is_refused
from documents.prepare import Wanted
from graph.answer_cache import AnswerCache, Kept, answers_kept
from graph.builder import make_graph
from graph.context import Context, wants_words
from graph.settings import get_settings
from graph.state import OutputState
from graph.tracing.queue import keep_up
from graph.tracing.tracers import make_tracer
from schemas.errors import UsageError
from serving.batch.inputs import Item
from serving.batch.plan import Plan
from serving.batch.record import Failure, Record
from serving.batch.sampling import is_sampled

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Work(NamedTuple):
    """An input whose content is known."""

    item: Item
    document: str | None
    """The content as sha256:<hex>; None where nothing can be read."""
    unit: str
    """Names the content and all that is asked of it, 32 hex digits; empty without content."""


def identify(item: Item, plan: Plan) -> Work:
    """Read an input once to know what it is."""
    path = Path(item.source)
    try:
        if not path.is_file():  # a pipe would block
            return Work(item, None, "")
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):  # why, the graph tells
        return Work(item, None, "")
    unit = sha256(f"{digest} {plan.variant(item).fingerprint}".encode()).hexdigest()[:32]
    return Work(item, f"sha256:{digest}", unit)


def wanted(context: Context) -> Wanted:
    """Return what the graph will look for in the document store."""
    return Wanted(context.max_side_px, context.jpeg_quality, wants_words(context, str(context.chat_model)))


async def run_one(work: Work, plan: Plan, *, is_fresh: bool = False) -> Record:
    """Run the graph on one document, whatever comes of it.

    Args:
        work: the document; `documents.prepare` has put it into the store, unless it can't be read.
        plan: of the run.
        is_fresh: take no answer from the cache.

    Raises:
        UsageError: every document would fail alike.
        OSError: the disk is full.
    """
    variant = plan.variant(work.item)
    tracer = make_tracer() if is_sampled(work.document, work.item.source, plan.trace_ratio) else None
    kept = Kept(variant.request_key, is_fresh)
    # The local reader's answers cost nothing, and change with its code and weights.
    keeps_answers = plan.keeps_answers and not is_local(str(variant.context.chat_model))
    ended: OutputState | None = None
    failure = None
    await keep_up()
    started = time.perf_counter()
    try:
        with answers_kept(kept):
            ended = cast(
                "OutputState",
                await _graph(keeps_answers).ainvoke(
                    {"document": work.item.source},
                    context=variant.context,
                    config={"callbacks": [tracer] if tracer else []},
                ),
            )
        _check_unchanged(ended, work)
    except Exception as error:
        if is_disk_full(error) or _is_everybodys(error):
            raise
        failure = Failure(type=type(error).__name__, message=explain(error))
    return {
        **_new(work, failure),
        "seconds": round(time.perf_counter() - started, 3),
        "trace_id": tracer.trace_id if tracer else None,
        "cost_usd": _cost(ended, kept),
        "tokens": ended["usage"]["total_tokens"] - kept.total_tokens if ended else 0,
        "cached_requests": kept.requests,
        "result": None if failure else ended,
    }


def _is_everybodys(error: Exception) -> bool:
    """Tell a mistake in the call, or a provider that refuses it, from a fault that this document may meet alone."""
    return isinstance(error, UsageError) and (error.__cause__ is None or is_refused(error.__cause__))


def _check_unchanged(result: OutputState, work: Work) -> None:
    if result["status"] != "unreadable" and result["document"] != work.document:
        raise RuntimeError("the file changed while it was read; run again with --retry-failed")


def failed(work: Work, error: Exception) -> Record:
    """Return the record of a document that the graph never saw."""
    return _new(work, Failure(type=type(error).__name__, message=explain(error)))


def copied(record: Record, work: Work) -> Record:
    """Return the record of an input with the content of another one."""
    first = record["index"] if record["duplicate_of"] is None else record["duplicate_of"]
    shared = _new(work, record["error"])
    return {**shared, "duplicate_of": first, "trace_id": record["trace_id"], "result": record["result"]}


def is_disk_full(error: BaseException) -> bool:
    """Tell whether there is no room for what is written."""
    return isinstance(error, OSError) and error.errno in _DISK_FULL


def _new(work: Work, failure: Failure | None) -> Record:
    """Return the record of a document for which nothing was done or paid."""
    return Record(
        index=work.item.index,
        id=work.item.id,
        source=work.item.source,
        document=work.document,
        unit=work.unit,
        duplicate_of=None,
        seconds=0.0,
        trace_id=None,
        cost_usd=0.0,
        tokens=0,
        cached_requests=0,
        result=None,
        error=failure,
    )


def _cost(result: OutputState | None, kept: Kept) -> float | None:
    """Return what was paid now; an answer that never came may have cost something, but nobody knows."""
    cost = result["usage"]["cost_usd"] if result else 0.0
    if cost is None and result and result["attempts"] == kept.requests:
        return 0.0
    return None if cost is None else round(max(cost - kept.cost_usd, 0.0), 9)


@cache
def _graph(keeps_answers: bool) -> CompiledStateGraph[Any, Context, Any, Any]:
    return make_graph(cache=AnswerCache(get_settings().answers) if keeps_answers else None)
