"""Ask the chat model."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.runtime import Runtime
from langgraph.types import RetryPolicy

from chat_models.factory import make_chat_model
from chat_models.failures import explain, is_callers_fault, is_transient
from chat_models.pace import Turn, pace_of
from chat_models.pricing import cost_usd
from chat_models.structured import Answer, ask_for_json, read_answer
from documents.layout import lay_out
from documents.page import Page, is_readable
from documents.payload import page_payload
from documents.words import page_words
from graph.context import Context, context_of
from graph.settings import get_settings, get_store
from graph.state import ExtractInput, Request, Usage
from prompts.registry import load_prompt
from prompts.template import render
from schemas.errors import ChatModelError, OptophoneError
from schemas.parts import part_schema
from schemas.references import JsonSchema
from schemas.repair import repair_schema
from schemas.target import TargetSchema

# Waits of about 1, 2 and 4 s: a hiccup or a restarting server; who has more patience sets it in `chat_models.pace`.
RETRY_POLICY = RetryPolicy(
    initial_interval=1.0, backoff_factor=2.0, max_interval=20.0, max_attempts=4, jitter=True, retry_on=is_transient
)
# The first guess at what a request takes, before answers tell: English has 4 letters a token; at OpenAI a page of
# 1,000 px has 1,000 tokens, and its text about as many.
_CHARS_PER_TOKEN = 4
_TOKENS_PER_PAGE = 2000
# Shorter ones are the machine's own.
_NOTED_WAIT_S = 0.1


class _Call(NamedTuple):
    """A request, ready to be sent."""

    chat_model: Runnable[Any, AIMessage]
    messages: list[BaseMessage]
    request: Request
    tokens: int
    """What it takes, about."""


def extract(
    state: ExtractInput, runtime: Runtime[Context], config: RunnableConfig, *, max_tries: int
) -> dict[str, Any]:
    """Send the next request: the extract prompt first, later what `refine` wrote.

    Args:
        state: what it reads of the run.
        runtime: holds the run's context.
        config: the node's config, for nested spans.
        max_tries: how often it is tried, and more often while the pace's patience lasts; the last failure is reported
            instead of raised.

    Raises:
        PromptError: the prompt is unknown, or its variables are not those that are filled.
        ChatModelError: the first request fails in a way that every document's would (key, model, account).
    """
    call = _prepare(state, runtime, config)
    try:
        with pace_of(state["chat_model"]).turn(call.tokens) as turn:
            message = call.chat_model.invoke(call.messages, _with_wait(config, turn))
            turn.tokens = _tokens(message, turn)
    except Exception as error:
        return _update(_failed(error, call.request, state, runtime, max_tries), state)
    return _update(_answered(message, call.request, state), state)


async def aextract(
    state: ExtractInput, runtime: Runtime[Context], config: RunnableConfig, *, max_tries: int
) -> dict[str, Any]:
    """Do the same without holding a thread while the chat model answers."""
    call = await asyncio.to_thread(_prepare, state, runtime, config, asyncio.get_running_loop())
    try:
        async with pace_of(state["chat_model"]).aturn(call.tokens) as turn:
            message = await call.chat_model.ainvoke(call.messages, _with_wait(config, turn))
            turn.tokens = _tokens(message, turn)
    except Exception as error:
        return _update(_failed(error, call.request, state, runtime, max_tries), state)
    return _update(await asyncio.to_thread(_answered, message, call.request, state), state)


def _update(outcome: dict[str, Any], state: ExtractInput) -> dict[str, Any]:
    """Let a request about a window bring a reply: others run beside it, and `validate` reads them all."""
    if "window" not in state:
        return outcome
    taken = {"attempts": state["attempts"], "usage": state["usage"], **outcome}
    return {"replies": [{"window": state["window"], **taken}]}


def _prepare(
    state: ExtractInput,
    runtime: Runtime[Context],
    config: RunnableConfig,
    loop: asyncio.AbstractEventLoop | None = None,
) -> _Call:
    context, settings = context_of(runtime), get_settings()
    target = context.schema_to_fill(allow_paths=settings.allow_paths)
    request = state["request"] or _first_request(context, target, state["chat_model"], config)
    wanted: JsonSchema = part_schema(target.json_schema) if "window" in state else target.json_schema
    pages = [page for page in state["pages"] if is_readable(page)]
    if request["paths"] != [""]:
        wanted = repair_schema(target.json_schema, request["paths"])
    chat_model = make_chat_model(
        state["chat_model"], get_store(), settings.chat_model_timeout_s, temperature=request["temperature"], loop=loop
    )
    runnable, messages = ask_for_json(chat_model, [_message(request["text"], pages, context)], wanted)
    tokens = len(request["text"]) // _CHARS_PER_TOKEN + len(pages) * _TOKENS_PER_PAGE
    return _Call(runnable, messages, request, tokens)


def _first_request(context: Context, target: TargetSchema, chat_model: str, config: RunnableConfig) -> Request:
    settings = get_settings()
    prompt = load_prompt(context.extract_prompt, settings.tracking_uri, settings.registry_timeout_s, config)
    values = {
        "schema_name": target.name,
        "schema_description": str(target.json_schema.get("description", "")),
        "additional_rules": context.additional_rules,
    }
    return Request(
        prompt=prompt.uri,
        text=render(prompt.text, values),
        paths=[""],
        temperature=prompt.temperature_for(chat_model),
    )


def _message(text: str, pages: Sequence[Page], context: Context) -> HumanMessage:
    """Put prompt, page text and page images together; the pages' references go along for the local reader.

    Images are data URIs in the form that every provider's package converts and MLflow stores as attachments.
    """
    store = get_store()
    content: list[str | dict[Any, Any]] = [{"type": "text", "text": text}]
    for number, page in enumerate(pages, start=1):
        if context.page_text:
            laid_out = lay_out(page_words(page, store), page["width_px"], page["height_px"])
            content.append(
                {"type": "text", "text": f"Page {number} of {len(pages)}, as a text reader sees it:\n{laid_out}"}
            )
        payload = b64encode(page_payload(page, store, context.max_side_px, context.jpeg_quality)).decode()
        content.append(
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{payload}", "detail": "high"}}
        )
    return HumanMessage(content, additional_kwargs={"pages": list(pages)})


def _answered(message: AIMessage, request: Request, state: ExtractInput) -> dict[str, Any]:
    return {
        **_asked(request, state),
        "answer": read_answer(message),
        "attempts": state["attempts"] + 1,
        "usage": _add(state["usage"], message, state["chat_model"]),
    }


def _asked(request: Request, state: ExtractInput) -> dict[str, Any]:
    return {"request": request, "prompts": list(dict.fromkeys([*state["prompts"], request["prompt"]]))}


def _with_wait(config: RunnableConfig, turn: Turn) -> RunnableConfig:
    """Let the chat model's span tell how long it waited for its turn."""
    if turn.waited_s < _NOTED_WAIT_S:
        return config
    return {**config, "metadata": {**config.get("metadata", {}), "waited_s": round(turn.waited_s, 1)}}


