"""Dockerfile and compose.yaml as data, as the engine would read them."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_VARIABLE = re.compile(r"\$\{(?P<name>\w+):\?(?P<reason>[^}]+)\}")
# What an image has before its ENV lines.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, without line breaks."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """Its arguments: a JSON list, or words without flags."""
        if self.text.startswith("["):
            return list(json.loads(self.text))
        return [word for word in shlex.split(self.text) if not word.startswith("--")]


def read_dockerfile(path: Path) -> list[list[Instruction]]:
    """Return the instructions of each stage, FROM first."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    stages: list[list[Instruction]] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, text = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append(Instruction(name, " ".join(text.split())))
    return stages


def environment_of(stage: list[Instruction]) -> dict[str, str]:
    """Return what a stage's ENV lines set, with PATH."""
    environment = {"PATH": _PATH}
    for instruction in stage:
        if instruction.name == "ENV":
            pairs = (word.partition("=") for word in instruction.words)
            environment |= {name: value.replace("$PATH", environment["PATH"]) for name, _, value in pairs}
    return environment


def last(stage: list[Instruction], name: str) -> Instruction:
    """Return the instruction of this name that counts."""
    return [instruction for instruction in stage if instruction.name == name][-1]


def read_compose(path: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the file with its variables set.

    Raises:
        KeyError: a required variable isn't set; its text is the reason that the file gives.
    """

    def value_of(match: re.Match[str]) -> str:
        if not variables.get(match["name"]):
            raise KeyError(f"{match['name']}: {match['reason']}")
        return variables[match["name"]]

    # After YAML: a value can't become more than a value.
    return _replaced(yaml.safe_load(path.read_text()), lambda text: _VARIABLE.sub(value_of, text))


def _replaced(value: Any, replace: Any) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, replace) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, replace) for item in value]
    return replace(value) if isinstance(value, str) else value


def in_order_of_start(services: Mapping[str, Any]) -> list[str]:
    """Return the services' names, each after those that it waits for."""
    order: list[str] = []

    def visit(name: str, waiting: tuple[str, ...] = ()) -> None:
        if name in waiting:
            raise ValueError(f"{name} waits for itself")
        for needed in services[name].get("depends_on", {}):
            visit(needed, (*waiting, name))
        if name not in order:
            order.append(name)

    for name in services:
        visit(name)
    return order
