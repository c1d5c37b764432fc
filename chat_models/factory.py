"""From a name to a chat model."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from langchain_core.language_models import BaseChatModel

from chat_models.local.chat_model import LocalChatModel
from documents.store import DocumentStore
from schemas.errors import ChatModelError

LOCAL = "local"
OPENAI_DEFAULT = "openai:gpt-4o-mini"
"""The chat model of the article that this project grew from."""

_registered: dict[str, Callable[[], BaseChatModel]] = {}


def register_chat_model(name: str, make: Callable[[], BaseChatModel]) -> None:
    """Let runs choose a LangChain chat model of your own by name; a later one replaces an earlier one."""
    _registered[name] = make


def default_chat_model() -> str:
    """Return the choice for who makes none: OpenAI where its key is set, else the local reader."""
    return OPENAI_DEFAULT if os.environ.get("OPENAI_API_KEY") else LOCAL


def make_chat_model(choice: str, store: DocumentStore, timeout_s: float) -> BaseChatModel:
    """Make the chat model that a run chose.

    Args:
        choice: "local", "local:rules" for its rules alone, "local:PATH" for weights of one's own, a registered name,
            or "provider:model" as LangChain's `init_chat_model` takes it.
        store: where the local reader finds the pages.
        timeout_s: longest wait for one answer of a provider.

    Raises:
        ChatModelError: it is unknown, its package isn't installed, or its key isn't set.
    """
    if choice == LOCAL:
        return LocalChatModel(store=store)
    if choice.startswith(f"{LOCAL}:"):
        return _make_local(choice.removeprefix(f"{LOCAL}:"), store)
    if choice in _registered:
        return _registered[choice]()
    if ":" not in choice:
        known = ", ".join([LOCAL, *sorted(_registered)])
        raise ChatModelError(f"unknown chat model '{choice}'; use {known}, or provider:model such as {OPENAI_DEFAULT}")
    return _make_provider_model(choice, timeout_s)


def _make_local(variant: str, store: DocumentStore) -> LocalChatModel:
    if variant == "rules":
        return LocalChatModel(store=store, rules_only=True)
    from chat_models.local.learned.weights import load_models  # noqa: PLC0415 - numpy is not for the other models

    weights = Path(variant)
    load_models(weights)  # once a process; tells now rather than at the first page that they can't be read
    return LocalChatModel(store=store, weights=weights)


@cache
def _make_provider_model(choice: str, timeout_s: float) -> BaseChatModel:
    provider = choice.partition(":")[0]
    key = f"{provider.upper()}_API_KEY"
    if provider == "openai" and not os.environ.get(key):
        raise ChatModelError(f"the chat model '{choice}' needs an API key; set {key}, or use --chat-model {LOCAL}")
    from langchain.chat_models import init_chat_model  # noqa: PLC0415 - takes a second to import

    try:
        # Retrying is the graph's work (RetryPolicy), where each try shows in the trace.
        chat_model = init_chat_model(choice, timeout=timeout_s, max_retries=0)
    except ImportError as error:
        raise ChatModelError(f"the chat model '{choice}' needs a package: {error}") from error
    except Exception as error:  # each provider's package raises its own types for a missing key or a wrong name
        reason = str(error).splitlines()[0]
        raise ChatModelError(f"cannot make the chat model '{choice}': {reason}; is {key} set?") from error
    return chat_model