def _tokens(message: AIMessage, turn: Turn) -> int:
    return message.usage_metadata["total_tokens"] if message.usage_metadata else turn.tokens


def _failed(
    error: Exception, request: Request, state: ExtractInput, runtime: Runtime[Context], max_tries: int
) -> dict[str, Any]:
    tries, seconds = _spent(runtime)
    patience_s = pace_of(state["chat_model"]).patience_s
    _raise_or_go_on(error, state, is_last=tries >= max_tries and seconds >= patience_s)
    effort = f" ({tries} tries in {seconds:.0f} s)" if tries > 1 else ""
    return {**_asked(request, state), "answer": _no_answer(f"{explain(error)}{effort}", state["chat_model"])}


def _spent(runtime: Runtime[Context]) -> tuple[int, float]:
    """Return how often the request was tried, this time included, and the seconds since the first time."""
    info = runtime.execution_info
    if info is None or info.node_first_attempt_time is None:
        return 1, 0.0
    return info.node_attempt, time.time() - info.node_first_attempt_time


def _raise_or_go_on(error: Exception, state: ExtractInput, *, is_last: bool) -> None:
    """Raise what the retry policy may try again and what is wrong for every document; return for the rest.

    What is not raised becomes part of the result, beside what earlier requests brought: that was paid for.
    """
    if isinstance(error, OptophoneError) or (is_transient(error) and not is_last):
        raise error
    # Of windows side by side one stands for the first request: the others' answers may be here, and paid for.
    if is_callers_fault(error) and state["attempts"] == 0 and state.get("window", 0) == 0:
        raise ChatModelError(f"'{state['chat_model']}' refused the request: {explain(error)}") from error


def _no_answer(reason: str, chat_model: str) -> Answer:
    failure = f"'{chat_model}' failed: {reason}"
    return Answer(text="", truncated=False, refusal=None, failure=failure, confidences={})


def _add(usage: Usage, message: AIMessage, chat_model: str) -> Usage:
    tokens = message.usage_metadata
    if tokens is None:  # nobody knows what it took
        return {**usage, "cost_usd": None}
    cost = cost_usd(chat_model, tokens["input_tokens"], tokens["output_tokens"])
    known = None if cost is None or usage["cost_usd"] is None else usage["cost_usd"] + cost
    return Usage(
        input_tokens=usage["input_tokens"] + tokens["input_tokens"],
        output_tokens=usage["output_tokens"] + tokens["output_tokens"],
        total_tokens=usage["total_tokens"] + tokens["total_tokens"],
        cost_usd=known,
    )
