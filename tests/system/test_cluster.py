"""A Celery cluster that loses workers, a triggerer and for a moment its broker: each picture is there, paid once."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.system.cluster import Cluster, cluster
from tests.system.conftest import ROOT
from tests.system.real_airflow import TI
from tests.task_context import AIRFLOW_2

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(AIRFLOW_2, reason="is the same, and takes long"),
]
DAGS = Path(__file__).parent / "cluster_dags"
# All of them with "make test-distributed".
MAPPED, BATCH = (int(os.environ.get(f"MPS_TEST_CLUSTER_{name}", few)) for name, few in (("MAPPED", 8), ("BATCH", 40)))


@dataclass(frozen=True)
class Calamity:
    """What happens to a cluster at work.

    :param kind: of the pictures that it strikes, ``mapped`` or ``batch``
    :param accepted: how many of these the service has accepted when it happens
    :param task_id: of the task in the middle of which it happens
    :param happens: what happens
    """

    kind: str
    accepted: int
    task_id: str
    happens: Callable[[], None]


def calamities(running: Cluster, chance: random.Random) -> list[Calamity]:
    def at(of: int) -> int:
        return chance.randint(1, of * 3 // 4)

    return [
        Calamity("mapped", at(MAPPED), "fuse", lambda: running.replace_worker("worker-1")),
        Calamity("batch", at(BATCH), "fuse_batch", lambda: running.replace_worker("worker-2")),
        Calamity("mapped", at(MAPPED), "fuse", lambda: running.replace_triggerer("triggerer-2")),
        Calamity("mapped", at(MAPPED), "fuse", running.broker.restart),
    ]


def test_each_picture_is_there_and_was_submitted_once(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    sizes = {"MPS_TEST_CLUSTER_MAPPED": str(MAPPED), "MPS_TEST_CLUSTER_BATCH": str(BATCH)}
    with (
        LocalService(task_seconds=2.0, small_pictures=True) as cloud,
        cluster(tmp_path, DAGS, cloud.connection(), PYTHONPATH=str(ROOT), **sizes) as running,
    ):

        def accepted(kind: str) -> int:
            return sum(task.job.prompt.startswith(f"{kind} ") for task in cloud.tasks)

        run = running.airflow.trigger("cluster")
        left = calamities(running, random.Random(seed))

        def have_happened(tis: list[TI]) -> bool:
            at_work = {ti.task_id for ti in tis if ti.state == "running"}
            due = [one for one in left if accepted(one.kind) >= one.accepted and one.task_id in at_work]
            for one in due[:1]:
                left.remove(one)
                one.happens()
            return not left

        running.airflow.wait("cluster", run, have_happened, 900)
        tis = running.airflow.wait_finished("cluster", run, 900)
        strays = [ti for ti in tis if ti.state != "success"]
        logs = "\n".join(running.airflow.task_log("cluster", run, ti.task_id, ti.map_index) for ti in strays)
        assert not strays, f"seed {seed}: {logs[-20_000:]}"
        paid = Counter(task.job.prompt for task in cloud.tasks)
        wanted = [*(f"mapped {n}" for n in range(MAPPED)), *(f"batch {n}" for n in range(BATCH))]
        assert paid == Counter(wanted), f"seed {seed}"
        keys = [one.key for one in cloud.backend.store.all(cloud.bucket)]
        for folder, count in (("mapped", MAPPED), ("batch", BATCH)):
            assert sum(key.startswith(f"published/{folder}/") for key in keys) == count, f"seed {seed}"
        # Somebody was killed at work, or this shows nothing.
        assert any(ti.try_number > 1 for ti in tis), f"seed {seed}: nothing was lost"
