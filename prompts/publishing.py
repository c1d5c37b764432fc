"""Publish the prompt files to MLflow's registry, and move the alias that decides what runs."""

from typing import Any, NamedTuple

from prompts.connection import connect
from prompts.names import PromptName, parse_name
from prompts.template import PromptFile, packaged_prompts
from schemas.errors import PromptError

PRODUCTION = "production"


class PromptVersionRow(NamedTuple):
    """One version in the registry."""

    name: str
    version: int
    aliases: list[str]
    text: str


def sync_prompts(tracking_uri: str) -> list[tuple[str, int, bool]]:
    """Register each packaged prompt whose text is not the newest version's.

    The alias `production` is set once, on the first version; from then on it moves only by `promote`.

    Returns:
        (name, newest version, whether it is new) of each prompt.
    """
    connect(tracking_uri)
    return [_sync(prompt) for prompt in packaged_prompts().values()]


def list_versions(tracking_uri: str) -> list[PromptVersionRow]:
    """Return every version of the project's prompts, newest first."""
    connect(tracking_uri)
    return [row for name in packaged_prompts() for row in versions(name)]


def promote(prompt: str, tracking_uri: str) -> PromptName:
    """Let this version run from now on.

    Raises:
        PromptError: no such prompt or version.
    """
    connect(tracking_uri)
    name = parse_name(prompt)
    row = next((row for row in versions(name.name) if row.version == name.version or name.alias in row.aliases), None)
    if row is None:
        raise PromptError(unknown(name))
    import mlflow.genai  # noqa: PLC0415 - takes seconds

    mlflow.genai.set_prompt_alias(row.name, PRODUCTION, row.version)
    return PromptName(row.name, row.version, None)


def versions(name: str) -> list[PromptVersionRow]:
    """Return the versions of one prompt, newest first; [] where there is none."""
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    # A search leaves the aliases out.
    found = [client.get_prompt_version(name, version.version) for version in _search(name)]
    return [PromptVersionRow(name, int(v.version), sorted(v.aliases), str(v.template)) for v in found if v]


def unknown(name: PromptName) -> str:
    """Say that there is no such prompt or version, and what there is."""
    rows = versions(name.name)
    if not rows:
        return f"there is no prompt '{name.name}'; use one of {', '.join(sorted(packaged_prompts()))}"
    known = [str(row.version) for row in rows] + sorted({f"@{alias}" for row in rows for alias in row.aliases})
    return f"there is no {name}; the versions of '{name.name}' are {', '.join(known)}"


def _search(name: str) -> list[Any]:
    """Return MLflow's versions of a prompt, newest first, without aliases."""
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    if client.get_prompt(name) is None:
        return []
    return sorted(client.search_prompt_versions(name), key=lambda version: -int(version.version))


def _sync(prompt: PromptFile) -> tuple[str, int, bool]:
    import mlflow.genai  # noqa: PLC0415 - takes seconds
    from mlflow import MlflowClient  # noqa: PLC0415

    found = _search(prompt.name)
    is_new = not found or found[0].template != prompt.text
    if is_new:
        registered = mlflow.genai.register_prompt(prompt.name, prompt.text, commit_message=prompt.description)
        newest = int(registered.version)
    else:
        newest = int(found[0].version)
    if not found or MlflowClient().get_prompt_version(prompt.name, PRODUCTION) is None:
        mlflow.genai.set_prompt_alias(prompt.name, PRODUCTION, newest)
    return prompt.name, newest, is_new
