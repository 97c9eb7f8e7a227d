from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mps.compat_database import RunRows
from airflow_provider_mps.core.gallery_paths import picture_id
from airflow_provider_mps.gallery import runs as module
from airflow_provider_mps.gallery.runs import PAGE, Filter, Runs
from tests.gallery.rows import BUCKET, result, task, told

TASK = "MpsImageBgFusionBatchOperator"


def rows(count: int) -> RunRows:
    entries: list[dict[str, Any]] = [
        {"key": f"sku-{index}", **result(f"task-{index}", f"/{index}.jpeg")} for index in range(count)
    ]
    for entry in entries[::10]:
        entry["Outputs"], entry["Error"] = [], {"Code": "Busy", "Message": "try later", "RequestId": ""}
    mapped = [told("fuse", result(f"mapped-{index}", f"/m{index}.jpeg"), map_index=index) for index in range(3)]
    tasks = [task("make", TASK), *(task("fuse", "MpsImageBgFusionOperator", map_index=index) for index in range(3))]
    return RunRows("success", tasks, [told("make", entries), *mapped], {})


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], RunRows]:
    """The rows of runs, and ``read`` of each look at them."""
    known: dict[tuple[str, str], RunRows] = {("dag", "run"): rows(100), ("dag", "long"): rows(2 * PAGE)}
    reads: list[tuple[str, str]] = []

    def read_run(dag_id: str, run_id: str, keys: Any) -> RunRows | None:
        reads.append((dag_id, run_id))
        return known.get((dag_id, run_id))

    monkeypatch.setattr(module, "read_run", read_run)
    monkeypatch.setattr(module, "_reads", reads, raising=False)
    return known


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("asked", "total"),
    [
        (Filter(), 103),
        (Filter(task="make"), 100),
        (Filter(task="fuse"), 3),
        (Filter(task="fuse", map_index=1), 1),
        (Filter(task="fuse", map_index=7), 0),
        # A map index alone is that of no task.
        (Filter(map_index=1), 103),
        (Filter(state="failed"), 10),
        (Filter(finding="Busy"), 10),
        (Filter(finding="Busy", task="fuse"), 0),
        (Filter(text="SKU-7"), 11),
        (Filter(text="TRY LATER"), 10),
        (Filter(text="mapped-2"), 1),
    ],
)
def test_a_filter(asked: Filter, total: int) -> None:
    found = Runs().page("dag", "run", asked, 0)
    assert found is not None
    assert (found["total"], len(found["results"])) == (total, total)


@pytest.mark.parametrize(
    ("asked", "total"),
    [
        (Filter(task="fuse"), 2),
        (Filter(task="fuse", iteration="loop-1"), 1),
        (Filter(task="fuse", iteration="loop-7"), 0),
        # An iteration alone is that of no task.
        (Filter(iteration="loop-1"), 2),
    ],
)
def test_a_filter_by_iteration(asked: Filter, total: int, database: dict[tuple[str, str], RunRows]) -> None:
    turns = [told("fuse", result(f"turn-{turn}", f"/t{turn}.jpeg"), turns=(turn,)) for turn in range(2)]
    database["dag", "loop"] = RunRows("success", [task("fuse", TASK, turns=(turn,)) for turn in range(2)], turns, {})
    found = Runs().page("dag", "loop", asked, 0)
    assert found is not None
    assert found["total"] == total


@pytest.mark.usefixtures("database")
def test_what_can_be_filtered_by_is_counted_for_the_task_that_is_looked_at() -> None:
    found = Runs().page("dag", "run", Filter(task="make", state="failed"), 0)
    assert found is not None
    assert (found["tasks"], found["states"], found["findings"]) == (
        ["fuse", "make"],
        {"failed": 10, "made": 90},
        {"Busy": 10},
    )


@pytest.mark.usefixtures("database")
def test_pages() -> None:
    runs = Runs()
    names: list[str] = []
    for offset in (0, PAGE, 2 * PAGE):
        found = runs.page("dag", "long", Filter(), offset)
        assert found is not None
        assert found["total"] == 2 * PAGE + 3
        names += [one["name"] for one in found["results"]]
    assert len(set(names)) == len(names) == 2 * PAGE + 3
    assert runs.page("dag", "no such run", Filter(), 0) is None


def test_only_pictures_of_the_run_are_found(database: dict[tuple[str, str], RunRows]) -> None:
    runs = Runs()
    known = picture_id(f"cos://{BUCKET}/1.jpeg")
    found = runs.source("dag", "run", known)
    assert found is not None
    assert found.address == f"cos://{BUCKET}/1.jpeg"
    for dag_id, run_id, picture in (
        ("dag", "run", picture_id(f"cos://{BUCKET}/secret.png")),
        ("dag", "run", picture_id(f"cos://{BUCKET}/1500.jpeg")),
        ("dag", "run", f"cos://{BUCKET}/1.jpeg"),
        ("dag", "no such run", known),
        ("other", "run", known),
    ):
        assert runs.source(dag_id, run_id, picture) is None
    assert database


@pytest.mark.usefixtures("database")
def test_a_page_of_pictures_reads_the_run_once() -> None:
    runs = Runs()
    runs.page("dag", "run", Filter(), 0)
    for index in range(1, 10):
        assert runs.source("dag", "run", picture_id(f"cos://{BUCKET}/{index}.jpeg")) is not None
    # Nor do many questions for what is not there.
    for index in range(10):
        assert runs.source("dag", "run", picture_id(f"cos://{BUCKET}/no-{index}.jpeg")) is None
    assert len(module._reads) == 1  # type: ignore[attr-defined]


def test_a_picture_that_came_a_moment_ago_is_found(
    database: dict[tuple[str, str], RunRows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FRESH_SECONDS", 0.0)
    runs = Runs()
    database["dag", "run"] = rows(5)
    runs.page("dag", "run", Filter(), 0)
    database["dag", "run"] = rows(100)
    assert runs.source("dag", "run", picture_id(f"cos://{BUCKET}/88.jpeg")) is not None


def test_a_run_with_more_pictures_than_are_remembered_shows_them_all_the_same(
    database: dict[tuple[str, str], RunRows], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_SOURCES", 50)
    runs = Runs()
    assert runs.source("dag", "run", picture_id(f"cos://{BUCKET}/1.jpeg")) is not None
    found = runs.page("dag", "run", Filter(), 0)
    assert found is not None
    assert "more than 50 pictures" in found["notes"][-1]
    assert database


@pytest.mark.usefixtures("database")
def test_many_tabs_and_filters_read_a_run_once_in_a_moment() -> None:
    runs = Runs()
    for asked in (Filter(), Filter(text="a"), Filter(text="ab"), Filter(task="make")):
        assert runs.page("dag", "run", asked, 0) is not None
    assert len(module._reads) == 1  # type: ignore[attr-defined]


def test_a_link_with_the_address_alone_finds_a_picture_too(database: dict[tuple[str, str], RunRows]) -> None:
    entry = {**result("task-1"), "Outputs": [{"uri": "s3://shop/a.png"}]}
    database["dag", "copies"] = RunRows("success", [task("copy", "x")], [told("copy", entry)], {})
    found = Runs().page("dag", "copies", Filter(), 0)
    assert found is not None
    [picture] = found["results"][0]["pictures"]
    for known in (picture["id"], picture_id("s3://shop/a.png")):
        source = Runs().source("dag", "copies", known)
        assert source is not None
        assert source.address == "s3://shop/a.png"
