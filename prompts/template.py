"""Prompt files: front matter, text, and rendering that fails by name."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from schemas.errors import PromptError

FOLDER = Path(__file__).parent
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class PromptFile(NamedTuple):
    """A packaged prompt."""

    name: str
    description: str
    text: str
    chat_model: str
    """What it was written for, as provider:model."""
    temperature: float
    """Sampling temperature of runs with that chat model."""
    schema: str
    """Name of the registered schema that it was written for."""


@cache
def packaged_versions() -> dict[str, list[PromptFile]]:
    """Return the prompts that ship, by name; the versions of each in their order, the best one last.

    Raises:
        PromptError: a file is not named by its number, or is no prompt file.
    """
    by_name: dict[str, list[PromptFile]] = {}
    for path in sorted(FOLDER.glob("*/*.md"), key=_place):
        prompt = read_prompt_file(path)
        by_name.setdefault(prompt.name, []).append(prompt)
    return by_name


def packaged_prompts() -> dict[str, PromptFile]:
    """Return the best version of each prompt that ships, by name."""
    return {name: versions[-1] for name, versions in packaged_versions().items()}


def _place(path: Path) -> tuple[str, int]:
    if not path.stem.isdecimal():
        raise PromptError(f"the prompt file '{path.name}' is not named by its number; call it 4.md to follow 3.md")
    return path.parent.name, int(path.stem)


def read_prompt_file(path: Path) -> PromptFile:
    """Read one prompt file.

    Raises:
        PromptError: it lacks front matter or a part of it, or its variables are not those of its text.
    """
    match = _FRONT_MATTER.match(path.read_text(encoding="utf-8"))
    if not match:
        raise PromptError(f"the prompt '{path.name}' has no front matter; begin it with name, description, variables")
    front = yaml.safe_load(match.group(1))
    wanted = ["name", "description", "variables", "chat_model", "temperature", "schema"]
    if missing := [key for key in wanted if key not in front]:
        raise PromptError(f"the front matter of the prompt '{path.name}' lacks {', '.join(missing)}; add it")
    declared, used = set(front["variables"]), variables(match.group(2))
    if declared != used:
        raise PromptError(
            f"the prompt '{path.name}' declares {sorted(declared)} but uses {sorted(used)}; make them equal"
        )
    return PromptFile(
        name=front["name"],
        description=front["description"],
        text=match.group(2).strip(),
        chat_model=front["chat_model"],
        temperature=float(front["temperature"]),
        schema=front["schema"],
    )


def variables(text: str) -> set[str]:
    """Return the names in double braces."""
    return set(_VARIABLE.findall(text))


def render(text: str, values: Mapping[str, str]) -> str:
    """Put each value in its place; a value that itself holds braces is left alone.

    Raises:
        PromptError: the text asks for a variable that isn't given, or leaves out one that holds something.
    """
    used = variables(text)
    if missing := sorted(used - values.keys()):
        raise PromptError(f"the prompt uses {missing}, which nothing fills; it may use {sorted(values)}")
    # An empty value is lost by nobody: a prompt without room for the caller's rules is fine until there are some.
    if unknown := sorted(name for name in values.keys() - used if values[name]):
        raise PromptError(f"the prompt does not use {unknown}; add them to it as {{{{name}}}}")
    return _VARIABLE.sub(lambda match: values[match.group(1)], text)
