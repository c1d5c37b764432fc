"""Write the next request: only what failed, with the previous values and what is wrong with them."""

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import Runtime

from graph.context import Context, context_of
from graph.settings import get_settings
from graph.state import RefineInput, Request
from prompts.registry import load_prompt
from prompts.template import render
from schemas.errors import FieldError
from schemas.pointers import contains
from schemas.repair import failed_paths, now


def refine(state: RefineInput, runtime: Runtime[Context], config: RunnableConfig) -> dict[str, Any]:
    """Render the refine prompt with exactly what failed.

    Raises:
        PromptError: the prompt is unknown, or its variables are not those that are filled.
    """
    context, settings = context_of(runtime), get_settings()
    target = context.schema_to_fill(allow_paths=settings.allow_paths)
    prompt = load_prompt(context.refine_prompt, settings.tracking_uri, settings.registry_timeout_s, config)
    paths = failed_paths(state["validation_errors"])
    values = {
        "schema_name": target.name,
        "failures": "\n".join(_failure(path, state["extraction"], state["validation_errors"]) for path in paths),
        "additional_rules": context.additional_rules,
    }
    request = Request(
        prompt=prompt.uri,
        text=render(prompt.text, values),
        paths=paths,
        temperature=prompt.temperature_for(state["chat_model"]),
    )
    return {"request": request}


def _failure(path: str, candidate: Any, errors: Sequence[FieldError]) -> str:
    reasons = "; ".join(dict.fromkeys(error["message"] for error in errors if contains(path, error["path"])))
    place = f'"{path}"' if path else '"" (the whole answer)'
    if candidate is None:
        return f"- {place}: {reasons}"
    return f"- {place}: {now(candidate, path)}; {reasons}"
