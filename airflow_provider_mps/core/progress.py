"""Say how far long work is, in one line for the task log."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

# Between two lines in the log.
REPORT_SECONDS = 5.0
# The rate is that of this time; the whole would hide that work has come to a halt.
WINDOW_SECONDS = 30.0


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, ``1 picture`` or ``2,000 pictures``.

    :param noun: in the singular; it takes an s
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def and_more(number: int) -> str:
    """Return what follows the first of several: `` and 2 more``, and nothing where it is the only one.

    :param number: how many there are beside it
    """
    return f" and {number:,} more" if number > 0 else ""


def in_words(counts: Mapping[str, int]) -> str:
    """Return how many there are of each kind of which there are any: ``2 published, 1 without picture``.

    :param counts: by kind, whose words are joined by underscores
    """
    return ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in counts.items() if count)


@dataclass(frozen=True)
class Counts:
    """How far the work is.

    :param total: how many there are
    :param submitted: of them, accepted by the service
    :param finished: of them, with a result
    :param failed: of them, without one for good
    """

    total: int
    submitted: int
    finished: int
    failed: int

    @property
    def ended(self) -> int:
        """How many are over, well or badly."""
        return self.finished + self.failed


class Rate:
    """Remembers how much was done in the last while."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def per_second(self, done: int, now: float) -> float:
        """Return how much is done in a second.

        :param done: how much is done in all
        :param now: seconds on any clock that does not go back
        """
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()
        then, before = self._seen[0]
        return (done - before) / (now - then) if now > then else 0.0


class Progress:
    """Says how far a batch is."""

    def __init__(self) -> None:
        self._submitted = Rate()
        self._ended = Rate()

    def line(self, counts: Counts, now: float) -> str:
        """Return the line for the log.

        :param counts: how far the work is
        :param now: seconds on any clock that does not go back
        """
        submitted = self._submitted.per_second(counts.submitted, now)
        ended = self._ended.per_second(counts.ended, now)
        if counts.submitted + counts.failed < counts.total:
            pace = paced(submitted, counts.total - counts.submitted, "submitted")
        else:
            pace = paced(ended, counts.total - counts.ended, "finished")
        return (
            f"Submitted {counts.submitted:,} of {counts.total:,}, finished {counts.finished:,}, "
            f"failed {counts.failed:,}; {pace}"
        )


def paced(rate: float, left: int, what: str) -> str:
    """Say how fast it goes, and how long the rest takes.

    :param rate: how many are done in a second
    :param left: how many are left
    :param what: what is done with them, such as ``finished``
    """
    time_left = f"about {duration(left / rate)} left" if rate > 0 else "time left not known yet"
    return f"{rate:.1f} {what} per second, {time_left}"


def duration(seconds: float) -> str:
    """Return seconds as people say them."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
