"""A submission that a worker has handed over to the triggerer: when it may go out there without a look-up.

A trigger may run several times: where a triggerer has ended, another one takes its triggers over, within a second if
its end was noticed. So nothing goes out until some seconds after the hand-over, and a trigger that has begun sooner
than that is certainly the first that submits. Any other looks the task up before. From the hand-over until a trigger
begins it takes two rounds of loops of a second each, in the supervisor and in the triggerer, and what they have to do.

What is urgent may go out sooner. A mark is left before that, where whoever begins later can see it: without one,
nothing has gone out sooner.

The other way round a triggerer may have lost its triggers without knowing: it stood still, or is cut off from the
database. So it goes on only as long as its supervisor answers, see :class:`Continuity`.
"""

from __future__ import annotations

from typing import Any

# A trigger that begins sooner than this after its hand-over is the first that may submit without a mark.
FIRST_SECONDS = 2.75
# And none submits without a mark sooner than this. The difference is for the clocks of two triggerers.
SEND_AFTER_SECONDS = 3.0
# The same for what is urgent, with a mark.
FIRST_TO_MARK_SECONDS = 1.5
MARK_AFTER_SECONDS = 1.75
# Whoever begins more than this before its hand-over has another clock than the worker, and nothing said here holds.
CLOCKS_APART_SECONDS = 5.0
# For how long a submission may wait for its turn where no execution_timeout ends that.
LONGEST_TURN_SECONDS = 24 * 3600.0


def is_first(handed_over: float, began: float, *, may_be_marked: bool) -> bool:
    """Tell whether a trigger is certainly the first of its hand-over that may submit.

    :param handed_over: seconds since the epoch
    :param began: when the trigger began, seconds since the epoch
    :param may_be_marked: whether another one may have left a mark; if there certainly is none, False
    """
    return began < handed_over + (FIRST_TO_MARK_SECONDS if may_be_marked else FIRST_SECONDS)


def says_marked(mark: Any, handed_over: float) -> bool:
    """Tell whether a mark may be of a hand-over.

    One of an earlier try is not, if it had to be left before this hand-over: one that came later may have overwritten a
    mark of this hand-over. What is no time may be what an XCom backend has made of one.

    :param mark: what was found, None for nothing
    :param handed_over: seconds since the epoch
    """
    if mark is None:
        return False
    is_time = isinstance(mark, int | float) and not isinstance(mark, bool)
    return not (is_time and mark + SEND_AFTER_SECONDS < handed_over)


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
