"""Variables of ours that nothing reads: a typo in a name would change nothing, and say nothing."""

import logging
import os
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from graph.env_file import ENV_FILE, ENV_PREFIX, reading_env_file

# Stands in the same .env, for compose.yaml and deploy/databases.sql alone.
_OF_COMPOSE = f"{ENV_PREFIX}DATABASE_PASSWORD"
_logger = logging.getLogger("optophone")


@cache
def warn_of_unknown_variables() -> None:
    """Warn of each in the environment and in `.env`, once a process.

    Raises:
        UsageError: `.env` is no text.
    """
    if names := list(_given()):  # else nobody waits for the settings to be imported
        for warning in unknown_variables(names, known_variables()):
            _logger.warning("%s", warning)


def unknown_variables(names: Iterable[str], known: Collection[str]) -> list[str]:
    """Return a sentence for each name that isn't known, with the known one that is most like it; never a value."""
    unknown = sorted({name for name in names if name.upper() not in known})  # the settings take them in any case
    return [f"{name} is not known and changes nothing{_hint(name.upper(), known)}" for name in unknown]


def _hint(name: str, known: Collection[str]) -> str:
    """The prefix, which all share, would make them all alike."""
    endings = [one.removeprefix(ENV_PREFIX) for one in known]
    nearest = get_close_matches(name.removeprefix(ENV_PREFIX), endings, n=1)
    if not nearest:
        return "; remove it, or see docs/service.md for its name"
    return f"; did you mean {ENV_PREFIX}{nearest[0]}?"


def known_variables() -> set[str]:
    """Return the names that the settings, and what stands around them, are read from."""
    from graph.settings import Settings  # noqa: PLC0415 - pydantic-settings takes 0.1 CPU seconds
    from serving.web.settings import ServiceSettings  # noqa: PLC0415

    fields = [*Settings.model_fields, *ServiceSettings.model_fields]
    return {f"{ENV_PREFIX}{field}".upper() for field in fields} | {_OF_COMPOSE}


def _given() -> Iterator[str]:
    """Yield the names with our prefix, from where the settings are read."""
    yield from (name for name in os.environ if name.upper().startswith(ENV_PREFIX))
    if Path(ENV_FILE).is_file():
        from dotenv import dotenv_values  # noqa: PLC0415 - comes with pydantic-settings

        with reading_env_file():
            given = dotenv_values(ENV_FILE)
        yield from (name for name in given if name.upper().startswith(ENV_PREFIX))
