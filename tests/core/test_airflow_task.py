from __future__ import annotations

from airflow_provider_mps.batch.store import batch_prefix
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.fingerprint import Fingerprint, fingerprint_of

PLAIN = TaskKey("shop", "fuse", "scheduled__2026-01-01T00:00:00+00:00", -1)
MAPPED = PLAIN._replace(map_index=3)
LOOPS = [task._replace(iteration=turn) for task in (PLAIN, MAPPED) for turn in ("a-0", "a-1", "b-0")]


def identity(task: TaskKey) -> Fingerprint:
    return fingerprint_of(task, {"ScheduleId": 30060}, endpoint="mps", region="ap-guangzhou", account="100")


def test_tasks_outside_of_loops_are_called_as_before_there_were_any() -> None:
    assert PLAIN.ids == ("shop", "fuse", "scheduled__2026-01-01T00:00:00+00:00", "-1")
    assert MAPPED.ids == (*PLAIN.ids[:3], "3")
    assert identity(PLAIN).token == "5c97cdf3feb3b929"
    assert batch_prefix("/records", MAPPED) == "/records/shop/fuse/faf32e91a7b4b89c"


def test_each_iteration_is_paid_for_and_kept_by_itself() -> None:
    tasks = [PLAIN, MAPPED, *LOOPS]
    assert len({identity(task).token for task in tasks}) == len(tasks)
    assert len({identity(task).loose_tokens for task in tasks}) == len(tasks)
    assert len({batch_prefix("/records", task) for task in tasks}) == len(tasks)
