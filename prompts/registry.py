"""The published copies of the prompts, in MLflow's registry.

The files in this folder are the source. A file whose text differs from the newest version is registered as the next
one; the alias `production` decides what runs, and moves only when somebody moves it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig

from prompts.connection import Connection, RegistryUnreachableError, connect
from prompts.template import PromptFile, packaged_prompts
from schemas.errors import PromptError

PRODUCTION = "production"
_URI = re.compile(r"(?:prompts:/)?(?P<name>[\w.-]+)(?:/(?P<version>\d+)|@(?P<alias>[\w.-]+))")


class LoadedPrompt(NamedTuple):
    """A prompt as it will be used."""

    uri: str
    """prompts:/name/version, or packaged:/name where the registry was out of reach."""
    text: str


class PromptVersionRow(NamedTuple):
    """One version in the registry."""

    name: str
    version: int
    aliases: list[str]
    text: str


_synchronised: set[int] = set()
_last_good: dict[str, LoadedPrompt] = {}


def load_prompt(
    uri: str, tracking_uri: str, deadline_s: float, config: RunnableConfig | None = None
) -> LoadedPrompt:
    """Load a prompt from the registry and link the version to the trace of the run.

    Where the registry is out of reach: the version loaded last from this address, else the packaged file.

    Args:
        uri: prompts:/name/3, prompts:/name@alias, name@3 or name@alias.
        tracking_uri: MLflow's store.
        deadline_s: longest wait for a remote registry.
        config: the node's config; its span gets the link.

    Raises:
        PromptError: no such prompt, version or alias.
    """
    uri = normalise_uri(uri)
    connection = connect(tracking_uri)
    try:
        loaded = connection.run(lambda: _load(uri, connection, config), deadline_s)
    except RegistryUnreachableError:
        return _last_good.get(uri) or _packaged(uri)
    _last_good[uri] = loaded
    return loaded


def normalise_uri(uri: str) -> str:
    """Return prompts:/name/version or prompts:/name@alias.

    Raises:
        PromptError: it is neither, nor one of the short forms.
    """
    match = _URI.fullmatch(uri)
    if not match:
        raise PromptError(f"'{uri}' is no prompt; write optophone-extract@production or optophone-extract@2")
    name, version, alias = match["name"], match["version"], match["alias"]
    if version or (alias and alias.isdigit()):
        return f"prompts:/{name}/{version or alias}"
    return f"prompts:/{name}@{alias}"


def sync_prompts(tracking_uri: str) -> list[tuple[str, int, bool]]:
    """Register each packaged prompt whose text is new; return (name, newest version, whether it is new)."""
    connection = connect(tracking_uri)
    _synchronised.add(id(connection))
    return [_sync(prompt) for prompt in packaged_prompts().values()]


def list_versions(tracking_uri: str) -> list[PromptVersionRow]:
    """Return every version of the project's prompts, newest first."""
    connect(tracking_uri)
    return [row for name in packaged_prompts() for row in _versions(name)]


def promote(name: str, version: int, tracking_uri: str) -> None:
    """Let this version run from now on.

    Raises:
        PromptError: no such prompt or version.
    """
    connect(tracking_uri)
    if version not in [row.version for row in _versions(name)]:
        raise PromptError(_unknown(f"prompts:/{name}/{version}"))
    import mlflow.genai  # noqa: PLC0415 - takes seconds

    mlflow.genai.set_prompt_alias(name, PRODUCTION, version)


def _load(uri: str, connection: Connection, config: RunnableConfig | None) -> LoadedPrompt:
    import mlflow.genai  # noqa: PLC0415 - takes seconds
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    if id(connection) not in _synchronised:
        for prompt in packaged_prompts().values():
            _sync(prompt)
        _synchronised.add(id(connection))
    try:
        with _span_of(config):
            version = mlflow.genai.load_prompt(uri)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise PromptError(_unknown(uri)) from error
        raise
    if not isinstance(version.template, str):
        raise PromptError(f"{uri} is a chat prompt; Optophone renders text prompts, register it as text")
    return LoadedPrompt(f"prompts:/{version.name}/{version.version}", version.template)


def _sync(prompt: PromptFile) -> tuple[str, int, bool]:
    import mlflow.genai  # noqa: PLC0415 - takes seconds

    rows = _versions(prompt.name)
    is_new = not rows or rows[0].text != prompt.text
    if is_new:
        version = mlflow.genai.register_prompt(prompt.name, prompt.text, commit_message=prompt.description)
        number = int(version.version)
    else:
        number = rows[0].version
    if not any(PRODUCTION in row.aliases for row in rows):
        mlflow.genai.set_prompt_alias(prompt.name, PRODUCTION, number)
    return prompt.name, number, is_new


def _versions(name: str) -> list[PromptVersionRow]:
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    prompt = client.get_prompt(name)
    if prompt is None:
        return []
    found = client.search_prompt_versions(name)
    aliases = prompt.aliases if hasattr(prompt, "aliases") else {}
    rows = [
        PromptVersionRow(
            name,
            int(version.version),
            sorted({*version.aliases, *(alias for alias, number in aliases.items() if int(number) == int(version.version))}),
            str(version.template),
        )
        for version in found
    ]
    return sorted(rows, key=lambda row: -row.version)


def _packaged(uri: str) -> LoadedPrompt:
    name = uri.removeprefix("prompts:/").partition("@")[0].partition("/")[0]
    prompt = packaged_prompts().get(name)
    if prompt is None:
        raise PromptError(f"{uri} is out of reach, and no packaged prompt has its name; use {sorted(packaged_prompts())}")
    return LoadedPrompt(f"packaged:/{name}", prompt.text)


def _unknown(uri: str) -> str:
    name = uri.removeprefix("prompts:/").partition("@")[0].partition("/")[0]
    rows = _versions(name)
    if not rows:
        return f"there is no prompt '{name}'; use one of {', '.join(sorted(packaged_prompts()))}"
    known = [f"{row.version}" for row in rows] + sorted({f"@{alias}" for row in rows for alias in row.aliases})
    return f"there is no {uri}; the versions of '{name}' are {', '.join(known)}"


@contextmanager
def _span_of(config: RunnableConfig | None) -> Iterator[None]:
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
