"""Where to go next; pure functions of the state."""

from typing import Literal

from langgraph.types import Send

from graph.state import ExtractInput, RouteInput, Usage


def route_after_preprocess(state: RouteInput) -> Literal["extract", "__end__"] | list[Send]:
    """Go on with a document that could be read."""
    return "__end__" if state["stop_reason"] else _ask(state)


def route_after_validate(state: RouteInput) -> Literal["refine", "__end__"]:
    """Go on until the run has a reason to end."""
    return "__end__" if state["stop_reason"] else "refine"


def route_after_refine(state: RouteInput) -> Literal["extract", "validate"] | list[Send]:
    """Hold a person's answer against the schema at once; any other request goes to the chat model."""
    return "validate" if state.get("doubts") else _ask(state)


def _ask(state: RouteInput) -> Literal["extract"] | list[Send]:
    """Ask about the whole document, or side by side about each window that is open."""
    windows = enumerate(state.get("windows") or [])  # a run that an older version began has no such key
    return [Send("extract", _about(number, state)) for number, window in windows if window["is_open"]] or "extract"


def _about(number: int, state: RouteInput) -> ExtractInput:
    """Return what `extract` reads for a window: nothing of the others, so that a kept answer is found again."""
    window = state["windows"][number]
    return ExtractInput(
        window=number,
        pages=[state["pages"][index] for index in window["page_indices"]],
        request=window["request"],
        attempts=window["attempts"],
        prompts=[],
        chat_model=state["chat_model"],
        usage=Usage(input_tokens=0, output_tokens=0, total_tokens=0, cost_usd=0.0),
    )
