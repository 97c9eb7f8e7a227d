"""Notice that the clock of the machine was set."""

from __future__ import annotations

# What time servers correct is less; clocks are set by more.
CLOCK_STEP_SECONDS = 1.0


class ClockSteps:
    """Compares the clock of the machine with one that nobody sets.

    :param now: seconds since the epoch
    :param steady: seconds of the other one
    """

    def __init__(self, now: float, steady: float) -> None:
        self._offset = now - steady

    def step(self, now: float, steady: float) -> float:
        """Return the seconds by which the clock was set since this was last asked; 0 if it was not.

        :param now: seconds since the epoch
        :param steady: seconds of the other one
        """
        step = now - steady - self._offset
        self._offset += step
        return step if abs(step) >= CLOCK_STEP_SECONDS else 0.0
