"""The state of one local service, put together from that of each part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from airflow_provider_mps.local.aidge import api as aidge_api
from airflow_provider_mps.local.aidge.state import AidgeOptions, AidgeState
from airflow_provider_mps.local.cos import objects as cos_objects
from airflow_provider_mps.local.cos.state import CosState
from airflow_provider_mps.local.pictures.product_pictures import Pictures
from airflow_provider_mps.local.serving.accounts import Accounts
from airflow_provider_mps.local.serving.faults import Faults
from airflow_provider_mps.local.serving.journal import Journal
from airflow_provider_mps.local.serving.limits import RateLimiter
from airflow_provider_mps.local.serving.state import ServingState, Settings
from airflow_provider_mps.local.serving.work import WorkPool
from airflow_provider_mps.local.tencentcloud import mps
from airflow_provider_mps.local.tencentcloud.state import TencentCloudState
from airflow_provider_mps.local.tencentcloud.tasks import TaskStore
from airflow_provider_mps.local.tencentcloud.worker import Worker

# Where the kinds of faults apply; the default of a kind is that of the first that has it.
FAULTS = (mps.FAULTS, cos_objects.FAULTS, aidge_api.FAULTS)


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
        self.journal = Journal(clock)
        self.faults = Faults(scopes=FAULTS)
        self.serving = ServingState(clock, self.settings, self.journal, self.faults, RateLimiter(rate_limits))
        self.pool = WorkPool()
        pictures = Pictures(small=small_pictures)
        self.cos = CosState(data_dir, buckets, self.accounts, clock)
        self.store = self.cos.store
        self.tasks = TaskStore(clock)
        worker = Worker(self.pool, self.store, pictures, clock)
        self.tencentcloud = TencentCloudState(self.accounts, self.store, self.tasks, worker)
        results = data_dir / "aidge-results"
        self.aidge = AidgeState(aidge, folder=results, pool=self.pool, pictures=pictures, clock=clock)
