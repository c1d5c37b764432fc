"""The graph, without side effects; `graph.app` holds the one that is served and traced."""

from typing import Any

from langgraph._internal._runnable import RunnableCallable
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy

from graph.context import Context
from graph.routing import route_after_preprocess, route_after_validate
from graph.state import ExtractInput, InputState, OutputState, State
from nodes.extract import RETRY_POLICY, aextract, extract
from nodes.preprocess import preprocess
from nodes.refine import refine
from nodes.validate import validate

NAME = "optophone"


def make_graph(retry_policy: RetryPolicy = RETRY_POLICY) -> CompiledStateGraph[Any, Context, Any, Any]:
    """Compile preprocess → extract → validate ⇄ refine, for synchronous and asynchronous calls."""
    builder = StateGraph(State, context_schema=Context, input_schema=InputState, output_schema=OutputState)
    builder.add_node("preprocess", preprocess)
    # One node for both ways of calling; a RunnableLambda would add a span to each request's trace.
    both = RunnableCallable(extract, aextract, name="extract", trace=False)
    builder.add_node("extract", both, input_schema=ExtractInput, retry_policy=retry_policy)
    builder.add_node("validate", validate)
    builder.add_node("refine", refine)
    builder.add_edge(START, "preprocess")
    # A router's choice shows in what runs next; a span for it would cost as much as one for a step.
    builder.add_conditional_edges("preprocess", RunnableCallable(route_after_preprocess, trace=False))
    builder.add_edge("extract", "validate")
    builder.add_conditional_edges("validate", RunnableCallable(route_after_validate, trace=False))
    builder.add_edge("refine", "extract")
    return builder.compile(name=NAME)
