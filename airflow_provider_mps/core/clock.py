"""How far the clock of a service is ahead of that of this machine: each of its answers says what time it is there."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

# A ``Date`` has whole seconds and is rounded down, so on the average it is half of one behind.
_HALF = 0.5


def seconds_ahead(date: str | None, now: float) -> float | None:
    """Return by how many seconds the service's clock is ahead; negative where it is behind.

    Right to a second or so, the way that the answer took included.

    :param date: the header ``Date`` of an answer (RFC 9110, section 6.6.1)
    :param now: when the head of the answer arrived, seconds since the epoch
    :return: None if there is no such header, or one that is no date
    """
    try:
        moment = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return moment.timestamp() + _HALF - now


class ServiceClock:
    """What is known of the clock of a service; safe for use from several threads.

    :ivar ahead: see :func:`seconds_ahead`; None before the first answer
    """

    def __init__(self) -> None:
        self.ahead: float | None = None

    def describe(self) -> str:
        """Say how far this machine's clock is off, for messages."""
        if self.ahead is None:
            return "how far the clock of this machine is off is not known"
        return f"the clock of this machine is {abs(self.ahead):,.0f} s {'behind' if self.ahead > 0 else 'ahead'}"

    def heard(self, date: str | None, now: float) -> None:
        """Take in the header ``Date`` of an answer."""
        ahead = seconds_ahead(date, now)
        if ahead is not None:
            self.ahead = ahead
