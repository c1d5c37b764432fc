"""From a name to a chat model."""

import os
from asyncio import AbstractEventLoop
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, cast

from langchain_core.language_models import BaseChatModel

from chat_models.local.chat_model import LocalChatModel
from chat_models.secrets import without_secrets
from documents.store import DocumentStore
from schemas.errors import ChatModelError

LOCAL = "local"
RULES = "local:rules"
OPENAI_DEFAULT = "openai:gpt-4o-mini"
"""The chat model of the article that this project grew from."""

_registered: dict[str, Callable[[], BaseChatModel]] = {}
_made: dict[AbstractEventLoop | None, dict[tuple[Any, ...], BaseChatModel]] = {}
"""Providers' models of each event loop that still runs, and (None) of synchronous calls."""
_lock = Lock()


def register_chat_model(name: str, make: Callable[[], BaseChatModel]) -> None:
    """Let runs choose a LangChain chat model of your own by name; a later one replaces an earlier one."""
    _registered[name] = make


def is_local(chat_model: str) -> bool:
    """Tell whether the local reader answers by this name: it looks at nothing but the words, and costs nothing."""
    return chat_model.partition(":")[0] == LOCAL


def default_chat_model() -> str:
    """Return the choice for who makes none: OpenAI where its key is set, else the local reader."""
    return OPENAI_DEFAULT if os.environ.get("OPENAI_API_KEY") else LOCAL


def make_chat_model(
    choice: str,
    store: DocumentStore,
    timeout_s: float,
    *,
    temperature: float | None = None,
    allow_paths: bool = True,
    loop: AbstractEventLoop | None = None,
) -> BaseChatModel:
    """Make the chat model that a run chose.

    Args:
        choice: "local", "local:funsd" or "local:generated" for one of its packaged weights, "local:rules" for its rules
            alone, "local:PATH" for weights of one's own, a registered name, or "provider:model" as LangChain's
            `init_chat_model` takes it.
        store: where the local reader finds the pages.
        timeout_s: longest wait for one answer of a provider.
        temperature: a provider's sampling temperature; None leaves it to the provider.
        allow_paths: accept weights by path; never where strangers can ask.
        loop: where it is called asynchronously: a provider's open connections belong to one event loop.

    Raises:
        ChatModelError: it is unknown, its package isn't installed, or its key isn't set.
    """
    if choice == LOCAL:
        return LocalChatModel(store=store)
    if choice == RULES:
        return LocalChatModel(store=store, rules_only=True)
    if choice.startswith(f"{LOCAL}:") and (weights := _weights(choice.removeprefix(f"{LOCAL}:"), allow_paths)):
        return _make_local(weights, store)
    if choice in _registered:
        return _registered[choice]()
    if ":" not in choice:
        known = ", ".join([LOCAL, *sorted(_registered)])
        raise ChatModelError(f"unknown chat model '{choice}'; use {known}, or provider:model such as {OPENAI_DEFAULT}")
    if choice.startswith("openai:") and not os.environ.get("OPENAI_API_KEY"):
        raise ChatModelError(
            f"the chat model '{choice}' needs an API key; set OPENAI_API_KEY, or use --chat-model {LOCAL}"
        )
    prefix = f"{choice.partition(':')[0].upper()}_"
    settings = tuple(sorted(item for item in os.environ.items() if item[0].startswith(prefix)))
    with _lock:  # nodes run in threads
        for ended in [known for known in _made if known is not None and known.is_closed()]:
            del _made[ended]
        # Made once for each state of the provider's variables: a key that was changed counts at once.
        made, key = _made.setdefault(loop, {}), (choice, timeout_s, temperature, settings)
        if key not in made:
            made[key] = _make_provider_model(choice, timeout_s, temperature)
        return made[key]


def _weights(name: str, allow_paths: bool) -> Path | None:
    from chat_models.local.learned.weights import PACKAGED, packaged_path  # noqa: PLC0415 - as below

    if name in PACKAGED:
        return packaged_path(name)
    return Path(name) if allow_paths else None


def _make_local(weights: Path, store: DocumentStore) -> LocalChatModel:
    from chat_models.local.learned.weights import load_models  # noqa: PLC0415 - numpy is not for the other models

    load_models(weights)  # once a process; tells now rather than at the first page that they can't be read
    return LocalChatModel(store=store, weights=weights)


def _make_provider_model(choice: str, timeout_s: float, temperature: float | None) -> BaseChatModel:
    from langchain.chat_models import init_chat_model  # noqa: PLC0415 - takes a second to import

    _remember_block_types()
    # Retrying is the graph's work (RetryPolicy), where each try shows in the trace.
    options: dict[str, Any] = {"timeout": timeout_s, "max_retries": 0}
    try:
        if choice.startswith("openai:"):
            from openai import Timeout  # noqa: PLC0415 - as above

            # Its other API takes the answer's schema in another form. For a number of seconds LangChain would share
            # one client, and its connections, among all event loops of the process; a Timeout gets one of its own.
            options |= {"use_responses_api": False, "timeout": Timeout(timeout_s)}
        if temperature is not None:
            options["temperature"] = temperature
        chat_model = init_chat_model(choice, **options)
    except Exception as error:  # a missing package, key or provider: each package raises its own types
        reason = without_secrets(str(error)).partition("\n")[0] or type(error).__name__
        raise ChatModelError(f"cannot make the chat model '{choice}': {reason}") from error
    return cast("BaseChatModel", chat_model)


@cache
def _remember_block_types() -> None:
    """Let LangChain work out its types of content blocks once, not for each block of each message: 2 ms a request.

    The function has no arguments and no state; where a later version has no such function, nothing is done.
    """
    from langchain_core.messages import content  # noqa: PLC0415 - as above

    if work_out := getattr(content, "_get_data_content_block_types", None):
        content._get_data_content_block_types = cache(work_out)
