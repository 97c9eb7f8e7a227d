"""An Airflow as teams grow into: Celery workers on several queues, several triggerers, PostgreSQL, Redis."""

from __future__ import annotations

import configparser
import contextlib
import importlib.util
import tempfile
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import DOCS, snippets
from tests.system.real_airflow import RealAirflow
from tests.system.redis import Redis

# Times of the configuration that is documented, as a test does not wait as long.
_QUICK = {
    "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES": "10",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "9",
}
QUEUES = {"worker-1": "pictures,default", "worker-2": "batches"}


def documented() -> dict[str, str]:
    """Return the configuration that the documentation shows, as variables."""
    (snippet,) = snippets("ini", pages=[DOCS / "cluster.md"])
    shown = configparser.ConfigParser(interpolation=None)
    shown.read_string(snippet.text)
    return {
        f"AIRFLOW__{section}__{option}".upper(): value
        for section in shown.sections()
        for option, value in shown[section].items()
    }


class Cluster:
    """What a test does to it.

    :param airflow: it
    :param broker: Redis
    :param slots: how many tasks a worker runs at the same time
    """

    def __init__(self, airflow: RealAirflow, broker: Redis, slots: int) -> None:
        self.airflow = airflow
        self.broker = broker
        self._slots = slots
        self._numbers = count(1)

    def start_worker(self, name: str) -> None:
        """Start a worker, under a host name that no worker has had: one that was killed still counts for a while."""
        words = ["celery", "worker", "--queues", QUEUES[name], "--concurrency", str(self._slots)]
        words += ["--celery-hostname", f"{name}-{next(self._numbers)}", "--without-gossip", "--without-mingle"]
        self.airflow.start(name, *words)

    def replace_worker(self, name: str) -> None:
        """Kill a worker with all of its tasks; another comes in its place."""
        self.airflow.kill(name)
        self.start_worker(name)

    def replace_triggerer(self, name: str) -> None:
        """Kill a triggerer with all of its triggers; another comes in its place."""
        self.airflow.kill(name)
        self.airflow.start(name, "triggerer")


@contextlib.contextmanager
def cluster(
    home: Path, dags: Path, connection: Mapping[str, Any], *, slots: int = 3, triggerers: int = 2, **env: str
) -> Iterator[Cluster]:
    """Run a cluster as long as the context lasts; without what it needs the test is skipped.

    :param home: folder of the configuration and of all logs, which stays
    :param dags: folder of the DAG files
    :param connection: the connection ``tencentcloud_default``
    :param slots: how many tasks a worker runs at the same time
    :param triggerers: how many there are
    :param env: further variables of every process
    """
    if importlib.util.find_spec("airflow.providers.celery") is None:
        pytest.skip("the provider of Celery is not installed (dependency group cluster)")
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(Redis(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="redis-")))))
        settings = documented() | _QUICK | {"AIRFLOW__CELERY__BROKER_URL": broker.address}
        # Known once it runs.
        del settings["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
        airflow = stack.enter_context(RealAirflow(home, dags, connection, parallelism=64, **(settings | env)))
        running = Cluster(airflow, broker, slots)
        for name in QUEUES:
            running.start_worker(name)
        for number in range(2, triggerers + 1):
            airflow.start(f"triggerer-{number}", "triggerer")
        yield running
