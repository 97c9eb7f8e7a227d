"""What the buttons of a task open."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.compat import SHOWS_PAGES
from airflow_provider_mps.core.gallery_paths import picture_id
from airflow_provider_mps.gallery.sources import AidgePicture, Connections, source_of_output
from airflow_provider_mps.get_provider_info import get_provider_info
from airflow_provider_mps.links.console import MpsConsoleLink
from airflow_provider_mps.links.gallery import GalleryLink, ResultLink, address_of, note_result
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.aidge import (
    AidgeBackgroundGenerationBatchOperator,
    AidgeBackgroundGenerationOperator,
    AidgeSceneSearchOperator,
)
from airflow_provider_mps.operators.mps import (
    MpsImageBgFusionBatchOperator,
    MpsImageBgFusionOperator,
    MpsProcessImageOperator,
)
from airflow_provider_mps.operators.pictures import ContactSheetOperator, PictureCheckOperator, PictureLabelOperator
from airflow_provider_mps.sensors.aidge import AidgeImageTaskSensor
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.services.tencentcloud.answers import cos_object
from airflow_provider_mps.transfers.aidge_to_object_storage import AidgeToObjectStorageOperator
from tests.task_context import execute, make_context

IDS = st.text(min_size=1, max_size=60)
RESULT = {"TaskId": "1-t", "Outputs": [cos_object("b-1", "ap-guangzhou", "/o/a b+c.png")]}


def key(dag_id: str = "d", run_id: str = "r", task_id: str = "t", map_index: int = -1) -> Any:
    return SimpleNamespace(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index)


def asked(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query, strict_parsing=True).items()}


@given(IDS, IDS, IDS, st.integers(-1, 5000))
def test_the_gallery_is_asked_for_this_task_of_this_run(dag_id: str, run_id: str, task_id: str, map_index: int) -> None:
    path = GalleryLink().get_link(None, ti_key=key(dag_id, run_id, task_id, map_index))
    assert path.startswith("/mps-gallery/run?")
    assert urlsplit(path).fragment == ""
    index = {"map_index": str(map_index)} if map_index >= 0 else {}
    assert asked(path) == {"dag_id": dag_id, "run_id": run_id, "task": task_id, **index}


RUN = "manual__2026-11-30T01:02:03.4+00:00 &run_id=x#y?z=1"


def test_a_result_is_a_picture_of_the_gallery() -> None:
    operator = SimpleNamespace()
    assert ResultLink().get_link(operator, ti_key=key()) == ""
    note_result(operator, RESULT)
    path = ResultLink().get_link(operator, ti_key=key(run_id=RUN))
    assert path.startswith("/mps-gallery/picture?")
    found = asked(path)
    assert found == {
        "dag_id": "d",
        "run_id": RUN,
        "id": picture_id("cos://b-1/o/a b+c.png"),
        "size": "full",
    }
    # Nothing of where it is.
    assert "b-1" not in path


@pytest.mark.parametrize("base_url", ["https://x.example/airflow/", "https://x.example/airflow", "/airflow"])
def test_pages_beneath_a_path_of_their_own(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    operator = SimpleNamespace()
    note_result(operator, RESULT)
    for link in (GalleryLink(), ResultLink()):
        assert link.get_link(operator, ti_key=key()).startswith("/airflow/mps-gallery/")


@pytest.mark.parametrize(
    ("result", "address"),
    [
        (RESULT, "cos://b-1/o/a b+c.png"),
        ({"Outputs": [{"content": "text"}, {"bucket": "b-1", "path": "o/a.png"}]}, "cos://b-1/o/a.png"),
        ({"Outputs": [{"uri": "s3://b/a.png"}]}, "s3://b/a.png"),
        ({"Outputs": [{"uri": "/data/a.png"}]}, ""),
        ({"Outputs": [{"uri": "file:///data/a.png"}]}, ""),
        ({"Outputs": [{"uri": "https://x.example/a.png?sign=0123456789abcdef"}]}, ""),
        ({"TaskId": "7", "Images": [{"url": None}, {"url": "u"}]}, "aidge:7/1"),
        ({"TaskId": "7", "Images": [{"url": None}]}, ""),
        ({"TaskId": "7", "Outputs": []}, ""),
        ({"Outputs": None, "Images": 7}, ""),
        ({"Outputs": ["x", None, {}, {"uri": 7}, {"bucket": 1, "path": 2}]}, ""),
        ("1250000000-ImageTask-1", ""),
        (None, ""),
        ([RESULT], ""),
    ],
)
def test_which_picture_a_result_shows(result: Any, address: str) -> None:
    assert address_of(result) == address


TEXT = (
    st.none()
    | st.integers()
    | st.sampled_from(
        [
            "",
            "b-1",
            "/o/a.png",
            "o/a b.png",
            "cos://b-1/o/a.png",
            "cos:///o/a.png",
            "cos://conn@b-1/a",
            "s3://b/a.png",
            "/data/a.png",
            "file:///a.png",
            "FTP://x/a.png",
            "https://x.example/a.png",
            "memory://a",
            "://",
        ]
    )
)
OUTPUT = st.dictionaries(st.sampled_from(["bucket", "path", "cos_uri", "uri", "content"]), TEXT)


@given(st.lists(OUTPUT, max_size=3), st.booleans())
def test_the_gallery_knows_a_picture_by_the_same_address(outputs: list[dict[str, Any]], is_made: bool) -> None:
    result = {"TaskId": "7", "Outputs": outputs, "Images": [{"url": None}, {"url": "u"}] if is_made else []}
    # Its own task has used the connection that it names.
    of_task = Connections(named=frozenset({"conn"}))
    known = [source for one in outputs if (source := source_of_output(one, of_task)) is not None]
    aidge = [AidgePicture("7", 1, "aidge_default")] if is_made else []
    expected = next(iter([*known, *aidge]), None)
    assert address_of(result) == ("" if expected is None else expected.address)


@pytest.mark.parametrize(
    ("endpoint", "page"),
    [
        (None, "https://console.cloud.tencent.com/mps/tasks"),
        ("mps.tencentcloudapi.com", "https://console.cloud.tencent.com/mps/tasks"),
        ("mps.ap-guangzhou.tencentcloudapi.com:443", "https://console.cloud.tencent.com/mps/tasks"),
        ("mps.intl.tencentcloudapi.com", "https://console.tencentcloud.com/mps/tasks"),
        ("MPS.INTL.TENCENTCLOUDAPI.COM.", "https://console.tencentcloud.com/mps/tasks"),
        ("127.0.0.1:8000", ""),
        ("mps.tencentcloudapi.com.attacker.example", ""),
        ("eviltencentcloudapi.com", ""),
        ("tencentcloudapi.com", ""),
    ],
)
def test_the_console_is_that_of_the_site(endpoint: str | None, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {} if endpoint is None else {"endpoint": endpoint, "region": "ap-singapore"}
    connection = {"conn_type": "tencentcloud", "login": "AKIDxxxxxxxxxxxx", "password": "s" * 32, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SITE", json.dumps(connection))
    operator = SimpleNamespace(tencentcloud_conn_id="site")
    assert MpsConsoleLink().get_link(operator, ti_key=key()) == page


@pytest.mark.parametrize("conn_id", ["nowhere", "{{ params.conn }}", 7, ""])
def test_a_connection_that_is_not_there_has_no_button_and_no_error(conn_id: Any) -> None:
    assert MpsConsoleLink().get_link(SimpleNamespace(tencentcloud_conn_id=conn_id), ti_key=key()) == ""


def test_the_provider_names_all_links_so_that_airflow_2_shows_them() -> None:
    named = set(get_provider_info()["extra-links"])
    for link in (GalleryLink, ResultLink, MpsConsoleLink):
        assert f"{link.__module__}.{link.__qualname__}" in named


SUBJECT = {"subject_cos_key": "/a.png", "prompt": "x"}
PAYLOAD = {"InputInfo": {"Type": "URL", "UrlInputInfo": {"Url": "https://x.example/a.jpg"}}, "ScheduleId": 30000}
GALLERY, RESULT_NAMES = ["Pictures"], ["Pictures", "Result"]


@pytest.mark.parametrize(
    ("operator", "names", "is_of_mps"),
    [
        (MpsImageBgFusionOperator(task_id="t", **SUBJECT), RESULT_NAMES, True),
        (MpsProcessImageOperator(task_id="t", payload=PAYLOAD), RESULT_NAMES, True),
        (MpsImageTaskSensor(task_id="t", mps_task_id="x"), RESULT_NAMES, True),
        (MpsImageBgFusionBatchOperator(task_id="t", requests=[]), GALLERY, True),
        (AidgeBackgroundGenerationOperator(task_id="t", image_url="https://x/a.jpg", scene_id=1), RESULT_NAMES, False),
        (AidgeImageTaskSensor(task_id="t", aidge_task_id="1"), RESULT_NAMES, False),
        (AidgeBackgroundGenerationBatchOperator(task_id="t", requests=[], dest="cos:///a/"), GALLERY, False),
        (AidgeToObjectStorageOperator(task_id="t", images=[], dest="cos:///a/"), GALLERY, False),
        (AidgeSceneSearchOperator(task_id="t", product_title="cup"), [], False),
        (PictureCheckOperator(task_id="t", pictures=[]), GALLERY, False),
        (PictureLabelOperator(task_id="t", pictures=[]), GALLERY, False),
        (ContactSheetOperator(task_id="t", pictures=[], dest="cos:///a/"), RESULT_NAMES, False),
    ],
    ids=lambda one: type(one).__name__,
)
def test_which_tasks_have_which_buttons(operator: Any, names: list[str], is_of_mps: bool) -> None:
    """Airflow before 3.1 has no gallery."""
    expected = (names if SHOWS_PAGES else []) + (["MPS console"] if is_of_mps else [])
    assert [link.name for link in operator.operator_extra_links] == expected


def test_a_task_shows_its_picture_when_it_is_there(service: LocalService, conn_id: str) -> None:
    given = {"task_id": "t", "wait_for_completion": True, "deferrable": False, "poll_interval": 0.2}
    make = MpsImageBgFusionOperator(subject_cos_key="/samples/coffee.png", prompt="x", **given)
    result = execute(make, make_context(task_id="t"))
    assert address_of(result) == make.picture_address == result["Outputs"][0]["cos_uri"]
    for deferrable in (True, False):
        wait = MpsImageTaskSensor(task_id="w", mps_task_id=result["TaskId"], poke_interval=0.1, deferrable=deferrable)
        assert execute(wait, make_context(task_id="w"))["TaskId"] == result["TaskId"]
        assert wait.picture_address == make.picture_address
    sheet = ContactSheetOperator(task_id="s", pictures=result, dest="cos:///sheets/")
    found = execute(sheet, make_context(task_id="s"))
    assert sheet.picture_address == found["Outputs"][0]["cos_uri"]
    assert MpsConsoleLink().get_link(make, ti_key=key()) == ""
