"""How each kind of chat model is asked for JSON, and what its answers become."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from chat_models.scripted import ScriptedChatModel
from chat_models.structured import ask_for_json, read_answer

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
OPEN = {"type": "object", "properties": {"a": {"type": "object"}}}
MESSAGES = [HumanMessage("read")]


class Plain(BaseChatModel):
    """A chat model that knows neither tools nor JSON modes."""

    @property
    def _llm_type(self) -> str:
        return "plain"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(str(messages[0].content)))])


class WithTools(Plain):
    """One that knows tools, as most providers' packages do."""

    def bind_tools(
        self, tools: Sequence[Any | BaseTool], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """Keep what it is given."""
        return self.bind(tools=tools, tool_choice=tool_choice)


def _bound(chat_model: BaseChatModel, schema: dict[str, Any] = SCHEMA) -> dict[str, Any]:
    runnable, messages = ask_for_json(chat_model, MESSAGES, schema)
    assert messages == MESSAGES
    return runnable.kwargs  # type: ignore[attr-defined, no-any-return]


def test_openai_gets_its_strict_mode_where_the_schema_allows_it() -> None:
    """And the schema as it is where strict mode would refuse it."""
    chat_model = ChatOpenAI(model="gpt-4o-mini", api_key=SecretStr("x"))
    strict = _bound(chat_model)["extra_body"]["response_format"]["json_schema"]
    assert strict["strict"] is True
    assert strict["schema"]["required"] == ["a"]
    free = _bound(chat_model, OPEN)["extra_body"]["response_format"]["json_schema"]
    assert (free["strict"], free["schema"]) == (False, OPEN)


def test_own_chat_models_get_the_schema_itself() -> None:
    """The local reader and the scripted one."""
    assert _bound(ScriptedChatModel(answers=[])) == {"response_format": SCHEMA}


def test_others_are_forced_to_call_one_tool() -> None:
    """What every provider with tools understands."""
    bound = _bound(WithTools())
    assert bound["tool_choice"] == bound["tools"][0]["name"]
    assert bound["tools"][0]["parameters"] == SCHEMA


def test_without_tools_the_schema_is_said() -> None:
    """The last resort: in words, before the messages."""
    runnable, messages = ask_for_json(Plain(), MESSAGES, SCHEMA)
    assert json.dumps(SCHEMA) in runnable.invoke(messages).content
    assert messages[1:] == MESSAGES


@pytest.mark.parametrize(
    ("message", "text", "truncated", "refusal"),
    [
        (AIMessage('{"a": 1}', response_metadata={"finish_reason": "stop"}), '{"a": 1}', False, None),
        (AIMessage('{"a"', response_metadata={"finish_reason": "length"}), '{"a"', True, None),
        (AIMessage('{"a"', response_metadata={"stop_reason": "max_tokens"}), '{"a"', True, None),
        (AIMessage('{"a"', response_metadata={"done_reason": "length"}), '{"a"', True, None),
        (AIMessage([{"type": "text", "text": '{"a": 1}'}]), '{"a": 1}', False, None),
        (AIMessage("", tool_calls=[{"name": "answer", "args": {"a": "é"}, "id": "1"}]), '{"a": "é"}', False, None),
        (
            AIMessage("", invalid_tool_calls=[{"name": "answer", "args": '{"a": ', "id": "1", "error": None}]),
            '{"a": ',
            False,
            None,
        ),
        (AIMessage("", additional_kwargs={"refusal": "No."}), "", False, "No."),
        (
            AIMessage("", response_metadata={"finish_reason": "content_filter"}),
            "",
            False,
            "the provider withheld the answer (content_filter)",
        ),
    ],
)
def test_answer_is_read_whatever_form_it_has(
    message: AIMessage, text: str, truncated: bool, refusal: str | None
) -> None:
    """Text, blocks, tool calls whole and broken, refusals: all data."""
    expected = {"text": text, "truncated": truncated, "refusal": refusal, "failure": None, "confidences": {}}
    assert read_answer(message) == expected


@pytest.mark.parametrize("given", [None, "high", [0.5], {"/a": "high", "/b": 1.5, "/c": float("nan"), "/d": True}])
def test_only_probabilities_are_taken_for_confidences(given: Any) -> None:
    """A provider may mean something else by the word."""
    assert read_answer(AIMessage("{}", response_metadata={"confidences": given}))["confidences"] == {}
