"""What a run has paid for and did not hear of: it is published by a later one, however that came about."""

from __future__ import annotations

import threading
import time

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.batch import run as batch_run
from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.catalogue.errors import PublicationRefusedError
from airflow_provider_mps.exceptions import MpsBatchFailedError, MpsBatchRecordError, MpsBatchTakenOverError
from airflow_provider_mps.local.service import LocalService
from tests.catalogue.nights import SKUS, Nights


def test_a_picture_in_doubt_of_a_run_that_ended_well(nights: Nights, service: LocalService) -> None:
    service.add_fault(kind="lost_answer", action="ProcessImage", times=1)
    plan = nights.plan("monday")
    service.add_fault(kind="error", action="DescribeImageTasks", code="InternalError", times=1000)
    assert nights.make("monday", plan, max_failed=1)["counts"] == {"made": 2, "failed": 1}
    service.clear_faults()
    nights.over.add("monday")
    assert nights.make("tuesday", nights.plan("tuesday"))["counts"] == {"made": 1, "failed": 0, "made before": 2}
    assert len(service.tasks) == 3


def test_a_task_that_was_not_waited_for_to_its_end(nights: Nights, service: LocalService) -> None:
    service.backend.settings.task_seconds = 3600
    with pytest.raises(MpsBatchFailedError, match="3 x Timeout"):
        nights.make("monday", nights.plan("monday"), timeout=0.5)
    nights.end_tasks()
    # A clear of the run would wait for it.
    assert nights.plan("tuesday")["counts"]["in_another_run"] == 3
    nights.over.add("monday")
    assert nights.make("tuesday", nights.plan("tuesday"))["counts"]["made"] == 3
    assert len(service.tasks) == 3


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_task_that_nobody_was_told_of(deferrable: bool, nights: Nights, service: LocalService) -> None:
    if deferrable:
        with pytest.raises(TaskDeferred):
            nights.make("monday", plan := nights.plan("monday"), deferrable=True)
    else:
        plan = nights.plan("monday")
    for action in ("DescribeImageTaskDetail", "DescribeImageTasks"):
        service.add_fault(kind="error", action=action, code="InvalidParameterValue", message="refused", times=1000)
    with pytest.raises(Exception, match="InvalidParameterValue"):
        nights.make("monday", plan)
    service.clear_faults()
    nights.over.add("monday")
    assert nights.make("tuesday", nights.plan("tuesday"))["counts"]["made"] == 3
    assert len(service.tasks) == 3


def test_what_the_second_of_two_dead_runs_has_submitted_anew(nights: Nights, service: LocalService) -> None:
    service.add_fault(kind="task_fail", err_code=70001, err_msg="InternalError", times=1)
    nights.begin("monday")
    nights.over.add("monday")
    time.sleep(0.3)
    service.backend.settings.task_seconds = 3600
    nights.begin("tuesday")
    nights.over.add("tuesday")
    assert len(service.tasks) == 4
    nights.end_tasks()
    assert nights.make("wednesday", nights.plan("wednesday"))["counts"]["made"] == 3
    assert len(service.tasks) == 4


def test_a_record_that_cannot_be_read_is_named(nights: Nights, service: LocalService) -> None:
    nights.begin("monday")
    nights.over.add("monday")
    [key] = [info.key for info in service.backend.store.all(service.bucket) if "/records-" in info.key]
    sound = service.get_object(service.bucket, f"/{key}")
    service.put_object(service.bucket, f"/{key}", b"{}")
    plan = nights.plan("tuesday")
    # Whoever removed the folder of the one that has failed would pay again for what that one had submitted.
    folder = key.rsplit("/", 2)[0]
    with pytest.raises(MpsBatchRecordError, match=f"^The record of the batch cos://[^/]+/{folder}/ cannot be read"):
        nights.make("tuesday", plan)
    assert len(service.tasks) == 3
    service.put_object(service.bucket, f"/{key}", sound)
    nights.make("tuesday", plan)
    assert len(service.tasks) == 3


def test_what_was_taken_over_needs_no_record_of_the_dead_any_more(nights: Nights, service: LocalService) -> None:
    service.backend.settings.task_seconds = 3600
    nights.begin("monday")
    nights.over.add("monday")
    [key] = [info.key for info in service.backend.store.all(service.bucket) if "/records-" in info.key]
    plan = nights.plan("tuesday")
    with pytest.raises(TaskDeferred):
        nights.make("tuesday", plan, deferrable=True)
    service.put_object(service.bucket, f"/{key}", b"{}")
    nights.end_tasks()
    assert nights.make("tuesday", plan)["counts"]["made"] == 3
    assert len(service.tasks) == 3


def test_a_run_that_is_over_and_still_at_work(
    nights: Nights, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_run, "IN_FLIGHT", 1)
    monkeypatch.setattr(batch_writer, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(batch_writer, "TAKE_OVER_SECONDS", 1.5)
    service.add_fault(kind="delay", action="ProcessImage", when="after", seconds=0.6)
    plan, errors = nights.plan("monday"), []

    def work() -> None:
        try:
            nights.make("monday", plan)
        except Exception as error:
            errors.append(error)

    monday = threading.Thread(target=work)
    monday.start()
    while not service.tasks:
        time.sleep(0.02)
    # As for somebody who marks it as failed: its process hears of that later.
    nights.over.add("monday")
    assert nights.make("tuesday", nights.plan("tuesday"))["counts"]["made"] == 3
    monday.join()
    assert [type(error) for error in errors] == [MpsBatchTakenOverError]
    assert len(service.tasks) == 3


@pytest.mark.parametrize("is_published", [False, True])
def test_a_picture_that_is_gone_is_made_again_by_its_own_run(
    is_published: bool, nights: Nights, service: LocalService
) -> None:
    pictures = nights.make("monday", nights.plan("monday"))
    if is_published:
        nights.publish("monday", pictures)
        service.backend.store.delete(service.bucket, f"shop/{SKUS[0]}.jpeg")
    entry = nights.lines(pictures)[0]["entry"]
    service.backend.store.delete(service.bucket, entry["Outputs"][0]["path"].lstrip("/"))
    if not is_published:
        with pytest.raises(PublicationRefusedError):
            nights.publish("monday", pictures)
    plan = nights.plan("monday")
    assert plan["counts"]["make"] == 1
    nights.publish("monday", nights.make("monday", plan))
    assert service.object_exists(service.bucket, f"/shop/{SKUS[0]}.jpeg")
    assert len(service.tasks) == 4
    # Once, however often the run is cleared.
    nights.make("monday", plan)
    assert len(service.tasks) == 4


@pytest.mark.parametrize("is_made", [False, True])
def test_a_dead_run_that_is_cleared_leaves_to_the_next_what_that_one_has(
    is_made: bool, nights: Nights, service: LocalService
) -> None:
    service.add_fault(kind="task_fail", err_code=70001, err_msg="InternalError", times=3)
    old = nights.begin("monday")
    nights.over.add("monday")
    time.sleep(0.3)
    service.backend.settings.task_seconds = 3600
    plan = nights.plan("tuesday")
    with pytest.raises(TaskDeferred):
        nights.make("tuesday", plan, deferrable=True)
    assert len(service.tasks) == 6
    if is_made:
        nights.end_tasks()
        nights.make("tuesday", plan)
    expected = {"made": 0, "failed": 0, "made before" if is_made else "in another run": 3}
    assert nights.make("monday", old)["counts"] == expected
    nights.end_tasks()
    assert nights.make("tuesday", plan)["counts"]["made"] == 3
    assert len(service.tasks) == 6
