"""Who may submit next, of many that wait in one event loop."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class Turns:
    """Gives turns to those with the highest priority, and among them to those who wait longest.

    :param at_once: how many have a turn at the same time
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._numbers = count()
        self._waiting: list[tuple[float, float, int, asyncio.Future[None]]] = []

    async def take(self, priority: float, since: float) -> Turn:
        """Wait for a turn.

        :param priority: the higher, the sooner
        :param since: since when it is waited for; among equals, who waits longest is next
        """
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-priority, since, next(self._numbers), granted))
        self._grant()
        try:
            await granted
        except BaseException:
            if granted.done() and not granted.cancelled():
                self._give_back()
            raise
        return Turn(self)

    def _give_back(self) -> None:
        self._free += 1
        self._grant()

    def _grant(self) -> None:
        while self._free and self._waiting:
            granted = heapq.heappop(self._waiting)[3]
            if not granted.done():
                self._free -= 1
                granted.set_result(None)


class Turn:
    """The turn of one who waited."""

    def __init__(self, turns: Turns) -> None:
        self._turns: Turns | None = turns

    def end(self) -> None:
        """Let the next one have its turn; more than once does no harm."""
        turns, self._turns = self._turns, None
        if turns is not None:
            turns._give_back()
