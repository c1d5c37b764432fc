"""Load prompts from MLflow's registry, and link each to the trace of the run that uses it.

The files in this folder are the source and the registry holds the published copies. They are synchronised once a
process, before the first prompt is loaded.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig

from prompts.connection import NOT_FOUND, connect
from prompts.names import PromptName, parse_name
from prompts.publishing import chat_model_of, sync_prompts, unknown
from prompts.template import packaged_prompts
from schemas.errors import PromptError, UnreachableError


class LoadedPrompt(NamedTuple):
    """A prompt as it will be used."""

    uri: str
    """prompts:/name/version, or packaged:/name where the registry was out of reach."""
    text: str
    chat_model: str | None
    """What it was written for, as provider:model; None where the version doesn't say."""
    temperature: float | None
    """Sampling temperature with that chat model."""

    def temperature_for(self, chat_model: str) -> float | None:
        """Return the temperature for a run's chat model; None, the provider's own, for any but its own.

        Another one may not take it at all: some refuse every temperature but 1.
        """
        return self.temperature if chat_model == self.chat_model else None


# MLflow would keep an alias for a minute, in which a process that stays up misses a promotion. To ask each time takes
# 9 ms of CPU time on SQLite. A version never changes, so MLflow may keep that one for ever.
_ALIAS_TTL_S = 1.0

_synchronising = threading.Lock()
_synchronised: set[str] = set()
_checked: set[tuple[str, PromptName]] = set()
_last_good: dict[tuple[str, PromptName], LoadedPrompt] = {}
_carried: dict[str, LoadedPrompt] = {}


def carry_prompt(prompt: LoadedPrompt) -> str:
    """Return a name that loads this prompt as it is, in this process, whatever a registry holds.

    The name tells the content, so several models' prompts never meet. The registry is not asked and the trace gets no
    link; results name the version that the prompt came from.
    """
    digest = hashlib.sha256(repr(tuple(prompt)).encode()).hexdigest()
    _carried[f"carried:/{digest}"] = prompt
    return f"carried:/{digest}"


def load_prompt(
    prompt: str, tracking_uri: str, deadline_s: float, config: RunnableConfig | None = None
) -> LoadedPrompt:
    """Load a prompt from the registry; an alias that was moved counts within a second, whoever moved it.

    Where the registry is out of reach: what this address gave last, else the packaged file.

    Args:
        prompt: prompts:/name/3, prompts:/name@alias, name@3, name@alias, or what `carry_prompt` returned.
        tracking_uri: MLflow's store.
        deadline_s: longest wait for a remote registry.
        config: the node's config; the trace of its span gets the link.

    Raises:
        PromptError: no such prompt, version or alias.
    """
    if prompt in _carried:
        return _carried[prompt]
    name = parse_name(prompt)
    key = (tracking_uri, name)
    try:
        loaded = connect(tracking_uri).run(lambda: _load(name, tracking_uri, config), deadline_s)
    except UnreachableError:
        return _last_good.get(key) or _packaged(name)
    _last_good[key] = loaded
    # Who looks up what an alias stands for will ask for that version next, and may find the registry gone by then.
    _last_good[(tracking_uri, parse_name(loaded.uri))] = loaded
    return loaded


def check_prompt(prompt: str, tracking_uri: str, deadline_s: float) -> None:
    """Make sure that a prompt can be loaded later, without linking it to a trace; asks once for each.

    Raises:
        PromptError: no such prompt, version or alias.
    """
    if prompt in _carried:
        return
    name = parse_name(prompt)
    if (tracking_uri, name) in _checked:
        return
    try:
        connect(tracking_uri).run(lambda: _check(name, tracking_uri), deadline_s)
    except UnreachableError:
        _packaged(name)
    _checked.add((tracking_uri, name))


def _check(name: PromptName, tracking_uri: str) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    _synchronise(tracking_uri)
    with _told_by_name(name):
        version = MlflowClient().get_prompt_version(name.name, str(name.version or name.alias))
    if version is None:
        raise PromptError(unknown(name))


def _load(name: PromptName, tracking_uri: str, config: RunnableConfig | None) -> LoadedPrompt:
    import mlflow.genai  # noqa: PLC0415 - takes seconds

    _synchronise(tracking_uri)
    with _told_by_name(name), _active_span(config):
        version = mlflow.genai.load_prompt(str(name), cache_ttl_seconds=_ALIAS_TTL_S if name.alias else None)
    if not isinstance(version.template, str):
        raise PromptError(f"{name} is a chat prompt, and images are added in code; register it as plain text")
    return LoadedPrompt(
        uri=f"prompts:/{version.name}/{version.version}",
        text=version.template,
        chat_model=chat_model_of(version),
        temperature=(version.model_config or {}).get("temperature"),
    )


def _synchronise(tracking_uri: str) -> None:
    """Publish the prompt files once a process; whoever else comes meanwhile waits for it."""
    with _synchronising:
        if tracking_uri not in _synchronised:
            sync_prompts(tracking_uri)
            _synchronised.add(tracking_uri)


@contextmanager
def _told_by_name(name: PromptName) -> Iterator[None]:
    """Turn MLflow's word that there is no such thing into the list of what there is."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - takes seconds

    try:
        yield
    except MlflowException as error:
        if error.error_code in NOT_FOUND:
            raise PromptError(unknown(name)) from error
        raise


def _packaged(name: PromptName) -> LoadedPrompt:
    prompt = packaged_prompts().get(name.name)
    if prompt is None:
        known = ", ".join(sorted(packaged_prompts()))
        raise PromptError(f"MLflow is out of reach and no packaged prompt is called '{name.name}'; use one of {known}")
    return LoadedPrompt(f"packaged:/{name.name}", prompt.text, prompt.chat_model, prompt.temperature)


@contextmanager
def _active_span(config: RunnableConfig | None) -> Iterator[None]:
    """Make the node's span the active one, so that MLflow links what is loaded to its trace.

    Inside a node that runs asynchronously no span is active: autolog's callbacks run in another thread. Autolog
    keeps its spans by run id in a private mapping; where that is gone in a later MLflow, the link is lost and
    nothing else, and a test says so.
    """
    from mlflow.tracing.provider import safe_set_span_in_context  # noqa: PLC0415 - takes seconds

    span = _find_span(config)
    if span is None:
        yield
        return
    with safe_set_span_in_context(span):
        yield


def _find_span(config: RunnableConfig | None) -> Any:
    manager = (config or {}).get("callbacks")
    run_id = str(getattr(manager, "parent_run_id", ""))
    for handler in getattr(manager, "handlers", []):
        entry = getattr(handler, "_run_span_mapping", {}).get(run_id)
        if entry is not None:
            return entry.span
    return None
