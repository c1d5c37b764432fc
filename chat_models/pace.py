"""When the next request may be sent: one pace for all requests of this process to one chat model.

Three things hold a request back; without limits and without failures there is none, and a turn costs microseconds.

- Limits a minute: requests are spaced evenly (the generic cell rate algorithm of ATM networks, with no burst), each by
  its share of the minute. What it took is known afterwards, and the schedule corrected.
- What the provider asks for (Retry-After): nobody asks before that.
- How many may be under way: half of what was where a request fails for a reason that passes, then a bit more with each
  answer (additive increase, multiplicative decrease, as TCP's: Chiu and Jain 1989).

Rate limiters on PyPI (aiolimiter, pyrate-limiter, LangChain's) do the first alone, for one way of calling, and take
back no estimate. Here threads and event loops stand in one queue, in the order of their coming.
"""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

from chat_models.failures import is_transient
from chat_models.retry_after import retry_after_s

# A minute's limits begin anew within a minute; who asks for more is asked again after it.
_LONGEST_PAUSE_S = 60.0
# After the last failure it takes so many rounds of answers until all may be under way again.
_ROUNDS_TO_RECOVER = 10
# An answer counts a tenth: documents of one folder are alike, and a long one is no new rule.
_WEIGHT = 0.1


@dataclass(frozen=True)
class PaceLimits:
    """What a provider allows, and how patient its callers are."""

    rpm: float = math.inf
    """Requests a minute."""
    tpm: float = math.inf
    """Tokens a minute, of prompts and answers together."""
    at_once: float = math.inf
    """Requests under way at the same time."""
    patience_s: float = 0.0
    """How long one request is repeated while it fails for reasons that pass; some tries are made in any case."""


@dataclass
class Turn:
    """One request's place in the queue."""

    tokens: int
    """What it takes: an estimate at first, to be set to what was used."""
    starts_at: float
    """Its time in the schedule, on the clock of its pace."""
    estimate: int
    sent_at: float = math.inf
    waited_s: float = 0.0


@dataclass
class Counts:
    """What happened at this pace so far."""

    requests: int = 0
    failures: int = 0
    """Those that failed for a reason that passes."""
    waited_s: float = 0.0
    """Seconds that all requests waited for their turns."""
    allowed: float = math.inf
    """How many may be under way at once just now."""
    least_allowed: float = math.inf
    """How many those were when it was slowest."""


