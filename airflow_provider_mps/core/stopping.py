"""Look after a transfer between its pieces: it ends with its task, and when it hardly gets on."""

from __future__ import annotations

from typing import Protocol

# The least rate, over how many seconds it is taken.
LEAST_BYTES_PER_SECOND = 1024
LEAST_RATE_SECONDS = 60.0


class Stop(Protocol):
    """What says that a task is at its end; a ``threading.Event``."""

    def is_set(self) -> bool:
        """Tell whether it is."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is, no longer than ``timeout`` seconds."""


class TooSlowError(Exception):
    """What is fetched arrives so slowly that it counts as broken off."""


class LeastRate:
    """Tells by the pieces of one transfer whether it is too slow.

    :param now: seconds of a monotonic clock
    """

    def __init__(self, now: float) -> None:
        self._since = now
        self._count = 0

    def add(self, count: int, now: float) -> None:
        """Count the bytes of a piece.

        :raises TooSlowError: too few have come
        """
        self._count += count
        seconds = now - self._since
        if seconds < LEAST_RATE_SECONDS:
            return
        if self._count < LEAST_BYTES_PER_SECOND * seconds:
            raise TooSlowError(f"{self._count:,} bytes in {seconds:.0f} s")
        self._since, self._count = now, 0
