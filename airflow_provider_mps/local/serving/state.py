"""What all endpoints share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_mps.local.serving.faults import Faults
from airflow_provider_mps.local.serving.journal import Journal
from airflow_provider_mps.local.serving.limits import RateLimiter


@dataclass(slots=True)
class Settings:
    """What can be changed while the service runs.

    :param task_seconds: how long a task takes at least.
    """

    task_seconds: float


@dataclass(frozen=True, slots=True)
class ServingState:
    """What all endpoints share.

    :param clock: gives the present time in seconds since the epoch.
    :param settings: what can be changed while the service runs.
    :param journal: takes a record of every request.
    :param faults: the fault rules.
    :param limiter: counts the requests of each account.
    """

    clock: Callable[[], float]
    settings: Settings
    journal: Journal
    faults: Faults
    limiter: RateLimiter
