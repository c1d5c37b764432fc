"""What stays out of traces and logs: the values of chosen fields, and what looks like an account number or the like.

`OPTOPHONE_REDACT_FIELDS` and `OPTOPHONE_REDACT_PATTERNS` choose it for the whole process; docs/governance.md says how
they are written; `graph.redaction.hidden` says what one run has to hide.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from documents.notation import normalise
from documents.patterns import SHIPPED, Find, find_by
from graph.settings import get_settings
from schemas.errors import UsageError
from schemas.target import REGISTERED

_logger = logging.getLogger("optophone")

Pointer = tuple[str, ...]
"""A JSON pointer's parts; "*" is any item of a list."""

KEY = "key:"
# No place, but inside of "/pairs": what is said of all pairs at once concerns a chosen one.
_SOME_PAIR: Pointer = ("pairs", "")
# Three misread characters in twenty, as in `documents.grounding`.
_ALIKE = 85


@dataclass(frozen=True)
class Redaction:
    """What this process is told to hide."""

    pointers: tuple[Pointer, ...] = ()
    keys: tuple[str, ...] = ()
    """Questions of the schema `form` whose answers are hidden."""
    patterns: tuple[Find, ...] = ()

    @property
    def has_fields(self) -> bool:
        """Whether values are hidden by their place in the answer."""
        return bool(self.pointers or self.keys)

    def pointers_in(self, extraction: Any) -> list[Pointer]:
        """Return the chosen pointers, those of the answers to chosen questions included."""
        if not self.keys:
            return list(self.pointers)
        pairs = extraction.get("pairs") if isinstance(extraction, dict) else None
        found = [
            ("pairs", str(index), "values") if isinstance(pair, dict) else ("pairs", str(index))
            for index, pair in enumerate(pairs if isinstance(pairs, list) else [])
            if pair is not None and self._asks(pair)
        ]
        return [*self.pointers, *found, _SOME_PAIR]

    def _asks(self, pair: Any) -> bool:
        """Tell whether a pair's question is a chosen one; what is no pair may be the answer to any."""
        return not isinstance(pair, dict) or any(_is_alike(key, str(pair.get("key"))) for key in self.keys)


@cache
def get_redaction() -> Redaction | None:
    """Return what the settings choose; None where they choose nothing.

    Raises:
        UsageError: a setting is broken; redaction is never off by mistake.
    """
    settings = get_settings()
    return make_redaction(settings.redact_fields, settings.redact_patterns)


def make_redaction(fields: str, patterns: str) -> Redaction | None:
    """Read the two settings.

    Raises:
        UsageError: an entry is neither a pointer nor a key, no known pattern, or a file that can't be used.
    """
    entries = _entries(fields)
    keys = tuple(entry.removeprefix(KEY).strip() for entry in entries if entry.startswith(KEY))
    pointers = tuple(_parse_pointer(entry) for entry in entries if not entry.startswith(KEY))
    if not all(map(normalise, keys)):
        raise UsageError("OPTOPHONE_REDACT_FIELDS has a 'key:' without a question; write it as key:Social Security No")
    finders = tuple(find for entry in _entries(patterns) for find in _finders(entry))
    for pointer in pointers:
        if not any(pointer[0] in schema.model_fields for schema in REGISTERED.values()):
            _logger.warning(
                "no shipped schema has a field '%s', which OPTOPHONE_REDACT_FIELDS names: it is hidden only in schemas "
                "of your own; check how it is written",
                pointer[0],
            )
    return Redaction(pointers, keys, finders) if entries or finders else None


def _entries(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _parse_pointer(entry: str) -> Pointer:
    if not entry.startswith("/") or entry.endswith("/"):
        raise UsageError(
            f"expected a JSON pointer such as /line_items/*/description, or key:QUESTION, in OPTOPHONE_REDACT_FIELDS, "
            f"got '{entry}'; correct it"
        )
    return _parts(entry)


def _finders(entry: str) -> Iterator[Find]:
    """Give the finder of a name, or those of a file, one name or regular expression a line."""
    if not entry.startswith("@"):
        yield _shipped(entry)
        return
    try:
        lines = Path(entry[1:]).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read '{entry[1:]}' of OPTOPHONE_REDACT_PATTERNS: {error}; correct the path"
        ) from error
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            yield SHIPPED.get(line.strip()) or _own(line.strip(), f"line {number} of '{entry[1:]}'")


def _shipped(name: str) -> Find:
    if name not in SHIPPED:
        raise UsageError(
            f"expected {', '.join(SHIPPED)} or @FILE in OPTOPHONE_REDACT_PATTERNS, got '{name}'; "
            "put regular expressions into a file, one a line"
        )
    return SHIPPED[name]


def _own(regex: str, where: str) -> Find:
    try:
        return find_by(regex)
    except (re.error, ValueError) as error:
        raise UsageError(f"{where} is no usable regular expression: {error}; correct it") from error


def is_chosen(path: str, pointers: Iterable[Pointer]) -> bool:
    """Tell whether a place, a JSON pointer, is a chosen one or inside one."""
    parts = _parts(path)
    return any(len(pointer) <= len(parts) and _agree(pointer, parts) for pointer in pointers)


def concerns(path: str, pointers: Iterable[Pointer]) -> bool:
    """Tell whether a place is a chosen one, inside one, or has one inside: what is said of it may quote the value."""
    parts = _parts(path)
    return any(_agree(pointer, parts) for pointer in pointers)


def _agree(pointer: Pointer, parts: Pointer) -> bool:
    """Compare as far as both go."""
    return all(want == got or (want == "*" and got.isdigit()) for want, got in zip(pointer, parts, strict=False))


def _parts(path: str) -> Pointer:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def _is_alike(one: str, other: str) -> bool:
    return fuzz.ratio(normalise(one), normalise(other)) >= _ALIKE
