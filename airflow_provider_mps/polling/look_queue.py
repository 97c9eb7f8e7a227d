"""The looks to come."""

from __future__ import annotations

import heapq
import itertools

from airflow_provider_mps.polling.waiter import NEVER, Waiter

# So many entries may be out of date before they are cleared away.
_SLACK = 16


class LookQueue:
    """The looks to come, soonest first, and among those of the same moment in the order in which they were put.

    Each waiter has one at the most, at ``Waiter.due``. An entry of another moment is out of date, and stays until its
    turn comes or :meth:`tidy` is called.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Waiter]] = []
        self._order = itertools.count()

    def put(self, waiter: Waiter, moment: float) -> None:
        """Set when to look at a task, in place of what was set before."""
        waiter.due = moment
        heapq.heappush(self._entries, (moment, next(self._order), waiter))

    def drop(self, waiter: Waiter) -> None:
        """Take back the look at a task, if there is one to come."""
        waiter.due = NEVER

    def next_due(self) -> float:
        """Return when the next look is due; ``NEVER`` if there is none to come."""
        while self._entries and self._is_old(self._entries[0]):
            heapq.heappop(self._entries)
        return self._entries[0][0] if self._entries else NEVER

    def take(self, now: float) -> Waiter | None:
        """Return the waiter whose look is due, and take it out; None if none is due."""
        if self.next_due() > now:
            return None
        waiter = heapq.heappop(self._entries)[2]
        waiter.due = NEVER
        return waiter

    def tidy(self, count: int) -> None:
        """Clear away what is out of date, if there is more of it than there are waiters.

        :param count: how many wait
        """
        if len(self._entries) > 2 * count + _SLACK:
            self._entries = [entry for entry in self._entries if not self._is_old(entry)]
            heapq.heapify(self._entries)

    @staticmethod
    def _is_old(entry: tuple[float, int, Waiter]) -> bool:
        return entry[0] != entry[2].due
