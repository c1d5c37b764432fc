"""Chat models and documents for the tests of a run."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, SkipValidation

from chat_models.factory import register_chat_model
from chat_models.scripted import ScriptedChatModel
from documents.prepare import Wanted, prepare
from graph.context import Context
from graph.settings import get_settings, get_store

_numbers = count()


class _Answering(ScriptedChatModel):
    """Answers by what it is asked."""

    answer: SkipValidation[Callable[[str], str]] = Field(exclude=True)

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> ChatResult:
        with self._lock:
            self.requests.append(messages)
        usage = {"input_tokens": 90, "output_tokens": 10, "total_tokens": 100}
        message = AIMessage(self.answer(str(messages[-1].content)), usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=message)])


@pytest.fixture
def register() -> Callable[[Callable[[str], str]], str]:
    """Register a chat model that answers each request's text by a function; gives its name."""

    def make(answer: Callable[[str], str]) -> str:
        name, chat_model = f"function-{next(_numbers)}", _Answering(answers=(), answer=answer)
        register_chat_model(name, lambda: chat_model)
        return name

    return make


@pytest.fixture
def untraced() -> Iterator[None]:
    """To wait for MLflow's store takes a second a run."""
    import mlflow.langchain

    import graph.app  # noqa: F401 - turns tracing on, once

    mlflow.langchain.autolog(disable=True, silent=True)
    yield
    mlflow.langchain.autolog(silent=True)


@pytest.fixture
def write(write_pdf: Callable[..., str], tmp_path: Path) -> Callable[..., Path]:
    """Write documents that are in the store already, so that no worker process is needed; gives their folder."""

    def make(*names: str) -> Path:
        context = Context()
        for name in names:
            path = write_pdf(f"scans/{name}.pdf", ("Name: Alice", f"Page: {name} of {tmp_path.name}"))
            prepare(
                path, get_store(), get_settings().limits, Wanted(context.max_side_px, context.jpeg_quality, words=True)
            )
        return tmp_path / "scans"

    return make
