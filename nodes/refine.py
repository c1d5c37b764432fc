"""Write the next request: only what failed, with the previous values and what is wrong with them.

After the last attempt a person is asked in the chat model's place, where the run has review.
"""

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from chat_models.structured import Answer
from graph.context import Context, context_of
from graph.review import ReviewRequest, add_round, answer_text, answer_type, errors_of_whole
from graph.settings import get_settings, get_store
from graph.state import RefineInput, Request, Window
from prompts.registry import load_prompt
from prompts.template import render
from schemas.errors import FieldError, UnreadableDocumentError
from schemas.pointers import contains
from schemas.repair import failed_paths, now


def refine(state: RefineInput, runtime: Runtime[Context], config: RunnableConfig) -> dict[str, Any]:
    """Render the refine prompt with exactly what failed; or stop the run until a person has answered.

    Raises:
        PromptError: the prompt is unknown, or its variables are not those that are filled.
        GraphInterrupt: a person is asked; the run goes on here with the answer.
        ValidationError: what came is no answer to what was asked; nothing is kept of it, and the run still waits.
        UnreadableDocumentError, SchemaError: the answer could not be checked here; nothing is kept of it either.
    """
    if state.get("doubts"):  # a run that an older version began has no such key
        _check_place(state, runtime)
        return _ask_person(state)
    context, settings = context_of(runtime), get_settings()
    prompt = load_prompt(context.refine_prompt, settings.tracking_uri, settings.registry_timeout_s, config)

    def write(candidate: Any, errors: Sequence[FieldError]) -> Request:
        # No answer mends a page that can't be read.
        mendable = [error for error in errors if error["kind"] != "document"]
        paths = failed_paths(mendable)
        values = {
            "schema_name": state["target_schema"],
            "failures": "\n".join(_failure(path, candidate, mendable) for path in paths),
            "additional_rules": context.additional_rules,
        }
        temperature = prompt.temperature_for(state["chat_model"])
        return Request(prompt=prompt.uri, text=render(prompt.text, values), paths=paths, temperature=temperature)

    if windows := state.get("windows"):
        return {"windows": [_with_request(window, write) if window["is_open"] else window for window in windows]}
    return {"request": write(state["extraction"], state["validation_errors"])}


def _with_request(window: Window, write: Callable[[Any, Sequence[FieldError]], Request]) -> Window:
    return {**window, "request": write(window["extraction"], window["errors"])}


def _check_place(state: RefineInput, runtime: Runtime[Context]) -> None:
    """Find out before an answer is taken that it can't be held against schema and pages in this process."""
    context_of(runtime, state["context"]).schema_to_fill(allow_paths=get_settings().allow_paths)
    refs = [ref for page in state["pages"] for ref in (page["image"], page["text_layer"]) if ref]
    if any(ref not in get_store() for ref in refs):
        raise UnreadableDocumentError(
            f"the pages of {state['document']} are not in this data folder; answer where they were read"
        )


def _ask_person(state: RefineInput) -> dict[str, Any]:
    doubts = state["doubts"]
    asked = ReviewRequest(
        document=state["document"],
        target_schema=state["target_schema"],
        chat_model=state["chat_model"],
        attempts=state["attempts"],
        pages=len(state["pages"]),
        fields=doubts,
        errors=errors_of_whole(state["validation_errors"], doubts),
    )
    said = interrupt(asked, response_schema=answer_type(doubts))
    return {
        "request": Request(prompt="", text="", paths=[doubt["path"] for doubt in doubts], temperature=None),
        "answer": Answer(text=answer_text(doubts, said), truncated=False, refusal=None, failure=None, confidences={}),
        "review": add_round(state["review"], doubts, said),
    }


def _failure(path: str, candidate: Any, errors: Sequence[FieldError]) -> str:
    reasons = "; ".join(dict.fromkeys(error["message"] for error in errors if contains(path, error["path"])))
    place = f'"{path}"' if path else '"" (the whole answer)'
    if candidate is None:
        return f"- {place}: {reasons}"
    return f"- {place}: {now(candidate, path)}; {reasons}"
