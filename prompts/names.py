"""How a prompt version is named."""

import re
from typing import NamedTuple

from schemas.errors import PromptError

EXTRACT, REFINE = "optophone-extract", "optophone-refine"

_ABBREVIATIONS = {"extract": EXTRACT, "refine": REFINE}
_SHORT = re.compile(r"\d+|@[\w.-]+")
_NAME = re.compile(r"(?:prompts:/)?(?P<name>[\w.-]+)(?:[/@](?P<version>\d{1,9})|@(?P<alias>(?!\d+$)[\w.-]+))")


class PromptName(NamedTuple):
    """A prompt with its version or alias; as text, MLflow's address of it."""

    name: str
    version: int | None
    alias: str | None

    def __str__(self) -> str:
        return f"prompts:/{self.name}/{self.version}" if self.alias is None else f"prompts:/{self.name}@{self.alias}"

    @property
    def short(self) -> str:
        """For people, who can type it too: extract@2."""
        names = {name: abbreviation for abbreviation, name in _ABBREVIATIONS.items()}
        return f"{names.get(self.name, self.name)}@{self.version or self.alias}"


def parse_name(text: str, default: str | None = None) -> PromptName:
    """Read prompts:/name/3, prompts:/name@alias, or the short forms name@3 and name@alias.

    Args:
        text: one of them.
        default: name of the prompt that a bare "3" or "@alias" means; without it these name none. With it
            "extract" and "refine" are short for the project's own prompts.

    Raises:
        PromptError: it is none of these.
    """
    if default and _SHORT.fullmatch(text):
        text = f"{default}@{text.removeprefix('@')}"
    match = _NAME.fullmatch(text)
    if not match:
        raise PromptError(
            f"'{text}' names no prompt version; write optophone-extract@production or optophone-extract@2"
        )
    name = match["name"]
    if default and not text.startswith("prompts:/"):
        name = _ABBREVIATIONS.get(name, name)
    return PromptName(name, int(match["version"]) if match["version"] else None, match["alias"])
