from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.cli import finding
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.storage.files import Files
from tests.catalogue.records import failed, made, published, task_of_run
from tests.cli.conftest import PRICES, Typed, parts, record
from tests.cli.database import Database
from tests.cli.test_task import UNKNOWN, finished, submit_to_aidge

FIELDS = {"subject_cos_key": "/samples/coffee.png", "prompt": "white marble", "image_size": "1K", "format": "JPEG"}


def test_the_whole_story(
    typed: Callable[..., Typed],
    submitted: Callable[..., str],
    tables: Database,
    connect: Callable[..., str],
    service: LocalService,
) -> None:
    task_id = submitted()
    finished(typed, task_id)
    tables.try_of("make", 1, "failed", is_over=True)
    tables.try_of("make", 2, "failed")
    tables.told("make", task_id, hours=1.5)
    tables.told("make", {"Code": "Not done in 600 s", "Message": "raise timeout"}, hours=1.8, key="service_error")
    tables.rendered("make", FIELDS)
    if tables.has_store:
        tables.kept("make", record(task_id, replaced=("2600000000-WorkflowTask-before",)).to_json())
    said = typed("explain", task_id, "--conn-id", connect(prices=PRICES))
    assert said.code == 0
    assert not said.err
    story = parts(said)
    # The service says which bucket.
    asked = f"subject cos://{service.bucket}/samples/coffee.png words white marble picture 1K JPEG"
    assert asked in story["What was asked"]
    by = story["By whom"]
    assert "Airflow task DAG shop, run night-1, task make try 2 operator MpsImageBgFusionOperator" in by
    assert "its state now failed failed with Not done in 600 s: raise timeout told at 2026-01-01T03:30:00Z" in by
    assert "finished (FINISH, 100%)" in story["What was answered"]
    assert "0.1 CNY, as the extra 'prices' of connection changed has it." in story["What was paid"]
    assert f"Fetch it: python -m airflow_provider_mps download \\ {task_id} DEST" in story["What to do next"]
    if tables.has_store:
        assert "accepted at 2026-01-01T00:00:01Z" in by
        assert "result not handed over to Airflow yet" in by
        assert "of submission RequestId 5e2f-sub" in story["What was answered"]
        assert "had 1 task before it" in story["What was paid"]
        assert "Clear the Airflow task: it takes this one up" in story["What to do next"]


def test_a_task_that_a_later_one_replaced(
    typed: Callable[..., Typed], submitted: Callable[..., str], tables: Database
) -> None:
    if not tables.has_store:
        pytest.skip("Airflow keeps the state of tasks from 3.3 on")
    task_id = submitted(kind="task_fail", err_code=70000, err_msg="InternalError", message="try again")
    finished(typed, task_id)
    newer = "2600000000-WorkflowTask-after"
    tables.kept("make", record(newer, replaced=(task_id,)).to_json())
    story = parts(typed("explain", task_id))
    assert f"record of DAG shop, run night-1, task make replaced by {newer}" in story["By whom"]
    assert "70000 InternalError" in story["What was answered"]
    assert f"explain {newer}" in story["What to do next"]
    assert "submits again" not in story["What to do next"]


def test_what_the_same_request_would_come_to(
    typed: Callable[..., Typed], submitted: Callable[..., str], connect: Callable[..., str]
) -> None:
    final = submitted(kind="task_fail", err_code=70001, err_msg="InvalidInput", message="no such picture")
    passing = submitted(kind="task_fail", err_code=70000, err_msg="InternalError", message="try again")
    for task_id, advice in ((final, "Check the arguments."), (passing, "submits again, and pays again")):
        finished(typed, task_id)
        story = parts(typed("explain", task_id, "--no-db", "--conn-id", connect(prices=PRICES)))
        assert advice in story["What to do next"]
        # Which scene, and so which price, the service does not say.
        assert "Not known" in story["What was paid"]


def test_a_task_of_aidge(typed: Callable[..., Typed], service: LocalService, tables: Database) -> None:
    task_id = submit_to_aidge(service)
    finished(typed, task_id)
    tables.try_of("scene", 1, "success")
    tables.told("scene", task_id, key="aidge_task_id", hours=0.5)
    tables.rendered("scene", {"image_url": "https://shop.example/cup.jpg", "scene_id": 3, "product_title": "Cup"})
    story = parts(typed("explain", task_id))
    assert "subject https://shop.example/cup.jpg scene 3 title Cup" in story["What was asked"]
    assert "task scene" in story["By whom"]
    assert "See its console" in story["What was paid"]


def test_nothing_is_known(typed: Callable[..., Typed], tables: Database) -> None:
    said = typed("explain", UNKNOWN)
    assert said.code == 1
    story = parts(said)
    assert story["By whom"] == "By whom Not known: see what was not found, below."
    assert "InvalidParameterValue.TaskId" in story["What was answered"]
    assert "MPS keeps tasks for 7 days and per account." in story["What to do next"]
    assert (
        "of the newest 200,000 XComs mps_task_id in Airflow's database none has this id" in story["What was not found"]
    )


