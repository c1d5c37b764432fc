"""Trace every run to MLflow; nothing here ever makes an extraction fail or wait for long."""

import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

from chat_models.secrets import secrets, without_secrets
from graph.redaction import Redaction, get_redaction
from graph.settings import Settings
from graph.trace_queue import ExportQueue, TraceCounts, trace_queue
from graph.trace_tags import tag_run
from prompts.connection import Connection, connect
from schemas.errors import UnreachableError

EXPERIMENT = "optophone"
WAITS_TAG = "optophone.waits_for_review"
"""Tag of a trace whose run stopped for a person: at how many places. What came of it is a trace of the same session."""

_logger = logging.getLogger("optophone")

_STOPPED = "GraphInterrupt"
_inline: ContextVar[bool] = ContextVar("inline tracers", default=False)

_UPLOADS = ("data:", "mlflow-attachment:")
_TAKES_DOCUMENTS = ("optophone", "preprocess", "predict", "predict_stream")
"""Names of spans: the graph, its first node, and the agent around it."""
# A server that is up answers in milliseconds.
_LAST_PROBE_S = 1.0


def enable_tracing(settings: Settings) -> bool:
    """Turn autolog on for this process; return whether runs are traced.

    A tracking server that doesn't answer in time costs one warning, and runs go untraced.

    Raises:
        UsageError: the settings of what is to be redacted are broken.
    """
    get_redaction()  # a broken setting ends this before anything is traced
    if not settings.tracing:
        return False
    connection = connect(settings.tracking_uri)
    try:
        _take_over_storing(settings.tracking_uri)
        connection.run(lambda: use_experiment(settings), settings.registry_timeout_s)
        trace_runs()
        if connection.is_remote:
            _survive_outages(connection)
    except UnreachableError:  # the connection has said so
        return False
    except Exception as error:  # whatever MLflow says, forms are read without it
        _logger.warning("runs are not traced: %s", str(error).splitlines()[0])
        return False
    return True


def trace_runs() -> None:
    """Turn autolog on, for clean spans; where MLflow is, is left as it is."""
    import mlflow.langchain  # noqa: PLC0415 - takes seconds

    clean_spans()
    mlflow.langchain.autolog()


def clean_spans() -> None:
    """Take out of every span of this process what must not stay there."""
    import mlflow  # noqa: PLC0415 - takes seconds

    redaction = get_redaction()
    first = [_hide(redaction)] if redaction else []
    mlflow.tracing.configure(
        span_processors=[*first, _redact, _name_upload, tag_run, _summarise, _mark_waiting, _escape_surrogates]
    )


def _take_over_storing(tracking_uri: str) -> None:
    """Put our queue where MLflow's exporter makes its own; a test sees that traces come through it."""
    from mlflow.tracing.export import mlflow_v3  # noqa: PLC0415 - comes with mlflow

    if tracking_uri.startswith("databricks"):  # stores in another way
        return
    mlflow_v3.AsyncTraceExportQueue = ExportQueue  # type: ignore[attr-defined, assignment]
    # Before concurrent.futures ends its processes; `atexit` would come too late.
    threading._register_atexit(_store_the_rest)  # type: ignore[attr-defined]


def _store_the_rest() -> None:
    flush_traces()
    trace_queue().close()


def tagged_traces(tags: dict[str, str]) -> AbstractContextManager[None]:
    """Give the traces of what runs inside these tags."""
    import mlflow  # noqa: PLC0415 - takes seconds

    return mlflow.tracing.context(tags=tags)


@contextmanager
def own_tracers() -> Iterator[None]:
    """Inside, only runs that are given a tracer by `make_tracer` are traced; autolog is off.

    It looks at each of the dozens of callback managers that a run makes, and each call of the tracer takes a thread's
    turn: half of what a trace costs the event loop. What runs inside must have begun inside.
    """
    import mlflow.langchain  # noqa: PLC0415 - takes seconds
    from mlflow.langchain.langchain_tracer import _should_attach_span_to_context  # noqa: PLC0415

    if not _autologs():
        yield
        return
    mlflow.langchain.autolog(disable=True)
    # In the event loop the active span would be that of another document; parents are known by their run ids.
    attached = _should_attach_span_to_context.set(False)
    inline = _inline.set(True)
    try:
        yield
    finally:
        _inline.reset(inline)
        _should_attach_span_to_context.reset(attached)
        mlflow.langchain.autolog()


