"""Who did what, when, and on what evidence: written by every process into the MLflow store that all of them share.

Each event is one finished run in an experiment of its own, which nothing here changes or deletes. Promotions of prompts
are no such events: the registry keeps their history, and it is read from there.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import merge
from typing import Any, Literal, NamedTuple, get_args

from graph.settings import get_settings
from graph.tracing.experiment import experiment_name, find_experiment
from prompts.connection import connect
from prompts.promotions import Move, all_moves

Action = Literal["promoted", "rolled-back", "reviewed", "corrected", "registered", "deleted"]
ACTIONS: tuple[Action, ...] = get_args(Action)

# Somebody waits for what is recorded to be done.
_DEADLINE_S = 30.0
_TAG = "optophone.audit."
# Events of people are few; MLflow gives at most 50,000 at once.
_AT_ONCE = 1000


class Event(NamedTuple):
    """One thing that somebody did."""

    at: str
    """UTC, ISO 8601, to the second."""
    action: Action
    actor: str
    """The token's name in the service ("retention" for its own sweep), the login name on the command line."""
    object: str
    """What it was done to: a prompt or model version, sha256:<hex> of a document, a trace's id."""
    evidence: str
    """What it rests on, and why; "" for nothing."""


def record(action: Action, object: str, actor: str, evidence: str = "") -> None:
    """Write one event down.

    Call it when the deed is certain and before it is reported as done: a deed that can't be written down fails.

    Args:
        action: what was done.
        object: to what, by a reference and never by content.
        actor: who did it; `prompts.promotions.login_name` on the command line.
        evidence: what it rests on, in at most 5,000 characters: a run's or trace's id, a reason.

    Raises:
        UnreachableError: MLflow does not answer.
    """
    described = {"action": action, "object": object, "actor": actor, "evidence": evidence}
    connect(get_settings().tracking_uri).run(lambda: _write(described), _DEADLINE_S)


def read(
    *, action: Action | None = None, actor: str | None = None, object: str = "", since: datetime | None = None
) -> Iterator[Event]:
    """Yield the events, newest first.

    Args:
        action: only this one.
        actor: only by this one.
        object: only those whose object has this in it.
        since: only from this time on, with its time zone.

    Raises:
        UnreachableError: MLflow does not answer.
    """
    promotions = connect(get_settings().tracking_uri).run(_promotions, _DEADLINE_S)
    earliest = since.astimezone(UTC).isoformat(timespec="seconds") if since else ""
    for event in merge(_recorded(), promotions, key=lambda event: event.at, reverse=True):
        if event.at < earliest:
            return
        if action in (None, event.action) and actor in (None, event.actor) and object in event.object:
            yield event


def _audit_experiment() -> str:
    return find_experiment(f"{experiment_name()}-audit", get_settings())


def _write(described: dict[str, str]) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds

    client = MlflowClient()
    tags = {_TAG + name: text for name, text in described.items()}
    run = client.create_run(_audit_experiment(), tags=tags, run_name=described["action"])
    client.set_terminated(run.info.run_id)


def _recorded() -> Iterator[Event]:
    """Yield what was written down, newest first, a page at a time; what was deleted in MLflow's pages too."""
    from mlflow import MlflowClient  # noqa: PLC0415 - takes seconds
    from mlflow.entities import ViewType  # noqa: PLC0415

    client, connection, token = MlflowClient(), connect(get_settings().tracking_uri), None

    def search() -> Any:
        newest_first = ["attributes.start_time DESC"]
        return client.search_runs(
            [_audit_experiment()], "", ViewType.ALL, max_results=_AT_ONCE, order_by=newest_first, page_token=token
        )

    while True:
        page = connection.run(search, _DEADLINE_S)
        yield from (_to_event(run) for run in page if _TAG + "action" in run.data.tags)
        if not (token := page.token):
            return


def _to_event(run: Any) -> Event:
    at = datetime.fromtimestamp(run.info.start_time / 1000, UTC).isoformat(timespec="seconds")
    return Event(at, *(run.data.tags.get(_TAG + name, "") for name in Event._fields[1:]))


def _promotions() -> list[Event]:
    """Return the registry's own record of what was promoted and rolled back, newest first."""
    events = [_from_move(name, move) for name, move in all_moves(get_settings().tracking_uri)]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _from_move(name: str, move: Move) -> Event:
    action: Action = "promoted" if move.kind == "promotion" else "rolled-back"
    rests_on = f"run {move.run_id}" if move.run_id else "forced" if move.kind == "promotion" else ""
    evidence = ": ".join(part for part in (rests_on, move.reason) if part)
    return Event(move.at, action, move.by, f"prompts:/{name}/{move.to_version}", evidence)
