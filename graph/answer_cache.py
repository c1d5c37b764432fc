"""Answers of chat models, kept from run to run: LangGraph's node cache on SQLite, for the node `extract`.

It answers only inside `answers_kept`, which says what LangGraph's key can't know: the node's input doesn't hold the
schema, the prompt versions and the image settings, which stand in the run's context.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from weakref import WeakValueDictionary

from langgraph.cache.base import FullKey
from langgraph.cache.sqlite import SqliteCache
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from xxhash import xxh3_128_hexdigest

from graph.state import ExtractInput

_logger = logging.getLogger("optophone")

Writes = Sequence[tuple[str, Any]]


@dataclass
class Kept:
    """What one run may take from the cache, and what it took."""

    request_key: str
    """Names everything that a request is made of beside the node's input."""
    is_fresh: bool = False
    """Ask again whatever is known; new answers replace old ones."""
    requests: int = 0
    """Requests answered from the cache so far: they took no tokens now and cost nothing."""
    total_tokens: int = 0
    """What they took when they were asked."""
    cost_usd: float = 0.0
    _asked: dict[str, ExtractInput] = field(default_factory=dict)


_kept: ContextVar[Kept | None] = ContextVar("kept", default=None)
# Of requests side by side a synchronous run hands over the answers outside the context that they were asked in.
_askers: WeakValueDictionary[str, Kept] = WeakValueDictionary()


@contextmanager
def answers_kept(kept: Kept) -> Iterator[None]:
    """Let what runs inside use the cache that its graph was made with."""
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)


def request_key(state: ExtractInput) -> str:
    """Name a request exactly: pages by their content, what was asked before, and what the run's context brings."""
    kept = _kept.get()
    if kept is None:
        return ""
    key = json.dumps([kept.request_key, state], sort_keys=True)
    digest = xxh3_128_hexdigest(key.encode())  # what LangGraph makes of it
    kept._asked[digest] = state
    _askers[digest] = kept
    return key


class AnswerCache(SqliteCache[Writes]):
    """Keeps answers in one file, each under the first page that it is about, so that they can be forgotten.

    A cache that fails costs one warning and what it would have saved.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # answers hold personal data
        # Plain data and LangGraph's own types only: who can write the file can't have code run here.
        super().__init__(path=str(path), serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self._conn.execute("PRAGMA secure_delete=ON")  # what was deleted is overwritten
        # After a power cut the last answers may be missing, and are asked again.
        self._conn.execute("PRAGMA synchronous=NORMAL")
        self._has_failed = False

    def get(self, keys: Sequence[FullKey]) -> dict[FullKey, Writes]:
        """Return the answers that are known, and note them in the run's account."""
        kept = _kept.get()
        if kept is None or kept.is_fresh:
            return {}
        places = {_place(key, kept): key for key in keys}
        try:
            found = super().get(tuple(places))
        except sqlite3.Error as error:
            self._warn(error)
            return {}
        for place, writes in found.items():
            _note(kept, kept._asked[places[place][1]], _outcome(writes))
        return {places[place]: writes for place, writes in found.items()}

    def set(self, mapping: Mapping[FullKey, tuple[Writes, int | None]]) -> None:
        """Keep answers; not that none came."""
        answered = {
            _place(key, kept): entry
            for key, entry in mapping.items()
            if (kept := _askers.get(key[1])) and _is_answer(entry[0])
        }
        try:
            super().set(answered)
        except sqlite3.Error as error:
            self._warn(error)

    def forget(self, images: Iterable[str]) -> None:
        """Remove every answer about these page images, from the log before the database too."""
        self.clear([(image,) for image in images])
        with self._lock:
            self._conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _warn(self, error: sqlite3.Error) -> None:
        if not self._has_failed:
            self._has_failed = True
            _logger.warning("answers are not kept for later runs: %s", error)


def _place(key: FullKey, kept: Kept) -> FullKey:
    pages = kept._asked[key[1]]["pages"]
    return ((pages[0]["image"] if pages else "",), key[1])


def _is_answer(writes: Writes) -> bool:
    answer = _outcome(writes).get("answer")
    return answer is not None and answer["failure"] is None


def _outcome(writes: Writes) -> dict[str, Any]:
    """Return what the node wrote; about a window of a long document it is a reply."""
    update = dict(writes)
    return cast("dict[str, Any]", update["replies"][0]) if "replies" in update else update


def _note(kept: Kept, state: ExtractInput, update: dict[str, Any]) -> None:
    before, after = state["usage"], update["usage"]
    kept.requests += update["attempts"] - state["attempts"]
    kept.total_tokens += after["total_tokens"] - before["total_tokens"]
    kept.cost_usd += (after["cost_usd"] or 0.0) - (before["cost_usd"] or 0.0)
