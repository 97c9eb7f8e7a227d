"""A batch of Aidge with its requests in a plan: it makes the lines of Aidge, and leaves the others alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.exceptions import InvalidArgumentError, MpsBatchRefusedError
from airflow_provider_mps.local.pictures.sample_pictures import LARGE_SAMPLE, read_sample
from airflow_provider_mps.local.service import LocalService
from tests.operators.aidge_batches import SUBMIT, Batch, codes, fire
from tests.operators.plans import Catalogue, fingerprint, line, read
from tests.operators.test_aidge_batch import _quick  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("_no_waits", "aidge_conn_id", "conn_id")


@pytest.fixture
def batch(service: LocalService) -> Batch:
    return Batch(service)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "shop")


def scene(batch: Batch, number: int, **more: Any) -> dict[str, Any]:
    """Return a line for Aidge, of a picture of its own in COS."""
    service, key = batch.service, f"/photos/cup-{number}.jpg"
    service.put_object(service.bucket, key, read_sample(LARGE_SAMPLE))
    request = {"image_path": f"cos://{service.bucket}{key}", "scene_id": "3", "image_num": 2}
    return line(number, look="table", item=f"cup-{number}/table", service="aidge", request=request, **more)


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_lines_of_aidge_are_made_and_the_others_left(deferrable: bool, batch: Batch, catalogue: Catalogue) -> None:
    gone = {"item": "cup-91/white", "sku": "cup-91", "look": "white", "service": "aidge", "action": "unpublish"}
    gone |= {"why": "removed", "was": "cos://shop-1250000000/shop/cup-91/white.jpeg"}
    plan = catalogue.plan([line(1), scene(batch, 2), gone, scene(batch, 3), line(4)])
    if deferrable:
        batch.service.add_fault(kind="task_seconds", action=SUBMIT, seconds=600)
        with pytest.raises(TaskDeferred) as caught:
            batch.run(plan, deferrable=True, defaults=None)
        batch.end_all()
        output = batch.complete(plan, fire(dict(caught.value.trigger.serialize()[1])), defaults=None)
    else:
        output = batch.run(plan, defaults=None)
    assert output["counts"] == {"made": 2, "failed": 0, "removed": 1}
    found = read(output)
    # Where all looks are scenes there is no batch of MPS to hand it on.
    assert found.pop(1) == gone
    assert [one["item"] for one in found] == ["cup-2/table", "cup-3/table"]
    for one in found:
        outputs = one["entry"]["Outputs"]
        assert [set(each) for each in outputs] == [{"bucket", "region", "path", "cos_uri", "url"}] * 2
        state = catalogue.record.state(one["item"])
        assert state.made is not None
        assert (state.made.picture, state.made.task_id) == (outputs[0], one["entry"]["TaskId"])
    # The others are for the batch of MPS.
    assert catalogue.record.state("cup-1/white").planned is not None
    assert batch.accepted() == 2
    # A clear joins: the next plan says what is made anew.
    cleared = batch.run(plan, 3, max_tries=4, defaults=None)
    assert [one for one in read(cleared) if one != gone] == found
    assert batch.accepted() == 2


def test_what_is_in_doubt_stays_reserved(batch: Batch, catalogue: Catalogue) -> None:
    batch.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    plan = catalogue.plan([scene(batch, 1)])
    with pytest.raises(MpsBatchRefusedError, match="InDoubt"):
        batch.run(plan, defaults=None)
    state = catalogue.record.state("cup-1/table")
    assert (state.made, state.failed) == (None, None)
    assert state.planned is not None
    output = batch.run(plan, 2, max_tries=4, on_doubt="resubmit", defaults=None)
    assert output["counts"] == {"made": 1, "failed": 0}
    assert batch.accepted() == 2


def test_what_cannot_be_copied_now_stays_reserved_and_is_not_paid_again(batch: Batch, catalogue: Catalogue) -> None:
    batch.service.add_fault(kind="error", action="PutObject", match="/output/aidge/", code="AccessDenied", status=403)
    plan = catalogue.plan([scene(batch, 1)])
    with pytest.raises(MpsBatchRefusedError, match="AccessDenied"):
        batch.run(plan, defaults=None)
    assert catalogue.record.state("cup-1/table").planned is not None
    batch.service.clear_faults()
    assert batch.run(plan, 2, max_tries=3, defaults=None)["counts"] == {"made": 1, "failed": 0}
    assert batch.accepted() == 1


def test_another_picture_under_the_key_is_another_line(batch: Batch, catalogue: Catalogue) -> None:
    first = read(batch.run(catalogue.plan([scene(batch, 1)]), defaults=None))
    changed = scene(batch, 1, fingerprint=fingerprint(1, "other bytes"), why="subject changed")
    second = read(batch.run(catalogue.plan([changed], "plan-2-bb.jsonl"), defaults=None))
    assert first[0]["entry"]["TaskId"] != second[0]["entry"]["TaskId"]
    assert batch.accepted() == 2


def test_a_catalogue_needs_its_pictures_in_cos(batch: Batch, catalogue: Catalogue, tmp_path: Path) -> None:
    plan = catalogue.plan([scene(batch, 1)])
    with pytest.raises(InvalidArgumentError, match="dest: expected a folder in COS"):
        batch.run(plan, dest=str(tmp_path), defaults=None)
    assert batch.accepted() == 0


def test_a_list_with_entries_in_a_file(batch: Batch, tmp_path: Path) -> None:
    requests = [*batch.products(2), {"image_path": str(tmp_path / "nowhere.png")}]
    output = batch.run(requests, results=str(tmp_path / "out"), max_failed=1)
    assert output["counts"] == {"made": 2, "failed": 1}
    found = [{"key": one["key"], **one["entry"]} for one in read(output)]
    assert codes(found) == {2: "ImageNotUsable"}
    assert all(len(one["Outputs"]) == 2 for one in found[:2])
