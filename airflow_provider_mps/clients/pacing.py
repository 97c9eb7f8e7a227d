"""One pace for each action of an account, shared by all that this process sends, from threads and from event loops."""

from __future__ import annotations

import asyncio
import threading
import time

from airflow_provider_mps.core.pace import Pace, Slot

_lock = threading.Lock()
_pacers: dict[tuple[str, ...], Pacer] = {}


class Pacer:
    """Waits for the slots of a :class:`~airflow_provider_mps.core.pace.Pace`."""

    def __init__(self, rate: float) -> None:
        self._pace = Pace(rate)
        self._lock = threading.Lock()

    @property
    def rate(self) -> float:
        """Requests per second, as of now."""
        with self._lock:
            return self._pace.rate_at(time.monotonic())

    def limit_to(self, rate: float) -> None:
        """Set the requests per second at the most."""
        with self._lock:
            self._pace.rate = rate

    def wait(self) -> Slot:
        """Block until a request may go out; return its slot."""
        while True:
            slot = self._reserve()
            if (seconds := slot.at - time.monotonic()) <= 0:
                return slot
            time.sleep(seconds)
            if self.is_valid(slot):
                return slot

    async def await_turn(self) -> Slot:
        """Wait until a request may go out; return its slot."""
        while True:
            slot = self._reserve()
            if (seconds := slot.at - time.monotonic()) <= 0:
                return slot
            await asyncio.sleep(seconds)
            if self.is_valid(slot):
                return slot

    def is_valid(self, slot: Slot) -> bool:
        """Tell whether a slot still counts, for who had something else to do meanwhile."""
        with self._lock:
            return self._pace.is_valid(slot, time.monotonic())

    def refused(self) -> None:
        """Go slower: a request was refused for its number."""
        with self._lock:
            self._pace.refused(time.monotonic())

    def _reserve(self) -> Slot:
        with self._lock:
            return self._pace.reserve(time.monotonic())


def pacer_of(rate: float, *whose: str) -> Pacer:
    """Return the pacer that everyone here shares.

    :param rate: requests per second at the most; the last one who asks decides, as a connection may be edited
    :param whose: what the service counts by: host, region, account, action
    """
    with _lock:
        pacer = _pacers.get(whose)
        if pacer is None:
            pacer = _pacers[whose] = Pacer(rate)
    pacer.limit_to(rate)
    return pacer
