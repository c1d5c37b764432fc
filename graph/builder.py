"""The graph, without side effects; `graph.app` holds the one that is served and traced."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from langgraph._internal._runnable import RunnableCallable
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import CachePolicy, RetryPolicy, Send

from graph.answer_cache import AnswerCache, request_key
from graph.context import Context
from graph.routing import route_after_preprocess, route_after_refine, route_after_validate
from graph.state import ExtractInput, InputState, OutputState, RefineInput, State, ValidateInput
from nodes.extract import RETRY_POLICY, aextract, extract
from nodes.preprocess import preprocess
from nodes.refine import refine
from nodes.validate import validate

NAME = "optophone"
# Requests of one document under way at once, as many as `batch` has unless told otherwise; a caller's config may say
# another number (`max_concurrency`).
_WINDOWS_AT_ONCE = 8
# The node itself tells which try is its last; this bound is for what it can't foresee. At 20 s each, five hours.
_MOST_TRIES = 1000


def make_graph(
    retry_policy: RetryPolicy = RETRY_POLICY,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
    cache: AnswerCache | None = None,
) -> CompiledStateGraph[Any, Context, Any, Any]:
    """Compile preprocess → extract → validate ⇄ refine, for synchronous and asynchronous calls.

    Args:
        retry_policy: how often and when a chat-model request is tried again.
        checkpointer: keeps runs that wait for a person; runs with `review` need one.
        cache: answers known from earlier runs, for runs inside `answers_kept`.
    """
    builder = StateGraph(State, context_schema=Context, input_schema=InputState, output_schema=OutputState)
    # LangGraph hands over runtime and config together and runs these in threads under ainvoke; its types know neither.
    builder.add_node("preprocess", cast("Any", preprocess), input_schema=InputState)
    builder.add_node(
        "extract",
        _asker(retry_policy.max_attempts),
        input_schema=ExtractInput,
        retry_policy=retry_policy._replace(max_attempts=_MOST_TRIES),
        cache_policy=CachePolicy(key_func=request_key) if cache else None,
    )
    builder.add_node("validate", cast("Any", validate), input_schema=ValidateInput)
    builder.add_node("refine", cast("Any", refine), input_schema=RefineInput)
    builder.add_edge(START, "preprocess")
    builder.add_conditional_edges("preprocess", _router(route_after_preprocess), ["extract", END])
    builder.add_edge("extract", "validate")
    builder.add_conditional_edges("validate", _router(route_after_validate), ["refine", END])
    builder.add_conditional_edges("refine", _router(route_after_refine), ["extract", "validate"])
    return builder.compile(checkpointer, cache=cache, name=NAME).with_config(max_concurrency=_WINDOWS_AT_ONCE)


def _asker(max_tries: int) -> RunnableCallable:
    """Make one node for both ways of calling; a RunnableLambda would add a span to each request's trace."""
    return RunnableCallable(
        partial(extract, max_tries=max_tries), partial(aextract, max_tries=max_tries), name="extract", trace=False
    )


def _router(route: Callable[..., str | list[Send]]) -> RunnableCallable:
    """Let a router have no span: its choice shows in what runs next."""
    return RunnableCallable(route, name=route.__name__, trace=False)
