"""The callbacks that trace a run: autolog's for every run, or one of our own for who wants its trace's id."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

_inline: ContextVar[bool] = ContextVar("inline tracers", default=False)


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

    if not is_traced():
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


def is_traced() -> bool:
    """Tell whether runs of this process are traced by themselves."""
    from mlflow.utils.autologging_utils import autologging_is_disabled  # noqa: PLC0415

    return not autologging_is_disabled("langchain")  # type: ignore[no-untyped-call]


def make_tracer() -> Any:
    """Make the callback to give to one run, in place of autolog's own: its `trace_id` is that run's trace.

    After an asynchronous run MLflow itself doesn't tell. None where runs aren't traced; the id stays None where
    MLflow's own sampling (MLFLOW_TRACE_SAMPLING_RATIO, by chance) leaves the run out.
    """
    from mlflow.entities.span import NO_OP_SPAN_TRACE_ID  # noqa: PLC0415 - takes seconds
    from mlflow.langchain.langchain_tracer import MlflowLangchainTracer  # noqa: PLC0415 - takes seconds

    if not _inline.get() and not is_traced():
        return None

    class Tracer(MlflowLangchainTracer):
        trace_id: str | None = None

        def on_chain_start(self, *args: Any, run_id: Any, **kwargs: Any) -> None:
            super().on_chain_start(*args, run_id=run_id, **kwargs)
            span = self._get_span_by_run_id(run_id)
            if span and kwargs.get("parent_run_id") is None and span.trace_id != NO_OP_SPAN_TRACE_ID:
                self.trace_id = span.trace_id

    return Tracer(run_inline=_inline.get())


def last_trace_id() -> str | None:
    """Return the id of the trace of this thread's last synchronous run."""
    import mlflow  # noqa: PLC0415 - takes seconds

    return mlflow.get_last_active_trace_id(thread_local=True)
