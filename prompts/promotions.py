"""Move the alias that decides what runs, and keep a record of it in the registry itself.

Each move is one tag of the prompt, `optophone.promotion.<time>`, whose value is JSON: nothing is overwritten, and the
history goes wherever the registry goes.
"""

import getpass
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from prompts.connection import connect
from prompts.names import PromptName
from prompts.publishing import PRODUCTION, find_version, version_at
from prompts.template import packaged_versions
from schemas.errors import PromptError

_TAG = "optophone.promotion."
# With microseconds, so that sorting the tags sorts the moves.
_TIME = "%Y%m%dT%H%M%S.%fZ"
# MLflow's databases hold 5,000 characters a tag, and JSON writes a control character as six.
_MAX_REASON_CHARS = 800


class Move(NamedTuple):
    """One move of the alias `production`."""

    at: str
    """UTC, ISO 8601, to the second."""
    by: str
    kind: Literal["promotion", "rollback"]
    from_version: int | None
    """None where the alias pointed nowhere."""
    to_version: int
    reason: str
    run_id: str | None
    """The evaluation that a promotion rests on; None where it was forced without one, and for a rollback."""


def promote(name: PromptName, tracking_uri: str, *, reason: str = "", run_id: str | None = None) -> Move | None:
    """Let this version run from now on.

    Args:
        name: the version.
        tracking_uri: MLflow's store.
        reason: why, for the history.
        run_id: the evaluation run that speaks for it.

    Returns:
        The move; None where the version runs already.

    Raises:
        PromptError: no such prompt, version or alias, or a reason that doesn't fit into the record.
    """
    row = find_version(name, tracking_uri)
    current = version_at(row.name, PRODUCTION)
    if current == row.version:
        return None
    return _move(row.name, "promotion", current, row.version, reason=reason, run_id=run_id)


def rollback(name: str, tracking_uri: str, *, reason: str = "") -> Move:
    """Let the version run again that ran before the last promotion; a second rollback goes back one further.

    Raises:
        PromptError: no such prompt, or no promotion that isn't taken back already.
    """
    moves = history(name, tracking_uri)
    target = version_before(moves)
    current = version_at(name, PRODUCTION)
    if target is None:
        raise PromptError(f"there is no promotion of '{name}' to take back; promote the version that is to run")
    find_version(PromptName(name, target, None), tracking_uri)  # it may be deleted
    return _move(name, "rollback", current, target, reason=reason, run_id=None)


def history(name: str, tracking_uri: str) -> list[Move]:
    """Return the recorded moves of one prompt's alias, oldest first.

    Raises:
        PromptError: no such prompt.
    """
    connect(tracking_uri)
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    prompt = MlflowClient().get_prompt(name)
    if prompt is None:
        known = ", ".join(sorted(packaged_versions()))
        raise PromptError(f"there is no prompt '{name}'; use one of {known}")
    return _moves(prompt)


def all_moves(tracking_uri: str) -> list[tuple[str, Move]]:
    """Return each prompt's name with each of its recorded moves, in no certain order."""
    connect(tracking_uri)
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    prompts, token = [], None
    while True:
        page = MlflowClient().search_prompts(page_token=token)
        prompts += page
        if not (token := page.token):
            return [(prompt.name, move) for prompt in prompts for move in _moves(prompt)]


def version_before(moves: Sequence[Move]) -> int | None:
    """Return what ran before the last promotion that no rollback has taken back yet; None where there is none."""
    before: list[int | None] = []
    for move in moves:
        if move.kind == "promotion":
            before.append(move.from_version)
        elif before:
            before.pop()
    return before[-1] if before else None


def login_name() -> str:
    """Return the login name; $LOGNAME and $USER come first, so a pipeline can say who it is."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user id has no name
        return "unknown"


def _moves(prompt: Any) -> list[Move]:
    return [Move(**json.loads(value)) for key, value in sorted(prompt.tags.items()) if key.startswith(_TAG)]


def _move(
    name: str,
    kind: Literal["promotion", "rollback"],
    from_version: int | None,
    to_version: int,
    *,
    reason: str,
    run_id: str | None,
) -> Move:
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    if len(reason) > _MAX_REASON_CHARS:
        raise PromptError(
            f"the reason has {len(reason)} characters and {_MAX_REASON_CHARS} fit into its record; shorten it"
        )
    now = datetime.now(UTC)
    move = Move(now.isoformat(timespec="seconds"), login_name(), kind, from_version, to_version, reason, run_id)
    client = MlflowClient()
    # The record first: an alias that moved without one could not be rolled back.
    client.set_prompt_tag(name, _TAG + now.strftime(_TIME), json.dumps(move._asdict(), ensure_ascii=False))
    client.set_prompt_alias(name, PRODUCTION, to_version)
    return move
