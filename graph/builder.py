"""The graph, without side effects; `graph.app` holds the one that is served and traced."""

from collections.abc import Callable
from functools import partial
from typing import Any

from langgraph._internal._runnable import RunnableCallable
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy

from graph.context import Context
from graph.routing import route_after_preprocess, route_after_validate
from graph.state import ExtractInput, InputState, OutputState, RefineInput, State, ValidateInput
from nodes.extract import RETRY_POLICY, aextract, extract
from nodes.preprocess import preprocess
from nodes.refine import refine
from nodes.validate import validate

NAME = "optophone"


def make_graph(retry_policy: RetryPolicy = RETRY_POLICY) -> CompiledStateGraph[Any, Context, Any, Any]:
    """Compile preprocess → extract → validate ⇄ refine, for synchronous and asynchronous calls."""
    builder = StateGraph(State, context_schema=Context, input_schema=InputState, output_schema=OutputState)
    builder.add_node("preprocess", _step(preprocess), input_schema=InputState)
    max_tries = retry_policy.max_attempts
    ask, aask = partial(extract, max_tries=max_tries), partial(aextract, max_tries=max_tries)
    builder.add_node("extract", _step(ask, aask), input_schema=ExtractInput, retry_policy=retry_policy)
    builder.add_node("validate", _step(validate), input_schema=ValidateInput)
    builder.add_node("refine", _step(refine), input_schema=RefineInput)
    builder.add_edge(START, "preprocess")
    builder.add_conditional_edges("preprocess", _step(route_after_preprocess), ["extract", END])
    builder.add_edge("extract", "validate")
    builder.add_conditional_edges("validate", _step(route_after_validate), ["refine", END])
    builder.add_edge("refine", "extract")
    return builder.compile(name=NAME)


def _step(function: Callable[..., Any], afunction: Callable[..., Any] | None = None) -> RunnableCallable:
    """Wrap a step so that it adds no span: a node has one already, and a router's choice shows in what runs next.

    LangGraph makes such wrappers itself but exports none; tests pin that a node has one span.
    """
    return RunnableCallable(function, afunction, trace=False)
