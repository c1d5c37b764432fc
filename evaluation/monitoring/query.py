"""What to look for among traced runs, and how MLflow's search is asked for it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from graph.tracing.tags import CHAT_MODEL_TAG, DOCUMENT_TAG, NAME_TAG, REVIEWER_TAG, SCHEMA_TAG, STATUS_TAG
from prompts.names import PromptName
from schemas.errors import UsageError

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_DURATION = re.compile(r"(\d{1,4})([hdw])")
_REFERENCE = re.compile(r"sha256:[0-9a-f]{4,64}")


@dataclass(frozen=True)
class RunQuery:
    """What runs must have; None is anything."""

    document: str | None = None
    """`sha256:` and the first digits of its reference, or the file's name."""
    schema: str | None = None
    status: str | None = None
    prompt: PromptName | None = None
    chat_model: str | None = None
    reviewer: str | None = None
    """Who judged it; not MLflow's to search for, so runs are looked through one by one."""
    since: datetime | None = None
    was_asked: bool = False
    """Only runs that ended after a person was asked."""


def to_filter(query: RunQuery) -> str:
    """Write the query in MLflow's language.

    Raises:
        UsageError: a text can't be written in it.
    """
    tags = {SCHEMA_TAG: query.schema, STATUS_TAG: query.status, CHAT_MODEL_TAG: query.chat_model}
    parts = [f"tags.`{tag}` = {_quoted(text)}" for tag, text in tags.items() if text is not None]
    if query.document is not None:
        parts.append(_document(query.document))
    if query.prompt is not None:
        parts.append(f"prompt = {_quoted(f'{query.prompt.name}/{query.prompt.version}')}")
    if query.was_asked:
        parts.append(f"tags.`{REVIEWER_TAG}` LIKE '%'")
    if query.since is not None:
        parts.append(f"timestamp_ms >= {int(query.since.timestamp() * 1000)}")
    return " AND ".join(parts)


def parse_since(text: str) -> datetime:
    """Read `7d` (that long ago), `2026-11-21` or `2026-11-21T08:00` (this machine's time zone where none is given).

    Raises:
        UsageError: it is none of these.
    """
    if duration := parse_duration(text):
        return datetime.now(UTC) - duration
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"expected a time as 7d, 12h, 2w or 2026-11-21, got '{text}'; correct --since") from error


def parse_duration(text: str) -> timedelta | None:
    """Read hours, days or weeks (`12h`, `7d`, `2w`); None for anything else."""
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else None


def _document(text: str) -> str:
    if not text.startswith("sha256:"):
        return f"tags.`{NAME_TAG}` = {_quoted(text)}"
    if not _REFERENCE.fullmatch(text):
        raise UsageError(f"expected sha256: and at least four hex digits, got '{text}'; copy them from the list")
    return f"tags.`{DOCUMENT_TAG}` LIKE '{text}%'"


def _quoted(text: str) -> str:
    """MLflow's language has two quotation marks and no way to write one inside the other of its kind."""
    mark = next((mark for mark in "'\"" if mark not in text), None)
    if mark is None or "\\" in text:
        raise UsageError(f"expected a text without both quotation marks and without backslashes, got {text!r}")
    return f"{mark}{text}{mark}"
