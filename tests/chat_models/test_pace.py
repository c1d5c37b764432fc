"""The pace that all requests to one chat model share.

What is timed runs on a loop whose clock jumps, so that a busy machine changes nothing; threads go by the real clock.
"""

import asyncio
import contextlib
import math
import selectors
import threading
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from itertools import pairwise
from typing import Any

import httpx
import openai
import pytest

from chat_models.pace import Pace, PaceLimits


class SimulatedTime(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to when the next callback is due; what is done meanwhile takes a nanosecond."""

    def __init__(self) -> None:
        loop, self._now_s = self, 0.0

        class Jump(selectors.DefaultSelector):
            def select(self, timeout: float | None = None) -> Any:
                loop._now_s += (timeout or 0.0) + 1e-9
                return super().select(None if timeout is None else 0)

        super().__init__(Jump())

    def time(self) -> float:
        """Return the seconds since the loop was made."""
        return self._now_s


def in_simulated_time(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test on such a loop; `now` and the paces of `make_pace` go by its clock."""

    @wraps(test)
    def run() -> None:
        with asyncio.Runner(loop_factory=SimulatedTime) as runner:
            runner.run(test())

    return run


def now() -> float:
    return asyncio.get_running_loop().time()


def make_pace(**limits: float) -> Pace:
    return Pace(PaceLimits(**limits), asyncio.get_running_loop().time)


def overload(**headers: str) -> Exception:
    request = httpx.Request("POST", "http://provider")
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return openai.RateLimitError("slow down", response=httpx.Response(429, request=request, headers=names), body=None)


async def ask(pace: Pace, error: Exception | None = None, seconds: float = 0.0, tokens: int = 100) -> float:
    """Take a turn, fail or answer, and return when it was sent."""
    try:
        async with pace.aturn(tokens) as turn:
            sent = now()
            await asyncio.sleep(seconds)
            if error:
                raise error
            turn.tokens = tokens
    except openai.RateLimitError:
        pass
    return sent


def gaps(times: list[float]) -> list[float]:
    return [after - before for before, after in pairwise(sorted(times))]


@in_simulated_time
async def test_nothing_holds_back_without_limits_and_failures() -> None:
    """A hundred at once are sent at once."""
    pace = make_pace()
    times = await asyncio.gather(*(ask(pace, seconds=0.1) for _ in range(100)))
    assert max(times) == min(times)
    assert (pace.counts().requests, pace.counts().failures, pace.counts().allowed) == (100, 0, math.inf)


@in_simulated_time
async def test_requests_a_minute_are_spaced_evenly() -> None:
    """1,200 a minute: one each 50 ms, also where all want to go at once."""
    pace = make_pace(rpm=1200)
    times = await asyncio.gather(*(ask(pace) for _ in range(10)))
    assert gaps(times) == pytest.approx([0.05] * 9)


@in_simulated_time
async def test_tokens_a_minute_count_what_was_used() -> None:
    """The estimate spaces the first requests; what they took is corrected, and becomes the next estimate."""
    pace = make_pace(tpm=60_000)  # a token each millisecond
    async with pace.aturn(10) as turn:
        turn.tokens = 200
    begin = now()
    assert await ask(pace, tokens=10) - begin == pytest.approx(0.2)
    async with pace.aturn(10) as turn:
        assert turn.tokens > 150


@in_simulated_time
async def test_retry_after_holds_everybody_back() -> None:
    """One is told to wait, and nobody asks before."""
    pace = make_pace()
    await ask(pace, overload(retry_after="0.3"))
    begin = now()
    times = await asyncio.gather(*(ask(pace) for _ in range(5)))
    assert min(times) - begin == pytest.approx(0.3)


@in_simulated_time
async def test_failures_halve_what_is_under_way_once_a_round_and_answers_restore_it() -> None:
    """Sixteen fail together: eight may follow, not 16 / 2^16; after ten rounds of answers it is sixteen again."""
    pace = make_pace()
    await asyncio.gather(*(ask(pace, overload(), seconds=0.05) for _ in range(16)))
    assert (pace.counts().allowed, pace.counts().failures) == (8.0, 16)
    await asyncio.gather(*(ask(pace, overload(), seconds=0.05) for _ in range(8)))
    assert pace.counts().allowed == 4.0
    await asyncio.gather(*(ask(pace, seconds=0.005) for _ in range(160)))
    assert pace.counts().allowed > 15
    assert pace.counts().least_allowed == 4.0


@in_simulated_time
async def test_no_more_than_allowed_are_under_way() -> None:
    """A failure alone leaves one place; the others wait for it in their order."""
    pace = make_pace()
    await ask(pace, overload())
    assert pace.counts().allowed == 1.0
    times = await asyncio.gather(*(ask(pace, overload(), seconds=0.02) for _ in range(5)))
    assert times == sorted(times)
    assert min(gaps(times)) >= 0.02


@in_simulated_time
async def test_error_that_stays_slows_nobody_down() -> None:
    """A document that the provider refuses says nothing of its load."""
    pace = make_pace()
    with pytest.raises(ValueError, match="unfit"):
        async with pace.aturn(1):
            raise ValueError("unfit")
    assert (pace.counts().allowed, pace.counts().failures) == (math.inf, 0)


@in_simulated_time
async def test_waiting_request_that_is_cancelled_leaves_its_place() -> None:
    """Stopping a run holds up no other."""
    pace = make_pace()
    await ask(pace, overload())
    first = asyncio.create_task(ask(pace, seconds=0.1))
    second, third = asyncio.create_task(ask(pace)), asyncio.create_task(ask(pace))
    await asyncio.sleep(0.02)
    second.cancel()
    await asyncio.wait_for(asyncio.gather(first, third), 1)
    assert second.cancelled()


def test_threads_and_event_loops_share_one_pace() -> None:
    """With one place, two threads and two event loops send one after another."""
    pace = Pace(PaceLimits())
    asyncio.run(ask(pace, overload()))
    held: list[tuple[float, float]] = []

    def in_thread() -> None:
        with contextlib.suppress(openai.RateLimitError), pace.turn(1):
            begin = time.monotonic()
            time.sleep(0.05)
            held.append((begin, time.monotonic()))
            raise overload()

    def in_loop() -> None:
        begin = asyncio.run(ask(pace, overload(), seconds=0.05))
        held.append((begin, begin + 0.05))

    threads = [threading.Thread(target=work) for work in (in_thread, in_loop, in_thread, in_loop)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == 4
    assert all(end <= begin for (_, end), (begin, _) in pairwise(sorted(held)))


async def test_limit_of_requests_at_once_holds_and_stays() -> None:
    """No more than that many are under way, however well all goes."""
    pace = Pace(PaceLimits(at_once=2))
    under_way, most = 0, 0

    async def work() -> None:
        nonlocal under_way, most
        async with pace.aturn(1):
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.01)
            under_way -= 1

    await asyncio.gather(*(work() for _ in range(10)))
    assert (most, pace.counts().allowed) == (2, 2)
