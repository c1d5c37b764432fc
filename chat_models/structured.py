"""Asking for JSON of a schema, in the way that each provider knows, and reading the answer as data.

LangChain's `with_structured_output` raises on truncated answers, losing text and usage, and adds ten spans to the
trace; binding the provider's own option does neither.
"""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.runnables import Runnable
from typing_extensions import TypedDict

from schemas.references import JsonSchema
from schemas.strict import strict_schema

# Tool and schema names: letters, digits, _ and - only, at OpenAI and Anthropic alike.
_ANSWER = "answer"
_CUT_OFF = {"length", "max_tokens", "MAX_TOKENS", "model_length"}


class Answer(TypedDict):
    """What a chat model said, as data."""

    text: str
    truncated: bool
    """Whether the provider stopped it at its length limit."""
    refusal: str | None
    """Why the chat model declined to answer; None where it did answer."""
    failure: str | None
    """Why no answer came at all, after the bounded retries; None where one came."""
    confidences: dict[str, float]
    """How probably values are right, 0 to 1, by JSON pointer into the answer; empty where it doesn't say."""


def ask_for_json(
    chat_model: BaseChatModel, messages: Sequence[BaseMessage], json_schema: JsonSchema
) -> tuple[Runnable[Any, AIMessage], list[BaseMessage]]:
    """Return what to invoke and with which messages, so that the answer is JSON of the schema."""
    kind = chat_model._llm_type
    if kind.startswith("optophone-"):
        return chat_model.bind(response_format=json_schema), list(messages)
    if "openai" in kind:
        return chat_model.bind(extra_body={"response_format": _openai_format(json_schema)}), list(messages)
    if "ollama" in kind:
        return chat_model.bind(format=json_schema), list(messages)
    try:
        tool = {"name": _ANSWER, "description": "Give the answer.", "parameters": json_schema}
        return chat_model.bind_tools([tool], tool_choice=_ANSWER), list(messages)
    except NotImplementedError:  # what LangChain raises for a chat model without tools
        instruction = f"Answer with one JSON object of this JSON Schema and nothing else:\n{json.dumps(json_schema)}"
        return chat_model, [SystemMessage(instruction), *messages]


def read_answer(message: AIMessage) -> Answer:
    """Take text, truncation and refusal from a message; never raises."""
    metadata = message.response_metadata
    reason = metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("done_reason")
    refusal = message.additional_kwargs.get("refusal")
    if not refusal and reason in ("content_filter", "refusal", "SAFETY"):
        refusal = f"the provider withheld the answer ({reason})"
    return Answer(
        text=_text(message),
        truncated=reason in _CUT_OFF,
        refusal=refusal,
        failure=None,
        confidences=_confidences(metadata.get("confidences")),
    )


def _confidences(given: Any) -> dict[str, float]:
    """Keep what is a probability; a provider may mean something else by the word."""
    items = given.items() if isinstance(given, dict) else ()
    return {str(path): value for path, value in items if isinstance(value, float) and 0 <= value <= 1}


def _openai_format(json_schema: JsonSchema) -> dict[str, Any]:
    strict = strict_schema(json_schema)
    return {
        "type": "json_schema",
        "json_schema": {"name": _ANSWER, "schema": strict or json_schema, "strict": strict is not None},
    }


def _text(message: AIMessage) -> str:
    if message.tool_calls:
        return json.dumps(message.tool_calls[0]["args"], ensure_ascii=False)
    if message.invalid_tool_calls:
        return message.invalid_tool_calls[0]["args"] or ""
    return str(message.text)
