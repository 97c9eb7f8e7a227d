"""The state of MPS and STS."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mps.local.cos.store import ObjectStore
from airflow_provider_mps.local.serving.accounts import Accounts
from airflow_provider_mps.local.tencentcloud.tasks import TaskStore
from airflow_provider_mps.local.tencentcloud.worker import Worker

# Made up, and good for nothing but a service on this machine.
DEFAULT_SECRET_ID = "AKIDlocal0000000000000000000000000000"  # noqa: S105
DEFAULT_SECRET_KEY = "local-secret-key-not-a-real-one"  # noqa: S105


@dataclass(frozen=True, slots=True)
class TencentCloudState:
    """The state of MPS and STS.

    :param accounts: who may call.
    :param store: holds the inputs in COS and takes the results.
    :param tasks: the tasks of MPS.
    :param worker: carries them out.
    """

    accounts: Accounts
    store: ObjectStore
    tasks: TaskStore
    worker: Worker
