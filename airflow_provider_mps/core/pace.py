"""Keep requests below a limit per second: even steps, slower after a refusal, and back by itself.

The limits are per action, region and account (under ProcessImage, https://cloud.tencent.com/document/product/862/112896:
20 requests per second), and others may use the same account, so the pace that was asked for can still be too fast.
"""

from __future__ import annotations

from typing import NamedTuple

# Who asks late may catch up this much, and who takes a slot late may do so for a little longer. More would add up with
# what the same second has seen already: after a standstill of the machine all would go out at once.
CATCH_UP_SECONDS = 0.05
LATE_SECONDS = 0.05
# The services count in seconds. Until the one that is full is over, all is refused, and refused requests count too.
PAUSE_SECONDS = 1.0
SLOWER = 0.7
SLOWEST = 0.1
RECOVERY_SECONDS = 60.0


class Slot(NamedTuple):
    """When a request may go out.

    :param at: seconds on the clock of the caller
    :param epoch: of how many refusals the pace knew
    """

    at: float
    epoch: int


class Pace:
    """Hands out slots for requests. Decides only; waiting, clock and locks are the caller's.

    :param rate: requests per second at the most
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._share = 1.0
        self._slowed_at = float("-inf")
        self._next = float("-inf")
        self._epoch = 0

    def rate_at(self, now: float) -> float:
        """Return the requests per second of this moment."""
        recovered = max(0.0, now - self._slowed_at) / RECOVERY_SECONDS
        return self.rate * min(1.0, self._share + recovered)

    def reserve(self, now: float) -> Slot:
        """Return the next free slot; it may lie in the future."""
        at = max(self._next, now - CATCH_UP_SECONDS)
        self._next = at + 1.0 / self.rate_at(max(at, now))
        return Slot(max(at, now), self._epoch)

    def is_valid(self, slot: Slot, now: float) -> bool:
        """Tell whether a slot still counts: after a refusal, and when it is over, there has to be a new one."""
        return slot.epoch == self._epoch and now <= slot.at + LATE_SECONDS

    def refused(self, now: float) -> None:
        """Go slower: a request was refused for its number."""
        if now < self._slowed_at + PAUSE_SECONDS:
            # Sent before the first of them was known.
            return
        self._share = max(SLOWEST, self.rate_at(now) / self.rate * SLOWER)
        self._slowed_at = now
        self._next = now + PAUSE_SECONDS
        self._epoch += 1
