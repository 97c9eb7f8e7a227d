"""What the machine does by itself: moments in which even an idle process had to wait.

A virtual machine stands still now and then, and other processes want its cores. An event loop in it is late as well
then, and cannot help it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

Interval = tuple[float, float]
"""Begin and end, seconds on the monotonic clock, which all processes share."""

_TICK_SECONDS = 0.005
_LATE_SECONDS = 0.003


class IdleWatch:
    """Sleeps on each core, and keeps when it was woken late; as a context manager, in a process with nothing to do."""

    def __init__(self) -> None:
        self.late: list[Interval] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._sleep_on, args=(core,)) for core in os.sched_getaffinity(0)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    @property
    def longest(self) -> float:
        """The longest delay, seconds."""
        return max((end - begin for begin, end in self.late), default=0.0)

    def _sleep_on(self, core: int) -> None:
        os.sched_setaffinity(0, {core})
        while not self._ended.is_set():
            due = time.monotonic() + _TICK_SECONDS
            time.sleep(_TICK_SECONDS)
            now = time.monotonic()
            if now - due > _LATE_SECONDS:
                self.late.append((due, now))


def without(interval: Interval, others: Sequence[Interval]) -> float:
    """Return the seconds of an interval that none of the others covers."""
    begin, end = interval
    seconds = 0.0
    for other_begin, other_end in sorted(others):
        if other_begin >= end:
            break
        if other_end > begin:
            seconds += max(0.0, other_begin - begin)
            begin = other_end
    return seconds + max(0.0, end - begin)
