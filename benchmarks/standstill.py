"""Measures how long an event loop stood still, and whether that was its own doing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.machine import Interval, without

_TICK_SECONDS = 0.005
_KEPT = 200


class Late(NamedTuple):
    """A moment in which the loop was late.

    :param begin: when it should have gone on, seconds on the monotonic clock
    :param end: when it did
    :param cpu: what the process used of the processors meanwhile, seconds
    """

    begin: float
    end: float
    cpu: float

    @property
    def seconds(self) -> float:
        """How late it was."""
        return self.end - self.begin

    def own(self, idle: Sequence[Interval]) -> float:
        """Return how much of it is the process's own doing: neither did an idle process wait, nor this one for a core.

        :param idle: when an idle process was late
        """
        return min(without((self.begin, self.end), idle), self.cpu)


class Standstill:
    """Sleeps again and again, and keeps the longest delays.

    :param now_and_then: called twice a second; has to be quick
    """

    def __init__(self, now_and_then: Callable[[], None] = lambda: None) -> None:
        self._now_and_then = now_and_then
        self.late: list[Late] = []
        """The longest first."""

    async def run(self) -> None:
        """Measure until cancelled."""
        following = 0.0
        while True:
            due, cpu = time.monotonic() + _TICK_SECONDS, time.process_time()
            await asyncio.sleep(_TICK_SECONDS)
            found = Late(due, time.monotonic(), time.process_time() - cpu)
            if len(self.late) < _KEPT or found.seconds > self.late[-1].seconds:
                self.late = sorted([*self.late, found], key=_seconds, reverse=True)[:_KEPT]
            if found.end >= following:
                following = found.end + 0.5
                self._now_and_then()


def _seconds(late: Late) -> float:
    return late.seconds
