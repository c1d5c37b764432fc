"""Where to go next; pure functions of the state."""

from typing import Literal

from graph.state import RouteInput


def route_after_preprocess(state: RouteInput) -> Literal["extract", "__end__"]:
    """Go on with a document that could be read."""
    return "__end__" if state["stop_reason"] else "extract"


def route_after_validate(state: RouteInput) -> Literal["refine", "__end__"]:
    """Go on until the run has a reason to end."""
    return "__end__" if state["stop_reason"] else "refine"


def route_after_refine(state: RouteInput) -> Literal["extract", "validate"]:
    """Hold a person's answer against the schema at once; any other request goes to the chat model."""
    return "validate" if state.get("doubts") else "extract"
