"""What the services share, and the state of each: settings, accounts, objects, tasks, faults and the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_mps.local.aidge.state import AidgeOptions, AidgeState
from airflow_provider_mps.local.cos.multipart import Multipart
from airflow_provider_mps.local.cos.store import ObjectStore
from airflow_provider_mps.local.pictures.product_pictures import Pictures
from airflow_provider_mps.local.pictures.sample_pictures import SAMPLES, read_sample
from airflow_provider_mps.local.serving.accounts import Accounts
from airflow_provider_mps.local.serving.faults import Faults
from airflow_provider_mps.local.serving.journal import Journal
from airflow_provider_mps.local.serving.limits import RateLimiter
from airflow_provider_mps.local.tencentcloud.tasks import TaskStore
from airflow_provider_mps.local.tencentcloud.worker import Worker


@dataclass(slots=True)
class Settings:
    """What can be changed while the service runs.

    :param task_seconds: how long a task takes at least.
    """

    task_seconds: float


class Backend:
    """The state of one local service.

    :param accounts: ``(secret_id, secret_key)`` pairs.
    :param buckets: regions by bucket name; each new bucket gets the sample pictures.
    :param data_dir: the folder for objects.
    :param task_seconds: how long a task takes at least.
    :param rate_limits: requests per second by action, ``*`` for the others, 0 for no limit.
    :param small_pictures: make tiny results, for load tests.
    :param clock: gives the present time in seconds since the epoch.
    :param aidge: what is chosen for Aidge.
    """

    def __init__(
        self,
        *,
        accounts: Sequence[tuple[str, str]],
        buckets: Mapping[str, str],
        data_dir: Path,
        task_seconds: float,
        rate_limits: Mapping[str, int],
        small_pictures: bool,
        clock: Callable[[], float],
        aidge: AidgeOptions,
    ) -> None:
        self.clock = clock
        self.settings = Settings(task_seconds)
        self.accounts = Accounts(accounts, clock)
        self.store = ObjectStore(data_dir, clock)
        self.multipart = Multipart(self.store)
        self.tasks = TaskStore(clock)
        self.journal = Journal(clock)
        self.faults = Faults()
        self.limiter = RateLimiter(rate_limits)
        pictures = Pictures(small=small_pictures)
        self.worker = Worker(self.store, pictures, clock)
        folder = data_dir / "aidge-results"
        self.aidge = AidgeState(aidge, folder=folder, worker=self.worker, pictures=pictures, clock=clock)
        for name, region in buckets.items():
            self.add_bucket(name, region)

    def add_bucket(self, name: str, region: str) -> None:
        """Make a bucket known and put the samples into it, unless it has them."""
        self.store.add_bucket(name, region)
        for sample, content_type in SAMPLES.items():
            if self.store.find(name, f"samples/{sample}") is None:
                self.store.put(name, f"samples/{sample}", [read_sample(sample)], {"Content-Type": content_type})
