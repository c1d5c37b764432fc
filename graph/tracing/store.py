"""Store finished traces, several in few transactions.

MLflow's own way stores five spans at a time in ten threads, then the trace, then its links: on SQLite 25 to 37 ms of
CPU time a trace, because whoever comes second merges what is there row by row. The same calls in another order, trace
first and then the spans of several traces at once, take a third (docs/experiments.md).
"""

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from prompts.connection import connect, root_cause
from schemas.errors import UnreachableError

_logger = logging.getLogger("optophone")
T = TypeVar("T")
R = TypeVar("R")


class Parcel(NamedTuple):
    """A trace that can go to another process."""

    trace_json: str
    attachments: dict[str, tuple[str, bytes]]
    """Content type and bytes by attachment id."""
    prompts: list[tuple[str, int]]
    """Name and version of those that were loaded in it; MLflow's own objects, from a server, can't be sent."""


def pack(trace: Any, prompts: Sequence[Any]) -> Parcel:
    """Take all that is stored of a trace."""
    found = [item for span in trace.data.spans for item in span._attachments.items()]
    attachments = {key: (value.content_type, value.content_bytes) for key, value in found}
    return Parcel(trace.to_json(), attachments, [(prompt.name, prompt.version) for prompt in prompts])


def prepare() -> int:
    """Import what storing needs; return this process's id."""
    import mlflow.tracing.client  # noqa: F401, PLC0415 - takes seconds

    return os.getpid()


class _Begun(NamedTuple):
    """A trace whose row is stored."""

    trace: Any
    parcel: Parcel
    info: Any
    """As the store gave it back: where its files go."""


def store(parcels: Sequence[Parcel], tracking_uri: str) -> list[str]:
    """Store the traces; return for each that isn't there whole why not.

    Raises:
        UnreachableError: the store doesn't answer; nobody waits for that more than once.
    """
    connect(tracking_uri)
    from mlflow.tracing.client import TracingClient  # noqa: PLC0415 - takes seconds

    client = TracingClient(tracking_uri)
    begun, refused = _each(parcels, lambda parcel: _begin(client, parcel))
    told, spanless = _store_spans(client, begun)
    _, pageless = _each(told, lambda one: _attach(client, one))
    _, unlinked = _each(told, lambda one: _link(client, one))
    if unlinked:  # the trace itself is there
        _logger.info("a trace is not linked to its prompts (%s)", unlinked[0])
    return [*refused, *spanless, *pageless]


def _each(items: Sequence[T], step: Callable[[T], R]) -> tuple[list[R], list[str]]:
    """Return what the step makes of the items, and of those that the store refuses the reasons."""
    done, reasons = [], []
    for item in items:
        try:
            done.append(step(item))
        except Exception as error:  # whatever it is, the others may be taken
            reasons.append(_refusal(error))
    return done, reasons


def _begin(client: Any, parcel: Parcel) -> _Begun:
    from mlflow.entities import Trace  # noqa: PLC0415 - takes seconds
    from mlflow.tracing.utils import add_size_stats_to_trace_metadata  # noqa: PLC0415

    trace = Trace.from_json(parcel.trace_json)
    add_size_stats_to_trace_metadata(trace)
    return _Begun(trace, parcel, client.start_trace(trace.info))


def _store_spans(client: Any, begun: Sequence[_Begun]) -> tuple[list[_Begun], list[str]]:
    """Put the spans into the database; where a store takes none there, beside the trace as a file."""
    by_experiment = defaultdict(list)
    for one in begun:
        by_experiment[one.info.experiment_id].append(one)
    done: list[_Begun] = []
    reasons: list[str] = []
    for experiment_id, group in by_experiment.items():
        try:
            client.log_spans(experiment_id, [span for one in group for span in one.trace.data.spans])
        except Exception as error:  # an older server says so in several ways
            _refusal(error)
            taken, refused = _each(group, lambda one: _upload_spans(client, one))
            done += taken
            reasons += refused
        else:
            done += group
    return done, reasons


def _upload_spans(client: Any, begun: _Begun) -> _Begun:
    client._upload_trace_data(begun.info, begun.trace.data)
    return begun


def _attach(client: Any, begun: _Begun) -> None:
    if begun.parcel.attachments:
        artifacts = client._get_artifact_repo_for_trace(begun.info)
        for key, (_, content) in begun.parcel.attachments.items():
            artifacts.upload_attachment(key, content)


def _link(client: Any, begun: _Begun) -> None:
    from mlflow.entities.model_registry import PromptVersion  # noqa: PLC0415 - takes seconds

    if begun.parcel.prompts:
        # Its base class calls a method abstract without being an abstract class.
        versions = [PromptVersion(name, version, template="") for name, version in begun.parcel.prompts]  # type: ignore[abstract]
        client.link_prompt_versions_to_trace(begun.trace.info.trace_id, versions)


def _refusal(error: Exception) -> str:
    """Return why the store didn't take something.

    Raises:
        UnreachableError: it doesn't answer at all.
    """
    cause = root_cause(error)
    reason = str(cause).partition("\n")[0] or type(cause).__name__
    if _is_unanswered(error):
        raise UnreachableError(reason) from error
    return reason


def _is_unanswered(error: BaseException | None) -> bool:
    """Tell a server that is gone or hangs, where the next request would wait as long, from one that refuses.

    A connection that is cut off in the middle is a refusal too: so a proxy treats what is too large for it.
    """
    from urllib3.exceptions import NewConnectionError  # noqa: PLC0415 - comes with mlflow
    from urllib3.exceptions import TimeoutError as RequestTimeout  # noqa: PLC0415

    while error is not None:
        # urllib3 names a time-out while it sends only in the arguments of what it raises.
        if any(isinstance(one, NewConnectionError | RequestTimeout | TimeoutError) for one in (error, *error.args)):
            return True
        error = error.__cause__ or error.__context__
    return False
