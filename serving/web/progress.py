"""What happens in one extraction, as it happens; who comes late hears it from the start."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any


class Progress:
    """The events of one extraction; for one event loop."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._has_ended = False
        self._changed = asyncio.Event()

    def go_on_from(self, events: Iterable[dict[str, Any]]) -> None:
        """Put what happened in an earlier run before all that happens in this one."""
        self.events[:0] = events

    def add(self, event: dict[str, Any]) -> None:
        """Tell everybody who follows."""
        self.events.append(event)
        self._wake()

    def end(self) -> None:
        """Let everybody who follows go on."""
        self._has_ended = True
        self._wake()

    async def follow(self) -> AsyncIterator[dict[str, Any]]:
        """Yield each event from the first, and return at the end."""
        position = 0
        while True:
            while position < len(self.events):
                position += 1
                yield self.events[position - 1]
            if self._has_ended:
                return
            await self._changed.wait()

    async def wait(self) -> None:
        """Return at the end."""
        while not self._has_ended:
            await self._changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