def _autologs() -> bool:
    from mlflow.utils.autologging_utils import autologging_is_disabled  # noqa: PLC0415

    return not autologging_is_disabled("langchain")  # type: ignore[no-untyped-call]


def make_tracer() -> Any:
    """Make the callback to give to one run, in place of autolog's own: its `trace_id` is that run's trace.

    After an asynchronous run MLflow itself doesn't tell. None where runs aren't traced.
    """
    from mlflow.langchain.langchain_tracer import MlflowLangchainTracer  # noqa: PLC0415 - takes seconds

    if not _inline.get() and not _autologs():
        return None

    class Tracer(MlflowLangchainTracer):
        trace_id: str | None = None

        def on_chain_start(self, *args: Any, run_id: Any, **kwargs: Any) -> None:
            super().on_chain_start(*args, run_id=run_id, **kwargs)
            span = self._get_span_by_run_id(run_id)
            if span and kwargs.get("parent_run_id") is None:
                self.trace_id = span.trace_id

    return Tracer(run_inline=_inline.get())


def flush_traces() -> None:
    """Wait until every trace so far is stored."""
    import mlflow  # noqa: PLC0415 - takes seconds

    mlflow.flush_trace_async_logging()


def store_traces_apart() -> None:
    """Let a process of its own store this one's traces; for runs of so many documents that it pays."""
    if _autologs():
        trace_queue().work_apart()


async def keep_up() -> None:
    """Wait, for some seconds at most, while more traces are on their way than the store can take."""
    await trace_queue().keep_up()


def trace_counts() -> TraceCounts:
    """Return how many traces of this process are stored, lost, and on their way."""
    return trace_queue().counts()


def last_trace_id() -> str | None:
    """Return the id of the trace of this thread's last synchronous run."""
    import mlflow  # noqa: PLC0415 - takes seconds

    return mlflow.get_last_active_trace_id(thread_local=True)


def experiment_name() -> str:
    """Return the experiment that holds the traces: the one that `MLFLOW_EXPERIMENT_NAME` names, else our own."""
    return os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)


def use_experiment(settings: Settings) -> str:
    """Use that experiment for what this process traces; return its id."""
    import mlflow  # noqa: PLC0415 - takes seconds

    return str(mlflow.set_experiment(experiment_id=find_experiment(experiment_name(), settings)).experiment_id)


def find_experiment(name: str, settings: Settings) -> str:
    """Return an experiment's id; one that isn't there is made, with artifacts beside a local database."""
    import mlflow  # noqa: PLC0415 - takes seconds

    if found := mlflow.get_experiment_by_name(name):
        return str(found.experiment_id)
    is_local = settings.tracking_uri.startswith("sqlite:")
    location = (settings.data_dir / "artifacts").resolve().as_uri() if is_local else None
    try:
        return mlflow.create_experiment(name, artifact_location=location)
    except mlflow.MlflowException:  # another process was faster
        if found := mlflow.get_experiment_by_name(name):
            return str(found.experiment_id)
        raise


def _hide(redaction: Redaction) -> Callable[[Any], None]:
    """Let no span leave with what is to be hidden; return the span processor that sees to it."""
    from graph.redacted_spans import SpanRedactor  # noqa: PLC0415 - imports the whole graph

    return SpanRedactor(redaction).install()


def _survive_outages(connection: Connection) -> None:
    """Let a server that fails later cost one warning and no wait: MLflow reports, and waits for, each trace."""
    for module in ("mlflow_v3", "utils", "async_export_queue"):
        logging.getLogger(f"mlflow.tracing.export.{module}").addFilter(_OneWarning(connection))
    # Runs before concurrent.futures joins MLflow's workers; `atexit` would come too late.
    threading._register_atexit(lambda: _give_up_on(connection))  # type: ignore[attr-defined]


def _give_up_on(connection: Connection) -> None:
    """At the end of the process, don't wait for a server that is down: what is still queued fails at once."""
    if not connection.answers(_LAST_PROBE_S):
        connection.note_failure("the last traces can't be sent")
        os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = "0"  # which no request survives


