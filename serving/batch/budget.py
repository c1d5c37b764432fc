"""A limit on what a run may spend, kept by not starting what might cross it."""

import asyncio
from math import inf
from operator import add, le, lt
from typing import NamedTuple


class Spent(NamedTuple):
    """Tokens and US dollars."""

    cost_usd: float = 0.0
    tokens: float = 0.0


class Budget:
    """Each document in work holds back as much as the dearest one so far took; until one is done, the first runs alone.

    So a run may cross its limit only by what its last documents take more than any before them. Of one event loop.
    """

    def __init__(self, max_cost_usd: float | None, max_tokens: int | None) -> None:
        self._limits = (
            inf if max_cost_usd is None else max_cost_usd,
            inf if max_tokens is None else max_tokens,
        )
        self.is_limited = max_cost_usd is not None or max_tokens is not None
        self.is_blind = False
        """Whether something was taken that nobody can count."""
        self.spent = Spent()
        self._dearest: Spent | None = None
        self._in_work = 0
        self._changed = asyncio.Condition()

    def note(self, cost_usd: float | None, tokens: int, *, was_asked: bool) -> None:
        """Count what a document took, in this start of the run or an earlier one.

        Args:
            cost_usd: None where nobody knows; no further document is started then if cost is limited.
            tokens: of all its requests.
            was_asked: whether a chat model answered now; what came from elsewhere tells nothing of the next one.
        """
        self.is_blind |= cost_usd is None and (self._limits[0] < inf or not tokens)
        spent = Spent(cost_usd or 0.0, tokens)
        self.spent = Spent(*map(add, self.spent, spent))
        if was_asked:
            self._dearest = Spent(*map(max, self._dearest or spent, spent))

    async def reserve(self) -> bool:
        """Wait until a document may be started; return False where none may any more. `release` gives it back."""
        async with self._changed:
            while not self._has_room():
                if not self._in_work:
                    return False
                await self._changed.wait()
            self._in_work += 1
            return True

    async def release(self) -> None:
        """Give back what a document held back."""
        async with self._changed:
            self._in_work -= 1
            self._changed.notify_all()

    def _has_room(self) -> bool:
        if not self.is_limited:
            return True
        if self.is_blind:
            return False
        if self._dearest is None:
            return not self._in_work and all(map(lt, self.spent, self._limits))
        held = [(self._in_work + 1) * one for one in self._dearest]
        return all(map(le, map(add, self.spent, held), self._limits))
