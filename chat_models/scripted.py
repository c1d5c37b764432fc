"""A chat model that replays a list of answers: for tests, demonstrations and measurements without a provider."""

import threading
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, PrivateAttr, SkipValidation

from schemas.errors import ChatModelError

Scripted = str | AIMessage | Exception


class ScriptedChatModel(BaseChatModel):
    """Give the next answer of a script at each request; an exception in it is raised. Safe under threads."""

    answers: SkipValidation[Sequence[Scripted]] = Field(exclude=True)
    requests: list[list[BaseMessage]] = Field(default_factory=list, exclude=True)
    """The messages of each request so far."""

    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def _llm_type(self) -> str:
        return "optophone-scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._lock:
            position = len(self.requests)
            self.requests.append(messages)
        if position >= len(self.answers):
            raise ChatModelError(f"the script has {len(self.answers)} answers and was asked once more; add one")
        answer = self.answers[position]
        if isinstance(answer, Exception):
            raise answer
        message = answer if isinstance(answer, AIMessage) else AIMessage(answer)
        return ChatResult(generations=[ChatGeneration(message=message)])
