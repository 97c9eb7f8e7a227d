"""What is kept about a crowd of waiting tasks: when each end was noticed, what failed, and how much memory it took."""

from __future__ import annotations

import gc
import statistics
import time
from collections import Counter
from typing import Any, NamedTuple

from benchmarks.probe import rss_mb


class WaitedTask(NamedTuple):
    """A task of the service: its id, when it was accepted and when it finishes, seconds since the epoch."""

    task_id: str
    created: float
    finish: float


class Watcher:
    """Takes notes; threads may share it."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._errors: list[str] = []
        self._before = self._most = 0.0

    def begin(self) -> None:
        """Take the memory before the waiting.

        What is imported by now is left out of later garbage collections: going through all of Airflow takes longer
        than all else here, whoever waits.
        """
        gc.collect()
        gc.freeze()
        self._before = self._most = rss_mb()

    def sample(self) -> None:
        """Take the memory of this moment."""
        self._most = max(self._most, rss_mb())

    def noticed(self, task: WaitedTask) -> None:
        """Keep that the end of a task was noticed now."""
        self._lags.append(time.time() - task.finish)

    def fail(self, error: object) -> None:
        """Keep that waiting for a task has failed."""
        self._errors.append(f"{type(error).__name__}: {error}"[:60])

    def result(self, count: int) -> dict[str, Any]:
        """Return all figures: seconds, and KB (10^3 bytes) for each of ``count`` tasks."""
        lags, errors = list(self._lags), list(self._errors)
        steps = statistics.quantiles(lags, n=100, method="inclusive") if len(lags) > 1 else lags * 99
        return {
            "n": count,
            "failed": len(errors),
            "unnoticed": count - len(errors) - len(lags),
            "p50": steps[49] if steps else None,
            "p99": steps[98] if steps else None,
            "max": max(lags, default=None),
            "kb": (self._most - self._before) * 1000 / count,
            "errors": Counter(errors),
        }
