"""Keys that are renewed while a hook is at work: temporary credentials live for half an hour, a batch for longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# Many calls are refused together, and the connection is read once for all of them.
PAUSE_SECONDS = 1.0
# For so long after the service took the keys, a refusal of them is no verdict: the connection may follow in a moment.
GRACE_SECONDS = 120.0


class KeyRenewal:
    """Whether other keys have come; used by many threads and event loops at once.

    :param read_again: reads the connection anew, puts its keys in use, and says whether they are others than before
    :param clock: gives seconds that never go back
    """

    def __init__(self, read_again: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._read_again = read_again
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._accepted_at = float("-inf")
        self._has_just_renewed = False
        self.generation = 0
        """How often the keys have been renewed; to be noted before a call."""

    def accepted(self) -> None:
        """Note that the service has taken the keys just now."""
        self._accepted_at = self._clock()

    def is_due(self, generation: int) -> bool:
        """Tell whether there are other keys than those that a call was refused with.

        :param generation: what :attr:`generation` was before the call
        """
        with self._lock:
            if generation != self.generation:
                return True
            if self._clock() < self._read_at + PAUSE_SECONDS:
                # A call that was under way when others were renewed may still have gone out with the old ones.
                return self._has_just_renewed
            self._read_at = self._clock()
            self._has_just_renewed = self._read_again()
            if not self._has_just_renewed:
                return False
            self.generation += 1
            return True

    @property
    def may_come(self) -> bool:
        """Whether the keys were taken a moment ago, so that their successors may be on their way."""
        return self._clock() < self._accepted_at + GRACE_SECONDS