def test_the_rest_is_told_without_the_service_and_without_a_database(
    typed: Callable[..., Typed], tables: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.try_of("make", 1, "failed")
    tables.told("make", UNKNOWN)
    said = typed("explain", UNKNOWN, "--conn-id", "nowhere")
    assert said.code == 0
    assert "There is no connection nowhere." in parts(said)["What was answered"]
    assert "task make" in parts(said)["By whom"]
    assert "could not be read" in parts(said)["What was paid"]
    assert "ask again" in parts(said)["What to do next"]
    offline = parts(typed("explain", UNKNOWN, "--offline"))
    assert "MPS was not asked (--offline)." in offline["What was not found"]
    monkeypatch.undo()


def test_there_is_no_database(typed: Callable[..., Typed], submitted: Callable[..., str]) -> None:
    task_id = submitted()
    finished(typed, task_id)
    said = typed("explain", task_id)
    assert said.code == 0
    assert "Airflow's database cannot be read (no such table: " in parts(said)["What was not found"]
    assert "Traceback" not in said.out + said.err


def test_an_item_of_a_catalogue(typed: Callable[..., Typed], tmp_path: Path) -> None:
    store = RecordStore(Files(), str(tmp_path))
    first = replace(made("cup/white"), task_id=UNKNOWN)
    known = store.update(task_of_run("night-1", "make"), lambda _: [first], 1767225600.0)
    known = store.update(task_of_run("night-1", "publish"), lambda _: [published("cup/white")], 1767225700.0, known)
    later = replace(made("cup/white"), task_id="task-2")
    store.update(task_of_run("night-2", "make"), lambda _: [later], 1767312000.0, known)
    said = typed("explain", UNKNOWN, "--offline", "--no-db", "--catalogue", str(tmp_path))
    assert said.code == 0
    story = parts(said)
    assert f"item cup/white of catalogue {tmp_path}" in story["What was asked"]
    assert "on record by DAG shop, run night-1, task make on record at 2026-01-01T00:00:00Z" in story["By whom"]
    answered = story["What was answered"]
    assert "on record made: cos://shop-1250000000/output/cup.jpeg" in answered
    assert "made anew by task task-2" in answered
    assert "published cos://shop-1250000000/shop/cup/white.jpeg at 2026-01-01T00:01:40Z" in answered


def test_an_item_that_was_not_made(
    typed: Callable[..., Typed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RecordStore(Files(), str(tmp_path))
    said = typed("explain", UNKNOWN, "--offline", "--no-db", "--catalogue", str(tmp_path))
    assert said.code == 1
    assert "there is no record of catalogue" in parts(said)["What was not found"]
    known = store.update(task_of_run("n"), lambda _: [failed("cup/white", task_id=UNKNOWN)], 1767225600.0)
    story = parts(typed("explain", UNKNOWN, "--offline", "--no-db", "--catalogue", str(tmp_path)))
    assert "failed: 70000 InternalError: try again RequestId 5e2f" in story["What was answered"]
    store.update(task_of_run("n"), lambda _: [made("jar/white")], 1767225600.0, known)
    monkeypatch.setattr(finding, "MOST_ENTRIES", 1)
    story = parts(typed("explain", UNKNOWN, "--offline", "--no-db", "--catalogue", str(tmp_path)))
    assert "the last 1 file of the record" in story["What was not found"]
    (tmp_path / "record" / "00000002.jsonl").write_text("{}")
    story = parts(typed("explain", UNKNOWN, "--offline", "--no-db", "--catalogue", str(tmp_path)))
    assert "cannot be read" in story["What was not found"]


def test_a_story_for_programs(typed: Callable[..., Typed], submitted: Callable[..., str], tables: Database) -> None:
    task_id = submitted()
    finished(typed, task_id)
    tables.try_of("make", 1, "success")
    tables.told("make", task_id)
    data = typed("explain", task_id, "-o", "json").data
    assert (data["service"], data["task_id"], data["known"]) == ("MPS", task_id, True)
    assert {"name": "Airflow task", "value": "DAG shop, run night-1, task make"} in data["by"]
    command = f"python -m airflow_provider_mps download {task_id} DEST"
    assert data["next"][0] == {"said": "Fetch it:", "command": command}


@pytest.mark.parametrize("moment", [1e300, -1e300, 1e15])
def test_a_time_that_is_none_is_left_out(
    typed: Callable[..., Typed], submitted: Callable[..., str], tables: Database, moment: float
) -> None:
    if not tables.has_store:
        pytest.skip("Airflow keeps the state of tasks from 3.3 on")
    task_id = submitted()
    finished(typed, task_id)
    tables.kept("make", record(task_id, accepted=moment).to_json())
    said = typed("explain", task_id)
    assert said.code == 0
    assert "submitted at 2026-01-01T00:00:00Z" in parts(said)["By whom"]
    assert "accepted at" not in parts(said)["By whom"]


@pytest.mark.parametrize("option", ["--record", "--catalogue"])
def test_an_empty_place_is_refused(typed: Callable[..., Typed], option: str) -> None:
    said = typed("explain", UNKNOWN, "--no-db", "--offline", option, "")
    assert said.code == 2
    assert said.err.startswith(f"Error: {option}: expected ")