class _OneWarning(logging.Filter):
    """Turns MLflow's warning for each trace that it can't send into the connection's own, said once."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop warnings of the exporter."""
        if record.levelno < logging.WARNING:
            return True
        self._connection.note_failure(record.getMessage())
        return False


def _redact(span: Any) -> None:
    """Take this process's secrets out of a span before it leaves."""
    from mlflow.entities import SpanStatus  # noqa: PLC0415 - takes seconds

    if not (known := secrets()) or not _may_hold(span, known):
        return
    for name, value in span.attributes.items():
        clean = without_secrets(value, known)
        if clean != value:
            span.set_attribute(name, clean)
    said = span.status.description
    if said and (clean := without_secrets(said, known)) != said:
        span.set_status(SpanStatus(span.status.status_code, clean))
    _redact_events(span, known)


def _may_hold(span: Any, known: Sequence[str]) -> bool:
    """Look through the texts as they are: to read each attribute takes ten times as long.

    A secret with a sign that JSON escapes stands there in another form.
    """
    if any(json.dumps(secret) != f'"{secret}"' for secret in known):
        return True
    attributes = [span._span.attributes, *(event.attributes for event in span._span.events)]
    texts = [str(text) for some in attributes for text in (some or {}).values()] + [span.status.description or ""]
    return any(secret in text for text in texts for secret in known)


def _redact_events(span: Any, known: Sequence[str]) -> None:
    """Take secrets out of events: a provider repeats a key in its error."""
    from opentelemetry.sdk.trace import Event  # noqa: PLC0415 - comes with MLflow

    events = span._span._events
    clean = [Event(event.name, without_secrets(dict(event.attributes), known), event.timestamp) for event in events]
    if any(new.attributes != old.attributes for new, old in zip(clean, events, strict=True)):
        replace_events(span, clean)


def replace_events(span: Any, events: Sequence[Any]) -> None:
    """Replace the events of a span, exceptions for one, which OpenTelemetry lets nobody change: inside it.

    A test looks for a key that a provider repeats in its error.
    """
    span._span._events = type(span._span._events).from_seq(len(events), events)


def _name_upload(span: Any) -> None:
    """Name a document that came with the request instead of storing it: its pages stand in the chat model's span."""
    if span.name not in _TAKES_DOCUMENTS:  # reading a span's inputs parses them
        return
    inputs = span.inputs
    named = _without_uploads(inputs)
    if named == inputs:
        return
    span.set_inputs(named)
    # MLflow has taken the bytes out already, to store them beside the trace.
    span._attachments.clear()


def _without_uploads(value: Any) -> Any:
    if isinstance(value, dict):
        # The Responses API's files may come as bare base64.
        return {key: "data:…" if key == "file_data" else _without_uploads(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_uploads(item) for item in value]
    return "data:…" if isinstance(value, str) and value.startswith(_UPLOADS) else value


def _summarise(span: Any) -> None:
    """Count a round's places instead of listing them: the last round's stand in the root span's outputs."""
    if span.name != "validate":
        return
    outputs = span.outputs
    if isinstance(outputs, dict) and outputs.get("fields"):
        places = Counter(field["grounding"] for field in outputs["fields"])
        span.set_outputs({**outputs, "fields": dict(places)})


def _mark_waiting(span: Any) -> None:
    """Say that the run waits for a person where MLflow sees an error: LangGraph stops a node by an exception."""
    if span.name != "refine" or not any(event.attributes.get("exception.type") == _STOPPED for event in span.events):
        return
    import mlflow  # noqa: PLC0415 - takes seconds

    paths = [doubt["path"] for doubt in span.inputs["doubts"]]
    span._span._events = type(span._span._events)(None)
    span.set_status("OK")
    span.set_outputs({"waits_for": paths})
    span.set_attribute(WAITS_TAG, paths)
    mlflow.set_trace_tag(span.trace_id, WAITS_TAG, str(len(paths)))


def _escape_surrogates(span: Any) -> None:
    """A file name that is no UTF-8 reaches Python with lone surrogates, which no database takes."""
    for name, text in dict(span._span.attributes).items():
        if isinstance(text, str) and not text.isascii():
            span._span.set_attribute(name, text.encode("utf-8", "backslashreplace").decode())
