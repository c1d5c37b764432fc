"""Turn any input into pages, and put all that the later nodes need of them into the document store."""

import os
from typing import Any

from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.runtime import Runtime

from chat_models.factory import LOCAL, default_chat_model, make_chat_model
from documents.load import load_document
from documents.page import Page, is_readable
from documents.payload import page_payload
from documents.words import page_words
from graph.context import Context, context_of
from graph.settings import get_settings, get_store
from graph.state import InputState, Usage
from nodes.windows import cut_windows
from prompts.registry import check_prompt
from schemas.errors import FieldError, UnreadableDocumentError, UsageError


def preprocess(state: InputState, runtime: Runtime[Context], config: RunnableConfig) -> dict[str, Any]:
    """Decode the document, read its words where somebody wants them, and start the run's account from zero.

    The schema, the chat model and the prompts are looked up first: a mistake in the call costs nothing then.

    Raises:
        UsageError: one of them is unknown or broken.
    """
    context, settings, store = context_of(runtime), get_settings(), get_store()
    source = _source(state)
    _check_review(context, runtime)
    target = context.schema_to_fill(allow_paths=settings.allow_paths)
    chat_model = context.chat_model or settings.chat_model or default_chat_model()
    make_chat_model(chat_model, store, settings.chat_model_timeout_s, allow_paths=settings.allow_paths)
    for prompt in (context.extract_prompt, context.refine_prompt):
        check_prompt(prompt, settings.tracking_uri, settings.registry_timeout_s)
    start = _new_account(chat_model, target.name)
    if context.review != "off":
        start["context"] = context.to_keep(target)
    try:
        document = load_document(source, store, settings.limits, allow_paths=settings.allow_paths)
        for page in filter(is_readable, document["pages"]):
            page_payload(page, store, context.max_side_px, context.jpeg_quality)
            if context.page_text or context.grounding != "off" or chat_model.partition(":")[0] == LOCAL:
                _ocr.invoke(page, config)
    except UnreadableDocumentError as error:
        failure = FieldError(path="", kind="document", message=str(error), value=None)
        ended = {"status": "unreadable", "stop_reason": "unreadable", "validation_errors": [failure]}
        return {**start, **ended, "document": _name(source)}
    windows = cut_windows(document["pages"], context.pages_per_request)
    return {**start, "document": document["ref"], "pages": document["pages"], "windows": windows}


def _source(state: InputState) -> str:
    """Return where the document is; a Path is what many callers have."""
    source: Any = state.get("document")
    if isinstance(source, os.PathLike):
        source = os.fspath(source)
    if not isinstance(source, str):
        got = type(source).__name__
        raise UsageError(f"expected 'document' as a path, a data: URI or sha256:<hex>, got {got}; give it as text")
    return source


def _check_review(context: Context, runtime: Runtime[Context]) -> None:
    if context.review != "off" and not (runtime.execution_info and runtime.execution_info.thread_id):
        raise UsageError(
            f"expected a checkpointer and a thread_id for review='{context.review}', got none; "
            "make the graph with make_graph(checkpointer=…), or leave review off"
        )


def _name(document: str) -> str:
    """Return what the caller gave, less the bytes of an upload that could not be read."""
    return f"{document[:40]}…" if document.startswith("data:") and len(document) > 40 else document


def _new_account(chat_model: str, target_schema: str) -> dict[str, Any]:
    """Everything a run reports, empty: a checkpointer would bring an earlier run's account along."""
    return {
        "target_schema": target_schema,
        "extraction": None,
        "fields": [],
        "status": None,
        "stop_reason": None,
        "validation_errors": [],
        "attempts": 0,
        "prompts": [],
        "chat_model": chat_model,
        "usage": Usage(input_tokens=0, output_tokens=0, total_tokens=0, cost_usd=0.0),
        "conflicts": [],
        "pages": [],
        "windows": [],
        "replies": None,
        "request": None,
        "answer": None,
        "confidences": {},
        "review": None,
        "doubts": [],
        "context": None,
    }


def _read(page: Page) -> dict[str, Any]:
    words = page_words(page, get_store())
    mean = sum(word.score for word in words) / len(words) if words else None
    return {"words": len(words), "mean_score": mean}


# A named Runnable, called with the node's config, shows as a span of its own; the words themselves stay in the store.
_ocr = RunnableLambda(_read, name="ocr")
