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


@cache
def packaged_prompts() -> dict[str, PromptFile]:
    """Return the prompts that ship with this version, by name.

    Raises:
        PromptError: a file has no front matter, or its variables are not those of its text.
    """
    return {prompt.name: prompt for prompt in map(read_prompt_file, sorted(FOLDER.glob("*.md")))}


def read_prompt_file(path: Path) -> PromptFile:
    """Read one prompt file.

    Raises:
        PromptError: it has no front matter, or its variables are not those of its text.
    """
    match = _FRONT_MATTER.match(path.read_text(encoding="utf-8"))
    if not match:
        raise PromptError(f"the prompt '{path.name}' has no front matter; begin it with name, description, variables")
    front = yaml.safe_load(match.group(1))
    declared, used = set(front["variables"]), variables(match.group(2))
    if declared != used:
        raise PromptError(
            f"the prompt '{path.name}' declares {sorted(declared)} but uses {sorted(used)}; make them equal"
        )
    return PromptFile(front["name"], front["description"], match.group(2).strip())


def variables(text: str) -> set[str]:
    """Return the names in double braces."""
    return set(_VARIABLE.findall(text))


def render(text: str, values: Mapping[str, str]) -> str:
    """Put each value in its place; a value that itself holds braces is left alone.

    Raises:
        PromptError: the text asks for a variable that isn't given, or one is given that it doesn't ask for.
    """
    used = variables(text)
    if missing := sorted(used - values.keys()):
        raise PromptError(f"the prompt uses {missing}, which nothing fills; it may use {sorted(values)}")
    if unknown := sorted(values.keys() - used):
        raise PromptError(f"the prompt does not use {unknown}; add them to it as {{{{name}}}}")
    return _VARIABLE.sub(lambda match: values[match.group(1)], text)
