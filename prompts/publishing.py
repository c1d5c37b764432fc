"""Publish the prompt files to MLflow's registry, and look up what is there."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from prompts.connection import NOT_FOUND, connect
from prompts.names import PromptName
from prompts.template import PromptFile, packaged_versions
from schemas.errors import PromptError
from schemas.target import load_schema

PRODUCTION = "production"
WHY = "optophone.why"
"""Tag that says why a version exists where MLflow registered it without a commit message."""

# MLflow gives 100 unless asked; a file whose version lay beyond would be registered again.
_ALL_VERSIONS = 10_000


class PromptVersionRow(NamedTuple):
    """One version in the registry."""

    name: str
    version: int
    aliases: list[str]
    text: str
    description: str
    chat_model: str | None
    """What it was written for, as provider:model; None where nobody stored it."""
    temperature: float | None
    schema: str | None
    """Title of the JSON Schema stored with it."""

    @property
    def uri(self) -> str:
        """MLflow's address of it."""
        return f"prompts:/{self.name}/{self.version}"


class Synchronised(NamedTuple):
    """What became of one prompt's files."""

    name: str
    newest: int
    """Number of its newest version."""
    registered: list[int]
    """Numbers that its files got just now."""


def sync_prompts(tracking_uri: str) -> list[Synchronised]:
    """Publish the packaged files of every prompt."""
    connect(tracking_uri)
    return [publish(files) for files in packaged_versions().values()]


def publish(files: Sequence[PromptFile]) -> Synchronised:
    """Register each file of one prompt whose text is no version's text yet, in their order.

    The alias `production` is set once, on the last of them; from then on it moves only by a promotion.
    """
    import mlflow.genai  # noqa: PLC0415 - takes seconds

    name = files[-1].name
    found = _search(name)
    numbers = {str(version.template): int(version.version) for version in reversed(found)}
    registered = {file.text: _register(file) for file in files if file.text not in numbers}
    numbers |= registered
    if not found or version_at(name, PRODUCTION) is None:
        mlflow.genai.set_prompt_alias(name, PRODUCTION, numbers[files[-1].text])
    return Synchronised(name, max(numbers.values()), list(registered.values()))


def list_versions(tracking_uri: str) -> list[PromptVersionRow]:
    """Return every version of the project's prompts, newest first."""
    connect(tracking_uri)
    return [row for name in packaged_versions() for row in versions(name)]


def find_version(name: PromptName, tracking_uri: str) -> PromptVersionRow:
    """Return the version that a number or an alias means now.

    Raises:
        PromptError: no such prompt, version or alias.
    """
    connect(tracking_uri)
    row = next((row for row in versions(name.name) if row.version == name.version or name.alias in row.aliases), None)
    if row is None:
        raise PromptError(unknown(name))
    return row


def versions(name: str) -> list[PromptVersionRow]:
    """Return the versions of one prompt, newest first; [] where there is none."""
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    # A search leaves the aliases out.
    found = [client.get_prompt_version(name, version.version) for version in _search(name)]
    return [_row(version) for version in found if version]


def version_at(name: str, alias: str) -> int | None:
    """Return the number of the version that an alias points to now; None where there is no such alias or prompt."""
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        version = MlflowClient().get_prompt_version(name, alias)
    except MlflowException as error:
        if error.error_code in NOT_FOUND:
            return None
        raise
    return int(version.version) if version else None


def unknown(name: PromptName) -> str:
    """Say that there is no such prompt or version, and what there is."""
    rows = versions(name.name)
    if not rows:
        return f"there is no prompt '{name.name}'; use one of {', '.join(sorted(packaged_versions()))}"
    known = [str(row.version) for row in rows] + sorted({f"@{alias}" for row in rows for alias in row.aliases})
    return f"there is no {name}; the versions of '{name.name}' are {', '.join(known)}"


def chat_model_of(version: Any) -> str | None:
    """Return the chat model of MLflow's version as provider:model, where one is stored."""
    config = version.model_config or {}
    return f"{config['provider']}:{config['model_name']}" if {"provider", "model_name"} <= config.keys() else None


def _row(version: Any) -> PromptVersionRow:
    return PromptVersionRow(
        name=version.name,
        version=int(version.version),
        aliases=sorted(version.aliases),
        text=str(version.template),
        description=version.commit_message or version.tags.get(WHY, ""),
        chat_model=chat_model_of(version),
        temperature=(version.model_config or {}).get("temperature"),
        schema=(version.response_format or {}).get("title"),
    )


def _search(name: str) -> list[Any]:
    """Return MLflow's versions of a prompt, newest first, without aliases."""
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    if client.get_prompt(name) is None:
        return []
    found = client.search_prompt_versions(name, max_results=_ALL_VERSIONS)
    return sorted(found, key=lambda version: -int(version.version))


def _register(file: PromptFile) -> int:
    import mlflow.genai  # noqa: PLC0415 - takes seconds

    provider, _, model_name = file.chat_model.partition(":")
    version = mlflow.genai.register_prompt(
        file.name,
        file.text,
        commit_message=file.description,
        model_config={"provider": provider, "model_name": model_name, "temperature": file.temperature},
        response_format=load_schema(file.schema).json_schema,
    )
    return int(version.version)
