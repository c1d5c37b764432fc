"""Store finished traces, several in few transactions.

MLflow's own way stores five spans at a time in ten threads, then the trace, then its links: on SQLite 25 to 37 ms of
CPU time a trace, because whoever comes second merges what is there row by row. The same calls in another order, trace
first and then the spans of several traces at once, take a third (docs/experiments.md).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from prompts.connection import connect, root_cause
from schemas.errors import UnreachableError


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


def prepare() -> None:
    """Import what storing needs."""
    import mlflow.tracing.client  # noqa: F401, PLC0415 - takes seconds


def store(parcels: Sequence[Parcel], tracking_uri: str) -> int:
    """Store the traces; return how many of them are stored whole.

    Raises:
        UnreachableError: the store doesn't answer; nobody waits for that more than once.
        Exception: what MLflow raises where it takes none of them.
    """
    try:
        return _store(parcels, tracking_uri)
    except Exception as error:
        if _is_unanswered(error):
            raise UnreachableError(str(root_cause(error))) from error
        raise


def _store(parcels: Sequence[Parcel], tracking_uri: str) -> int:
    connect(tracking_uri)
    from mlflow.entities import Trace  # noqa: PLC0415 - takes seconds
    from mlflow.tracing.client import TracingClient  # noqa: PLC0415

    client = TracingClient(tracking_uri)
    begun, failure = [], None
    for parcel in parcels:
        trace = Trace.from_json(parcel.trace_json)
        try:
            begun.append((trace, parcel, _begin(client, trace)))
        except Exception as error:
            if _is_unanswered(error):
                raise
            failure = error  # whatever it is, the others may be taken
    if failure and not begun:
        raise failure
    _store_spans(client, begun)
    return sum(_complete(client, trace, parcel, info) for trace, parcel, info in begun)


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
        except Exception as error:  # an older server says so in several ways
            if _is_unanswered(error):
                raise
            for trace, info in traces:
                client._upload_trace_data(info, trace.data)


def _complete(client: Any, trace: Any, parcel: Parcel, info: Any) -> bool:
    """Add what stands beside a trace; tell whether it was taken."""
    try:
        _attach(client, parcel, info)
        _link(client, parcel, trace.info.trace_id)
    except Exception as error:
        if _is_unanswered(error):
            raise
        return False
    return True


def _attach(client: Any, parcel: Parcel, info: Any) -> None:
    if parcel.attachments:
        artifacts = client._get_artifact_repo_for_trace(info)
        for key, (_, content) in parcel.attachments.items():
            artifacts.upload_attachment(key, content)


def _link(client: Any, parcel: Parcel, trace_id: str) -> None:
    from mlflow.entities.model_registry import PromptVersion  # noqa: PLC0415 - takes seconds

    if parcel.prompts:
        # Its base class calls a method abstract without being an abstract class.
        versions = [PromptVersion(name, version, template="") for name, version in parcel.prompts]  # type: ignore[abstract]
        client.link_prompt_versions_to_trace(trace_id, versions)


def _is_unanswered(error: BaseException | None) -> bool:
    """Tell a server that is gone or hangs from one that refuses: the next request would wait as long."""
    from requests.exceptions import ConnectionError, Timeout  # noqa: PLC0415 - comes with mlflow

    while error is not None:
        if isinstance(error, ConnectionError | Timeout):
            return True
        error = error.__cause__ or error.__context__
    return False
