"""A cache with a bound in bytes and in time; for use from several threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_V = TypeVar("_V")


class BoundedCache(Generic[_V]):
    """Keeps what was used last.

    :param most: how much is kept, in the unit of ``size_of``
    :param seconds: for how long a value is kept
    :param size_of: how much a value takes
    :param clock: gives seconds that never go back
    """

    def __init__(self, most: int, seconds: float, size_of: Callable[[_V], int], clock: Callable[[], float]) -> None:
        self._most, self._seconds, self._size_of, self._clock = most, seconds, size_of, clock
        self._kept: OrderedDict[Hashable, tuple[float, _V]] = OrderedDict()
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How much is kept now, at most ``most``."""
        return self._taken

    def get(self, key: Hashable, not_before: float = float("-inf")) -> _V | None:
        """Return what is kept; None for nothing, and for what is too old.

        :param not_before: how old it may be at the most, a time of ``clock``
        """
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            if found[0] < not_before or found[0] + self._seconds <= self._clock():
                self._drop(key)
                return None
            self._kept.move_to_end(key)
            return found[1]

    def put(self, key: Hashable, value: _V) -> None:
        """Keep a value, and let go of others for it; one that is larger than all of the room is not kept."""
        size = self._size_of(value)
        with self._lock:
            if key in self._kept:
                self._drop(key)
            if size > self._most:
                return
            while self._taken + size > self._most:
                self._drop(next(iter(self._kept)))
            self._kept[key] = (self._clock(), value)
            self._taken += size

    def _drop(self, key: Hashable) -> None:
        self._taken -= self._size_of(self._kept.pop(key)[1])
