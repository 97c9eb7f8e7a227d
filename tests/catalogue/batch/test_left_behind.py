"""A run that was killed for good has paid for pictures: the next one goes on from there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.catalogue.batch import left_behind
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.profiles import AIDGE, MPS
from airflow_provider_mps.storage.errors import UnreadableLinesError
from airflow_provider_mps.storage.files import Files
from tests.catalogue.nights import Nights

BEGUN = {"dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1, "service": "MPS", "record": "cos://b-1/t"}
BAD_ITERATION = json.dumps({**BEGUN, "iteration": 7}).encode()


def test_what_a_dead_run_has_paid_for_is_published_by_the_next(nights: Nights, service: LocalService) -> None:
    nights.begin("monday")
    assert len(service.tasks) == 3
    # It may still be at work.
    assert nights.plan("tuesday")["counts"]["in_another_run"] == 3
    nights.over.add("monday")
    plan = nights.plan("tuesday")
    assert plan["counts"]["make"] == 3
    assert [line["before"] for line in nights.lines(plan)] == [[{"dag_id": "shop", "run_id": "monday"}]] * 3
    pictures = nights.make("tuesday", plan)
    assert pictures["counts"] == {"made": 3, "failed": 0}
    assert len(service.tasks) == 3
    assert {line["entry"]["TaskId"] for line in nights.lines(pictures)} == {task.task_id for task in service.tasks}
    assert nights.publish("tuesday", pictures)["counts"]["published"] == 3
    nights.over.add("tuesday")
    assert nights.plan("wednesday")["counts"]["unchanged"] == 3


def test_runs_that_died_one_after_the_other(nights: Nights, service: LocalService) -> None:
    service.backend.settings.task_seconds = 3600
    nights.begin("monday")
    nights.over.add("monday")
    # One that never came to its batch, and one that did and was killed while it waited.
    nights.plan("tuesday")
    nights.over.add("tuesday")
    nights.begin("wednesday")
    nights.over.add("wednesday")
    assert len(service.tasks) == 3
    plan = nights.plan("thursday")
    before = [[run["run_id"] for run in line["before"]] for line in nights.lines(plan)]
    assert before == [["wednesday", "tuesday", "monday"]] * 3
    nights.end_tasks()
    pictures = nights.make("thursday", plan)
    assert pictures["counts"]["made"] == 3
    assert len(service.tasks) == 3


def test_an_answer_that_was_lost_with_the_run_is_looked_for(nights: Nights, service: LocalService) -> None:
    service.add_fault(kind="lost_answer", action="ProcessImage", times=1)
    plan = nights.plan("monday")
    service.add_fault(kind="error", action="DescribeImageTasks", code="InternalError", times=1000)
    with pytest.raises(Exception, match=r"InDoubt|InternalError"):
        nights.make("monday", plan)
    service.clear_faults()
    assert len(service.tasks) == 3
    nights.over.add("monday")
    pictures = nights.make("tuesday", nights.plan("tuesday"))
    assert pictures["counts"] == {"made": 1, "failed": 0, "made before": 2}
    assert len(service.tasks) == 3


def test_what_failed_in_the_dead_run_is_made_anew(nights: Nights, service: LocalService) -> None:
    service.add_fault(kind="task_fail", err_code=70001, err_msg="InternalError", times=1)
    nights.begin("monday")
    nights.over.add("monday")
    pictures = nights.make("tuesday", nights.plan("tuesday"))
    assert pictures["counts"]["made"] == 3
    assert len(service.tasks) == 4


def test_a_picture_that_changed_since_is_made(nights: Nights, service: LocalService) -> None:
    nights.begin("monday")
    nights.over.add("monday")
    other = service.get_object(service.bucket, "/samples/vase.png")
    service.put_object(service.bucket, "/samples/catalogue/tin-tea.png", other)
    plan = nights.plan("tuesday")
    assert nights.make("tuesday", plan)["counts"]["made"] == 3
    assert len(service.tasks) == 4


def test_a_picture_that_came_and_went_is_paid_for_once(nights: Nights, service: LocalService) -> None:
    mine = service.get_object(service.bucket, "/samples/catalogue/tin-tea.png")
    other = service.get_object(service.bucket, "/samples/vase.png")
    nights.begin("monday")
    nights.over.add("monday")
    service.put_object(service.bucket, "/samples/catalogue/tin-tea.png", other)
    nights.begin("tuesday")
    nights.over.add("tuesday")
    assert len(service.tasks) == 4
    service.put_object(service.bucket, "/samples/catalogue/tin-tea.png", mine)
    pictures = nights.make("wednesday", nights.plan("wednesday"))
    assert pictures["counts"]["made"] == 3
    assert len(service.tasks) == 4
    assert {line["entry"]["TaskId"] for line in nights.lines(pictures)} == {it.task_id for it in service.tasks[:3]}


def test_a_forced_run_that_died_is_finished_by_the_next(nights: Nights, service: LocalService) -> None:
    nights.publish("monday", nights.make("monday", nights.plan("monday")))
    assert len(service.tasks) == 3
    nights.begin("tuesday", force="tin-tea")
    assert len(service.tasks) == 4
    assert nights.plan("wednesday")["counts"]["in_another_run"] == 1
    nights.over.add("tuesday")
    plan = nights.plan("wednesday")
    assert plan["counts"]["why"] == {"forced": 1}
    pictures = nights.make("wednesday", plan)
    assert [line["entry"]["TaskId"] for line in nights.lines(pictures)] == [service.tasks[3].task_id]
    # The stand-in draws the same picture again, and its label has the TaskId of the one that made it.
    assert nights.publish("wednesday", pictures)["counts"]["published"] == 1
    assert nights.publish("wednesday", pictures)["counts"]["failed"] == 0
    assert len(service.tasks) == 4
    nights.over.add("wednesday")
    assert nights.plan("thursday")["counts"]["unchanged"] == 3


def test_who_wants_it_anew_gets_it_anew(nights: Nights, service: LocalService) -> None:
    nights.begin("monday")
    nights.over.add("monday")
    plan = nights.plan("tuesday", force=True)
    assert not any("before" in line for line in nights.lines(plan))
    nights.make("tuesday", plan)
    assert len(service.tasks) == 6


def test_a_retry_goes_on_with_what_its_first_try_took_over(nights: Nights, service: LocalService) -> None:
    service.backend.settings.task_seconds = 3600
    nights.begin("monday")
    nights.over.add("monday")
    plan = nights.plan("tuesday")
    with pytest.raises(TaskDeferred):
        nights.make("tuesday", plan, deferrable=True)
    nights.end_tasks()
    pictures = nights.make("tuesday", plan)
    assert pictures["counts"]["made"] == 3
    assert len(service.tasks) == 3


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b"{}", b'{"dag_id":1}', b'"x"', BAD_ITERATION])
def test_what_cannot_be_read_of_a_dead_run_is_an_error(said: bytes, nights: Nights, service: LocalService) -> None:
    nights.begin("monday")
    [key] = [info.key for info in service.backend.store.all(service.bucket) if "/begun-mps-1" in info.key]
    service.put_object(service.bucket, key, said)
    nights.over.add("monday")
    plan = nights.plan("tuesday")
    with pytest.raises(UnreadableLinesError, match=r"begun-mps-1\.json"):
        nights.make("tuesday", plan)
    assert len(service.tasks) == 3


def test_batches_of_another_service_are_left_alone(tmp_path: Path) -> None:
    files, folder = Files(), str(tmp_path)
    one, two, other = (
        left_behind.Begun(left_behind.TaskKey("d", task, "r", -1), f"cos://b-1/{task}") for task in ("t", "u", "v")
    )
    for batch, service in ((one, MPS), (other, AIDGE), (one, MPS), (two, MPS), (one, MPS)):
        left_behind.announce(files, folder, batch, service, try_number=1)
    assert left_behind.begun_in(files, folder, MPS) == [one, two]
    assert left_behind.begun_in(files, folder, AIDGE) == [other]
    assert left_behind.begun_in(files, str(tmp_path / "no"), MPS) == []


def test_batches_of_each_iteration_of_a_loop_are_told_apart(tmp_path: Path) -> None:
    plain = left_behind.TaskKey("d", "t", "r", -1)
    batches = [left_behind.Begun(plain._replace(iteration=turn), "cos://b-1/t") for turn in ("", "a-0", "a-1")]
    for batch in (*batches, *batches):
        left_behind.announce(Files(), str(tmp_path), batch, MPS)
    assert left_behind.begun_in(Files(), str(tmp_path), MPS) == batches
    first = json.loads(left_behind.write_begun(batches[0], MPS))
    assert set(first) == {"dag_id", "task_id", "run_id", "map_index", "service", "record"}


def test_a_dead_batch_is_found_before_cos_lists_what_it_said(
    nights: Nights, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = service.backend.store.list

    def lagging(bucket: str, *, prefix: str = "", **options: Any) -> Any:
        found = listed(bucket, prefix=prefix, **options)
        kept = [info for info in found.objects if "/runs/" not in f"/{info.key}"]
        return replace(found, objects=kept)

    monkeypatch.setattr(service.backend.store, "list", lagging)
    nights.begin("monday")
    nights.over.add("monday")
    assert nights.make("tuesday", nights.plan("tuesday"))["counts"]["made"] == 3
    assert len(service.tasks) == 3
