"""The packages that the code needs, with the exact versions that are installed here."""

import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from chat_models.factory import is_local

_PROJECT = "optophone"
_PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def pinned_requirements(chat_model: str) -> list[str]:
    """Return name==version of every package that a model with this chat model needs, their own needs included.

    What development alone needs is left out. Versions and markers are this environment's: another platform may need a
    package that isn't named here, and its installer then adds it.
    """
    wanted = list(_needs(_declared(), set()))
    if not is_local(chat_model):
        provider = chat_model.partition(":")[0]
        wanted.append(Requirement(f"langchain-{provider.replace('_', '-')}"))  # as LangChain calls them
    return sorted(f"{name}=={version}" for name, version in _closure(wanted).items())


def _declared() -> list[str]:
    """Return what the project asks for: in a checkout by its own word, which an older installation may not know yet."""
    if _PYPROJECT.exists():
        declared: list[str] = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
        return declared
    return distribution(_PROJECT).requires or []


def _closure(wanted: list[Requirement]) -> dict[str, str]:
    """Return each package that is needed, and its version; what isn't installed is left out."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        requirement = wanted.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key in seen:
            continue
        seen.add(key)
        try:
            found = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        versions[key[0]] = found.version
        wanted += _needs(found.requires or [], requirement.extras)
    return versions


def _needs(requires: list[str], extras: set[str]) -> Iterator[Requirement]:
    for text in requires:
        requirement = Requirement(text)
        if _applies(requirement, {"", *extras}):
            yield requirement


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)
