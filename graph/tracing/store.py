"""Store finished traces, several in few transactions.

MLflow's own way stores five spans at a time in ten threads, then the trace, then its links: on SQLite 25 to 37 ms of
CPU time a trace, because whoever comes second merges what is there row by row. The same calls in another order, trace
first and then the spans of several traces at once, take a third (docs/experiments.md).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from prompts.connection import connect


class Parcel(NamedTuple):
    """A trace that can go to another process."""

    trace_json: str
    attachments: dict[str, tuple[str, bytes]]
    """Content type and bytes by attachment id."""
    prompts: list[Any]
    """The prompt versions that were loaded in it."""


def pack(trace: Any, prompts: Sequence[Any]) -> Parcel:
    """Take all that is stored of a trace."""
    found = [item for span in trace.data.spans for item in span._attachments.items()]
    attachments = {key: (value.content_type, value.content_bytes) for key, value in found}
    return Parcel(trace.to_json(), attachments, list(prompts))


def prepare() -> None:
    """Import what storing needs."""
    import mlflow.tracing.client  # noqa: F401, PLC0415 - takes seconds


def store(parcels: Sequence[Parcel], tracking_uri: str) -> int:
    """Store the traces; return how many of them are stored.

    Raises:
        Exception: what MLflow raises where it takes none of them.
    """
    connect(tracking_uri)
    from mlflow.entities import Trace  # noqa: PLC0415 - takes seconds
    from mlflow.tracing.client import TracingClient  # noqa: PLC0415

    client = TracingClient(tracking_uri)
    begun, failure = [], None
    for parcel in parcels:
        trace = Trace.from_json(parcel.trace_json)
        try:
            begun.append((trace, parcel, _begin(client, trace)))
        except Exception as error:  # whatever it is, the others may be taken
            failure = error
    if failure and not begun:
        raise failure
    _store_spans(client, begun)
    for trace, parcel, info in begun:
        _attach(client, parcel, info)
        _link(client, parcel, trace.info.trace_id)
    return len(begun)


def _begin(client: Any, trace: Any) -> Any:
    from mlflow.tracing.utils import add_size_stats_to_trace_metadata  # noqa: PLC0415

    add_size_stats_to_trace_metadata(trace)
    return client.start_trace(trace.info)


def _store_spans(client: Any, begun: Sequence[tuple[Any, Parcel, Any]]) -> None:
    """Put the spans into the database; where a store takes none there, beside the trace as a file."""
    by_experiment = defaultdict(list)
    for trace, _, info in begun:
        by_experiment[trace.info.experiment_id].append((trace, info))
    for experiment_id, traces in by_experiment.items():
        try:
            client.log_spans(experiment_id, [span for trace, _ in traces for span in trace.data.spans])
        except Exception:  # an older server says so in several ways
            for trace, info in traces:
                client._upload_trace_data(info, trace.data)


def _attach(client: Any, parcel: Parcel, info: Any) -> None:
    from mlflow.tracing.attachments import Attachment  # noqa: PLC0415

    attachments = {
        key: Attachment(content_type=kind, content_bytes=content) for key, (kind, content) in parcel.attachments.items()
    }
    if attachments:
        client._upload_attachments(info, attachments)


def _link(client: Any, parcel: Parcel, trace_id: str) -> None:
    from mlflow.tracing.export.utils import try_link_prompts_to_trace  # noqa: PLC0415

    try_link_prompts_to_trace(client, trace_id, parcel.prompts, synchronous=True)