class Pace:
    """Gives turns; safe under threads and in several event loops."""

    def __init__(self, limits: PaceLimits, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing under way; `clock` gives seconds, those in which the caller's thread or loop sleeps."""
        self.patience_s = limits.patience_s
        self._clock = clock
        self._limits = limits
        self._lock = threading.Lock()
        self._queue: deque[Future[None]] = deque()
        self._under_way = 0
        self._step = 1.0
        self._slowed_at = -math.inf
        self._next_at = 0.0
        self._paused_until = 0.0
        self._mean_tokens: float | None = None
        self._counts = Counts(allowed=limits.at_once, least_allowed=limits.at_once)

    def counts(self) -> Counts:
        """Return what happened so far."""
        with self._lock:
            return replace(self._counts)

    @contextmanager
    def turn(self, tokens: int) -> Iterator[Turn]:
        """Hold the thread until a request that takes about so many tokens may be sent; the block sends it.

        The block sets the turn's tokens to what the request took. An exception that passes slows down all requests.
        """
        began = self._clock()
        if place := self._queue_up():
            self._wait_in(place)
        with self._taken(tokens) as turn:
            while (delay := self._delay(turn)) > 0:
                time.sleep(delay)
            yield self._sent(turn, began)

    @asynccontextmanager
    async def aturn(self, tokens: int) -> AsyncIterator[Turn]:
        """Do the same without holding the thread."""
        began = self._clock()
        if place := self._queue_up():
            await self._await_in(place)
        with self._taken(tokens) as turn:
            while (delay := self._delay(turn)) > 0:
                await asyncio.sleep(delay)
            yield self._sent(turn, began)

    def _queue_up(self) -> Future[None] | None:
        """Take a place among those under way; where all are taken, return what tells that one is free."""
        with self._lock:
            if not self._queue and self._under_way < self._counts.allowed:
                self._under_way += 1
                return None
            place: Future[None] = Future()
            self._queue.append(place)
            return place

    def _wait_in(self, place: Future[None]) -> None:
        try:
            place.result()
        except BaseException:
            self._leave(place)
            raise

    async def _await_in(self, place: Future[None]) -> None:
        try:
            await asyncio.wrap_future(place)
        except BaseException:
            self._leave(place)
            raise

    def _leave(self, place: Future[None]) -> None:
        """Give up waiting, and the place among those under way where it was called up in the same moment."""
        if not place.cancel():
            self._free_place()

    @contextmanager
    def _taken(self, tokens: int) -> Iterator[Turn]:
        """Reserve a place in the schedule, and tell how it ended to all who come later."""
        turn = self._reserve(tokens)
        try:
            yield turn
        except Exception as error:
            if is_transient(error):
                self._slow_down(turn, error)
            raise
        else:
            self._speed_up(turn)
        finally:
            self._free_place()

    def _reserve(self, tokens: int) -> Turn:
        with self._lock:
            estimate = tokens if self._mean_tokens is None else round(self._mean_tokens)
            starts_at = max(self._clock(), self._next_at)
            self._next_at = starts_at + self._share_s(estimate)
            return Turn(estimate, starts_at, estimate)

    def _share_s(self, tokens: int) -> float:
        """Return how much of a minute's limits a request takes, in seconds."""
        return max(60 / self._limits.rpm, 60 * tokens / self._limits.tpm)

    def _delay(self, turn: Turn) -> float:
        return max(turn.starts_at, self._paused_until) - self._clock()

    def _sent(self, turn: Turn, began: float) -> Turn:
        now = self._clock()
        turn.sent_at, turn.waited_s = now, now - began
        with self._lock:
            self._counts.requests += 1
            self._counts.waited_s += turn.waited_s
        return turn

    def _speed_up(self, turn: Turn) -> None:
        with self._lock:
            self._next_at += self._share_s(turn.tokens) - self._share_s(turn.estimate)
            known = turn.tokens if self._mean_tokens is None else self._mean_tokens
            self._mean_tokens = known + _WEIGHT * (turn.tokens - known)
            if self._under_way >= self._counts.allowed:  # else nobody was held back, and nothing is known of more
                more = self._counts.allowed + self._step / self._counts.allowed
                self._counts.allowed = min(more, self._limits.at_once)

    def _slow_down(self, turn: Turn, error: Exception) -> None:
        pause_s, now, counts = retry_after_s(error) or 0.0, self._clock(), self._counts
        with self._lock:
            counts.failures += 1
            self._paused_until = max(self._paused_until, now + min(pause_s, _LONGEST_PAUSE_S))
            if turn.sent_at <= self._slowed_at:  # one of the same round has told it already
                return
            self._slowed_at = now
            self._step = max(self._step, self._under_way / _ROUNDS_TO_RECOVER)
            counts.allowed = max(1.0, min(counts.allowed, self._under_way) / 2)
            counts.least_allowed = min(counts.least_allowed, counts.allowed)

    def _free_place(self) -> None:
        with self._lock:
            self._under_way -= 1
            while self._queue and self._under_way < self._counts.allowed:
                place = self._queue.popleft()
                if place.set_running_or_notify_cancel():
                    self._under_way += 1
                    place.set_result(None)


_lock = threading.Lock()
_limits = [PaceLimits()]
_paces: dict[str, Pace] = {}


def set_limits(limits: PaceLimits) -> None:
    """Give every chat model of this process these limits, each for itself, and let all begin anew."""
    with _lock:
        _limits[0] = limits
        _paces.clear()


def pace_of(chat_model: str) -> Pace:
    """Return the pace that all requests to this chat model share."""
    with _lock:
        if chat_model not in _paces:
            _paces[chat_model] = Pace(_limits[0])
        return _paces[chat_model]
