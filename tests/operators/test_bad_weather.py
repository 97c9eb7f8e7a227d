"""Hundreds of pictures while three of ten calls fail, each in one way or another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_mps.local.service import LocalService
from tests.operators.conftest import Task
from tests.task_context import AIRFLOW_2, StateStore, execute, make_context

pytestmark = pytest.mark.usefixtures("_no_waits")

SUBJECTS, TRIES = 40, 8
WEATHER: list[dict[str, Any]] = [
    {"kind": "error", "code": "RequestLimitExceeded"},
    {"kind": "error", "code": "InternalError"},
    {"kind": "http", "status": 502},
    {"kind": "reset"},
    {"kind": "lost_answer"},
    {"kind": "garbage"},
    {"kind": "garbage", "executed": True},
]


@pytest.fixture
def service() -> Any:
    with LocalService(task_seconds=0.2, rate_limit=0, small_pictures=True) as running:
        yield running


@pytest.mark.parametrize(
    ("store", "pictures"),
    [pytest.param(False, 60, id="no-store")] + ([] if AIRFLOW_2 else [pytest.param(True, 200, id="store")]),
)
def test_every_picture_is_made_once(
    store: bool, pictures: int, service: LocalService, conn_id: str, make_task: Callable[..., Task], tmp_path: Path
) -> None:
    share = 1 - 0.7 ** (1 / (len(WEATHER) + 1))
    for fault in WEATHER:
        service.add_fault(action="*", probability=share, **fault)
    service.add_fault(action="*", kind="delay", seconds=0.3, probability=share, when="after")
    run_began = datetime.now(UTC)
    task = make_task()
    photo = service.get_object(service.bucket, "/samples/coffee.png")
    for n in range(SUBJECTS):
        service.put_object(service.bucket, f"/in/{n}/main.png", photo)

    def picture(n: int) -> tuple[Any, int]:
        own = StateStore(tmp_path / f"{n}.json") if store else None
        for number in range(1, TRIES + 1):
            context = make_context(own, map_index=n, try_number=number, max_tries=TRIES, run_began=run_began)
            key = f"/in/{n % SUBJECTS}/main.png"
            operator = task.operator(
                subject_cos_key=key, prompt=f"picture {n}", wait_for_completion=True, retries=TRIES
            )
            try:
                return execute(operator, context), number
            except AirflowFailException:
                raise
            except AirflowException as error:
                last = error
        raise AssertionError(f"picture {n} was not made in {TRIES} tries: {last}")

    with ThreadPoolExecutor(24) as pool:
        done = list(pool.map(picture, range(pictures)))

    made = {made.job.prompt: made.task_id for made in service.tasks}
    assert len(service.tasks) == len(made) == pictures
    assert {f"picture {n}": result["TaskId"] for n, (result, _) in enumerate(done)} == made
    calls = service.journal
    failed = [call for call in calls if call.fault or call.code]
    # The weather was as bad as it was meant to be.
    assert 0.2 < len(failed) / len(calls) < 0.4
