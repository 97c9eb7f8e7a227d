"""A submission that a worker has handed over to the triggerer: when it may go out there without a look-up.

A trigger may run several times: where a triggerer has ended, another one takes its triggers over, within a second if
its end was noticed. So nothing goes out until some seconds after the hand-over, and a trigger that has begun sooner
than that is certainly the first that submits. Any other looks the task up before.

The other way round a triggerer may have lost its triggers without knowing: it stood still, or is cut off from the
database. So it goes on only as long as its supervisor answers, see :class:`Continuity`.
"""

from __future__ import annotations

# A trigger that begins sooner than this after its hand-over is the first that may submit.
FIRST_SECONDS = 1.5
# And none submits sooner than this. The difference is for the clocks of two triggerers.
SEND_AFTER_SECONDS = 1.75
# Whoever begins more than this before its hand-over has another clock than the worker, and nothing said here holds.
CLOCKS_APART_SECONDS = 5.0
# For how long a submission may wait for its turn where no execution_timeout ends that.
LONGEST_TURN_SECONDS = 24 * 3600.0


def is_first(handed_over: float, began: float) -> bool:
    """Tell whether a trigger is certainly the first of its hand-over that may submit.

    :param handed_over: seconds since the epoch
    :param began: when the trigger began, seconds since the epoch
    """
    return began < handed_over + FIRST_SECONDS


def clocks_agree(handed_over: float, began: float) -> bool:
    """Tell whether the clock of the worker may be that of the triggerer; one that is behind only looks like a delay.

    :param handed_over: seconds since the epoch
    :param began: when the trigger began, seconds since the epoch
    """
    return handed_over <= began + CLOCKS_APART_SECONDS


class Continuity:
    """For how long a process has certainly had what it was given: proofs, one soon enough after the other.

    All times are seconds on a clock that nobody sets.

    :param seconds: for how long a proof is good
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._since = float("-inf")
        self._last = float("-inf")

    @property
    def last(self) -> float:
        """When the last proof was given."""
        return self._last

    def prove(self, at: float) -> None:
        """Take in that the process had at ``at`` what it was given."""
        if at > self._last + self.seconds:
            self._since = at
        self._last = max(self._last, at)

    def covers(self, since: float, now: float) -> bool:
        """Tell whether all is proven from a proof on until now.

        :param since: when that proof was given
        """
        return self._since <= since <= self._last and now <= self._last + self.seconds
