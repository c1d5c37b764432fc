"""Runs that wait for a person: begun here, listed, and gone on with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command
from pydantic import TypeAdapter, ValidationError

from graph.app import graph
from graph.audit import record
from graph.checkpoints import open_checkpointer
from graph.context import Context
from graph.review import ReviewAnswer, ReviewRequest, answer_type, corrected_paths
from graph.settings import get_settings
from graph.state import OutputState
from prompts.promotions import login_name
from schemas.errors import UsageError

Owner = Literal["cli", "service"]


@dataclass(frozen=True)
class Waiting:
    """A run that waits."""

    id: str
    """Its thread; of the service's runs also the extraction."""
    owner: Owner
    """Who takes the outcome: the service looks for it itself."""
    name: str
    """The document's, as its owner knows it."""
    stem: str
    """What its result's files are called."""
    since: str
    """ISO 8601, UTC."""
    request: ReviewRequest
    context: Context


class WaitingRuns:
    """The store of waiting runs, with the graph that goes on with them."""

    def __init__(self, checkpointer: BaseCheckpointSaver[Any]) -> None:
        self._checkpointer = checkpointer
        self._graph: CompiledStateGraph[Any, Context, Any, Any] = graph.copy({"checkpointer": checkpointer})

    def extract(self, document: str, context: Context, name: str, stem: str) -> tuple[OutputState, Waiting | None]:
        """Run a document; where it waits, its result so far has no status.

        A run that doesn't wait leaves nothing behind, however it ends.
        """
        id = uuid4().hex
        metadata = {"owner": "cli", "name": name, "stem": stem}
        result = waiting = None
        try:
            result = self._graph.invoke(
                {"document": document}, _config(id, metadata), context=context, durability="exit"
            )
            waiting = self._find(id)
        finally:
            if waiting is None:
                self._checkpointer.delete_thread(id)
        return _output(result), waiting

    def all(self) -> list[Waiting]:
        """Return what waits, the longest first; not the runs of `langgraph dev`, which its clients answer."""
        owners: tuple[Owner, ...] = ("cli", "service")
        found = [item for owner in owners for item in self._checkpointer.list(None, filter={"owner": owner})]
        threads = dict.fromkeys(str(item.config["configurable"]["thread_id"]) for item in found)
        waiting = [item for id in threads if (item := self._find(id))]
        return sorted(waiting, key=lambda item: item.since)

    def find(self, id: str) -> Waiting:
        """Return the run whose id begins so.

        Raises:
            UsageError: there is none, or more than one.
        """
        found = [item for item in self.all() if item.id.startswith(id)]
        if len(found) != 1:
            what = f"{len(found)} waiting runs begin with '{id}'" if found else f"no run '{id}' waits"
            raise UsageError(f"{what}; see optophone review --list")
        return found[0]

    def answer(self, waiting: Waiting, said: dict[str, Any]) -> tuple[OutputState, Waiting | None]:
        """Go on from an answer, the fields of ReviewAnswer; the run has ended, or waits with what is still wrong.

        Raises:
            UsageError: the answer is none to what was asked, and the run waits as before; or somebody else was faster.
        """
        now = self._find(waiting.id)
        if now is None or now.request != waiting.request:
            raise UsageError(f"'{waiting.name}' was answered by somebody else meanwhile; see optophone review --list")
        try:
            answer: ReviewAnswer = TypeAdapter(answer_type(waiting.request["fields"])).validate_python(said)
        except ValidationError as error:
            wrong = error.errors()[0]
            where = ".".join(map(str, wrong["loc"]))
            raise UsageError(
                f"the answer doesn't fit{where and f' at {where}'}: {wrong['msg']}; it waits on"
            ) from error
        document, reviewer = waiting.request["document"], answer.reviewer or login_name()
        is_changed = corrected_paths(waiting.request["fields"], answer)
        record("corrected" if is_changed else "reviewed", document, reviewer, f"waiting run {waiting.id}")
        metadata = {"owner": waiting.owner, "name": waiting.name, "stem": waiting.stem}
        command: Command[Any] = Command(resume=answer.model_dump(mode="json"))
        result = self._graph.invoke(command, _config(waiting.id, metadata), durability="exit")
        return _output(result), self._find(waiting.id)

    def forget(self, waiting: Waiting) -> None:
        """Remove a run that ended, once its result is written; the service removes its own."""
        if waiting.owner == "cli":
            self._checkpointer.delete_thread(waiting.id)

    def _find(self, id: str) -> Waiting | None:
        state = self._graph.get_state(_config(id, {}))
        if not state.interrupts:
            return None
        metadata = cast("dict[str, Any]", state.metadata or {})
        return Waiting(
            id=id,
            owner="service" if metadata.get("owner") == "service" else "cli",
            name=str(metadata.get("name", "")),
            stem=str(metadata.get("stem", "")),
            since=str(state.created_at),
            request=state.interrupts[0].value,
            context=Context(**state.values["context"]),
        )


@contextmanager
def waiting_runs() -> Iterator[WaitingRuns]:
    """Open the store of waiting runs.

    Raises:
        UsageError: it can't be used.
    """
    with open_checkpointer(get_settings()) as checkpointer:
        yield WaitingRuns(checkpointer)


def _config(id: str, metadata: dict[str, Any]) -> RunnableConfig:
    return {"configurable": {"thread_id": id}, "metadata": metadata}


def _output(result: Any) -> OutputState:
    return cast("OutputState", {key: value for key, value in result.items() if key != "__interrupt__"})
