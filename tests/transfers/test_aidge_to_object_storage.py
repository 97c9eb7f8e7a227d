"""From Aidge to COS, to the disk, and to an object storage that fsspec knows."""

from __future__ import annotations

import io
import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, ObjectStoragePath
from fsspec.implementations.memory import MemoryFile, MemoryFileSystem
from PIL import Image
from tenacity import wait_none

from airflow_provider_mps.core import calls
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.exceptions import (
    AidgeError,
    AidgePermanentError,
    AidgeTooFewImagesError,
    InvalidArgumentError,
    TencentCloudError,
)
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.aidge.requests import Generation
from airflow_provider_mps.services.aidge.words import AidgeAction
from airflow_provider_mps.storage import object_storage, whole
from airflow_provider_mps.transfers.aidge_to_object_storage import AidgeToObjectStorageOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from tests.memory_storage import attach_memory
from tests.task_context import execute, make_context

pytestmark = pytest.mark.usefixtures("aidge_conn_id", "conn_id")

QUERY, GET = AidgeAction.QUERY.value, "GetResult"


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", wait_none())


@pytest.fixture(autouse=True)
def _memory() -> None:
    attach_memory()


def copy(images: Any, dest: str, **arguments: Any) -> Any:
    return execute(AidgeToObjectStorageOperator(task_id="copy", images=images, dest=dest, **arguments), make_context())


@pytest.fixture
def make_result(service: LocalService, aidge_conn_id: str) -> Callable[..., dict[str, Any]]:
    def make(count: int = 2, scene: int = 3) -> dict[str, Any]:
        hook = AidgeHook(aidge_conn_id)
        url = f"{service.url}/_local/samples/coffee-large.jpg"
        task_id = hook.submit(Generation(image_url=url, scene_id=scene, image_num=count).request(lambda *_: b""))
        for _ in range(200):
            state = hook.look(task_id)
            if isinstance(state, TaskState) and state.result is not None:
                return state.result
            time.sleep(0.05)
        raise AssertionError("the task does not finish")

    return make


def is_picture(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture.format == "JPEG"


def test_to_cos(service: LocalService, make_result: Callable[..., Any], tmp_path: Path) -> None:
    result = make_result()
    for dest in (f"cos://{service.bucket}/spring/", "cos:///spring"):
        found = copy(result, dest)
        assert [one["path"] for one in found] == [f"/spring/{result['TaskId']}-{number}.jpg" for number in (1, 2)]
        assert [one["uri"] for one in found] == [f"cos://{service.bucket}{one['path']}" for one in found]
        for one in found:
            data = service.get_object(service.bucket, one["path"])
            assert is_picture(data)
            assert (one["size"], one["scene"], one["region"]) == (len(data), "3", "ap-guangzhou")
    # What comes out is what the transfer to the disk takes.
    operator = CosToLocalFilesystemOperator(task_id="fetch", outputs=found, local_dir=str(tmp_path))
    assert [Path(path).name for path in execute(operator, make_context())] == [Path(o["path"]).name for o in found]


def test_to_the_disk(make_result: Callable[..., Any], tmp_path: Path) -> None:
    result = make_result()
    for dest in (str(tmp_path / "a" / "b"), f"file://{tmp_path}/c/"):
        found = copy([result], dest)
        for number, one in enumerate(found, 1):
            path = Path(one["uri"].removeprefix("file://"))
            assert path.name == f"{result['TaskId']}-{number}.jpg"
            assert is_picture(path.read_bytes())
            assert one == {"uri": one["uri"], "size": path.stat().st_size, "scene": "3"}
        assert {file.name for file in path.parent.iterdir()} == {f"{result['TaskId']}-{n}.jpg" for n in (1, 2)}


def test_to_the_home_of_the_user(
    make_result: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    for dest in ("~/pictures", "~/pictures/"):
        assert [one["uri"] for one in copy(make_result(), dest, name="cup-{n}")] == [
            f"{tmp_path}/home/pictures/cup-{number}.jpg" for number in (1, 2)
        ]
    assert [path.name for path in tmp_path.rglob("*.jpg")] == ["cup-1.jpg", "cup-2.jpg"]
    assert len(object_storage.ObjectStorage().read("image_path", "~/pictures/cup-1.jpg", 10**6)) > 1000
    with pytest.raises(InvalidArgumentError, match="dest: expected a path, and the home of that user is not known"):
        copy(make_result(), "~nobody-of-that-name/pictures")


def test_names_on_the_disk_are_those_that_are_returned(make_result: Callable[..., Any], tmp_path: Path) -> None:
    stored = copy(make_result(), str(tmp_path), name="Cup? #2\n{n}")
    assert [Path(one["uri"]) for one in stored] == sorted(tmp_path.iterdir())
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["Cup- -2-1.jpg", "Cup- -2-2.jpg"]


def test_to_an_object_storage(make_result: Callable[..., Any]) -> None:
    results = [make_result(), make_result(3, scene=4)]
    found = copy(results, "memory://shop/pictures")
    assert len(found) == 5
    assert [one["scene"] for one in found] == ["3"] * 2 + ["4"] * 3
    for one in found:
        path = ObjectStoragePath(one["uri"])
        with path.open("rb") as file:
            assert is_picture(file.read())


def test_one_connection_for_all_pictures(service: LocalService, make_result: Callable[..., Any]) -> None:
    connection = service.connection()
    connection["extra"]["role_arn"] = "qcs::cam::uin/1:roleName/x"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_ROLE", json.dumps(connection))
        assert len(copy(make_result(8), "cos:///spring/", tencentcloud_conn_id="role")) == 8
    assert len(service.calls("PutObject")) == 8
    assert len(service.calls("AssumeRole")) == 1


def test_one_that_breaks_off_takes_no_other_with_it(
    make_result: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    carried, lock = shutil.copyfileobj, threading.Lock()
    count = 0

    def breaks_off_once(source: Any, stored: Any, size: int) -> None:
        nonlocal count
        with lock:
            count += 1
            mine = count
        time.sleep(0.02 * mine)
        carried(source, stored, size)
        if mine == 4:
            raise ConnectionError("broken pipe")

    result = make_result(8)
    monkeypatch.setattr(whole.shutil, "copyfileobj", breaks_off_once)
    with pytest.raises(ConnectionError, match="broken pipe"):
        copy(result, "memory://together/a", max_workers=8)
    stored = list(ObjectStoragePath("memory://together/a").iterdir())
    assert len(stored) == count - 1 >= 3
    for path in stored:
        with path.open("rb") as file:
            assert is_picture(file.read())


def test_a_path_of_another_kind(make_result: Callable[..., Any], tmp_path: Path) -> None:
    result = make_result()
    for dest in (
        tmp_path / "a",
        ObjectStoragePath(f"file://{tmp_path}/b"),
        ObjectStoragePath("memory://kind/{{ ds }}"),
    ):
        assert len(copy(result, dest)) == 2


def test_an_id_makes_a_name_of_its_own(
    make_result: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = make_result()
    addresses = AidgeHook("aidge_default").get_addresses(result["TaskId"])
    monkeypatch.setattr(AidgeHook, "get_addresses", lambda hook, task_id, count: addresses)
    strange = [{"TaskId": task_id} for task_id in ("a/b", "a:b", "../a", "a%2Fb")]
    found = copy(strange, str(tmp_path / "in"))
    assert len({one["uri"] for one in found}) == 8
    assert len(list((tmp_path / "in").iterdir())) == 8
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_result_with_fewer_pictures_than_it_had(make_result: Callable[..., Any], tmp_path: Path) -> None:
    result = make_result(2)
    more = {**result, "Images": [*result["Images"], {"url": "https://a/b.jpg", "scene": "3", "message": ""}]}
    with pytest.raises(AidgeError, match="2 of 3 pictures have an address"):
        copy(more, str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_task_without_pictures(service: LocalService, make_result: Callable[..., Any]) -> None:
    result = make_result()
    service.add_fault(kind="error", action=QUERY, code="1000", message="sensitive")
    with pytest.raises(AidgePermanentError, match="1000"):
        copy(result, "memory://none/a")


def test_a_storage_that_airflow_does_not_know(make_result: Callable[..., Any], service: LocalService) -> None:
    result = make_result()
    service.backend.journal.clear()
    with pytest.raises(InvalidArgumentError, match=r"dest: nowhere://shop/a.* provider of this storage"):
        copy(result, "nowhere://shop/a")
    assert not service.journal


def test_a_store_without_transactions_keeps_no_part(
    make_result: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ObjectStoragePath("memory://partial/a")

    def half(source: Any, stored: Any, size: int) -> None:
        # As a file system that stores at close, whatever has come so far.
        MemoryFileSystem.store[f"{folder.path}/{name}"] = MemoryFile(
            MemoryFileSystem(), f"{folder.path}/{name}", b"half"
        )
        raise ConnectionError("broken pipe")

    result = make_result()
    name = f"{result['TaskId']}-1.jpg"
    monkeypatch.setattr(whole.shutil, "copyfileobj", half)
    with pytest.raises(ConnectionError, match="broken pipe"):
        copy(result, str(folder), max_workers=1)
    assert not (folder / name).exists()


def test_a_retry_replaces_what_is_there(make_result: Callable[..., Any], tmp_path: Path) -> None:
    result = make_result()
    first = copy(result, str(tmp_path))
    Path(first[0]["uri"]).write_bytes(b"old")
    assert copy(result, str(tmp_path)) == first
    assert is_picture(Path(first[0]["uri"]).read_bytes())


def test_addresses_that_have_expired_are_asked_for_again(
    make_result: Callable[..., Any], service: LocalService, tmp_path: Path
) -> None:
    result = make_result()
    service.backend.journal.clear()
    service.add_fault(kind="http", action=GET, status=403)
    with pytest.raises(AidgeError, match="HTTP 403") as caught:
        copy(result, str(tmp_path))
    assert not isinstance(caught.value, AirflowFailException)
    assert not list(tmp_path.iterdir())
    service.clear_faults()
    # All six times with the address that it has, then once with one that is asked for anew.
    service.backend.journal.clear()
    service.add_fault(kind="http", action=GET, status=403, times=6)
    assert len(copy(result, str(tmp_path), max_workers=1)) == 2
    assert len(service.calls(QUERY)) == 2
    assert len(service.calls(GET)) == 8


def test_each_picture_is_whole_or_absent(
    make_result: Callable[..., Any], service: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = make_result(3)
    service.add_fault(kind="truncate", action=GET, n=100, after=1)
    for dest in (str(tmp_path / "disk"), "memory://broken/a", "cos:///broken/"):
        with pytest.raises(AidgeError, match="GetResult"):
            copy(result, dest, max_workers=1)
        service.clear_faults()
        service.add_fault(kind="truncate", action=GET, n=100, after=1)
    assert [path.name for path in (tmp_path / "disk").iterdir()] == [f"{result['TaskId']}-1.jpg"]
    service.clear_faults()

    def full(*arguments: Any) -> Any:
        arguments[1].write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space left"):
        copy(result, "memory://full/a")
    assert not ObjectStoragePath("memory://full/a").exists() or not list(ObjectStoragePath("memory://full/a").iterdir())


def test_what_is_stored_short_is_removed(make_result: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole.shutil, "copyfileobj", lambda source, stored, size: stored.write(b"short"))
    with pytest.raises(AirflowException, match=r"has 5 bytes, [\d,]+ were sent; it was removed"):
        copy(make_result(), "memory://short/a")
    folder = ObjectStoragePath("memory://short/a")
    assert not folder.exists() or not list(folder.iterdir())


def test_cos_does_not_take_it(make_result: Callable[..., Any], service: LocalService) -> None:
    service.add_fault(kind="http", action="PutObject", status=503)
    with pytest.raises(TencentCloudError, match="PutObject"):
        copy(make_result(), "cos:///spring/")


def test_a_task_that_aidge_does_not_know(service: LocalService) -> None:
    with pytest.raises(AidgePermanentError, match="700"):
        copy({"TaskId": "no-such-task", "Images": []}, "cos:///spring/")


def test_pictures_that_could_not_be_made_are_left_out(service: LocalService, make_result: Callable[..., Any]) -> None:
    service.add_fault(kind="task_fail", action=AidgeAction.GENERATE.value, inner=True, message="too dark")
    assert len(copy(make_result(3), "memory://part/a")) == 2


@pytest.mark.parametrize(
    ("images", "dest", "said"),
    [
        (None, "cos:///a/", "images: expected a result of Aidge"),
        ([], "cos:///a/", "images: expected a result of Aidge"),
        ("x", "cos:///a/", "images: expected a result of Aidge"),
        ({"Images": []}, "cos:///a/", "images: expected a result of Aidge, with its TaskId"),
        ([{"TaskId": "t"}, 5], "cos:///a/", "images: expected a result of Aidge, with its TaskId"),
        ({"TaskId": ""}, "cos:///a/", r"images\['TaskId'\]: expected a text"),
        ({"TaskId": "t"}, "", "dest: expected a text"),
        ({"TaskId": "t"}, "cos://x/a/", "dest: expected a COS bucket with its APPID"),
        ({"TaskId": "t"}, "https://example.com/a/", "dest: expected a folder"),
        ({"TaskId": "t"}, "s3://bucket/a?versionId=1", "dest: expected a folder"),
        ({"TaskId": "t"}, "/data/a\nb/", "dest: expected a folder"),
        ({"TaskId": "t"}, "/data/a\0b/", "dest: expected a folder"),
    ],
)
def test_bad_arguments_are_named(images: Any, dest: str, said: str, service: LocalService) -> None:
    operator = AidgeToObjectStorageOperator(task_id="copy", images={"TaskId": "t"}, dest="cos:///a/")
    operator.images, operator.dest = images, dest
    with pytest.raises(InvalidArgumentError, match=said):
        execute(operator, make_context())
    assert not service.journal


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"dest": "cos:///a/", "cos_region": "Bad Region"}, "cos_region: expected a region"),
        ({"dest": "cos:///a/", "tencentcloud_conn_id": "no_bucket"}, "dest: no COS bucket: give cos://bucket/key"),
        ({"dest": f"cos:///{'a' * 830}/"}, "dest: expected a COS object key"),
    ],
)
def test_what_cannot_be_stored_is_said_before_anything_is_fetched(
    arguments: dict[str, Any], said: str, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = service.connection()
    del connection["extra"]["cos_bucket"]
    monkeypatch.setenv("AIRFLOW_CONN_NO_BUCKET", json.dumps(connection))
    operator = AidgeToObjectStorageOperator(
        task_id="copy", **{"images": {"TaskId": "t" * 32}, **arguments, "cos_region": None}
    )
    operator.cos_region = arguments.get("cos_region")
    with pytest.raises(InvalidArgumentError, match=said):
        execute(operator, make_context())
    assert not service.journal


def test_signatures_and_keys_stay_out_of_sight(
    make_result: Callable[..., Any], service: LocalService, lines: Callable[[], str]
) -> None:
    found = copy(make_result(), "memory://quiet/a")
    told = lines() + repr(found)
    for secret in ("Signature=", "sign=", service.aidge_secret, service.secret_key):
        assert secret not in told


def test_names_of_titles_and_scenes(make_result: Callable[..., Any], tmp_path: Path) -> None:
    found = copy(make_result(3), str(tmp_path), name="{title}-{scene}-{n}", title="Coffee cup / ../50%")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(found) == len(names) == 3
    assert all(name.startswith("Coffee-cup-..-50-") for name in names)
    assert [name.rpartition("-")[2][0] for name in names] == ["1", "2", "3"]


def test_names_that_meet_are_refused_before_a_copy(
    make_result: Callable[..., Any], service: LocalService, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArgumentError, match=r"would both be named 'cup'; put \{n\} and \{task_id\} in it"):
        copy(make_result(2), str(tmp_path), name="{title}", title="cup")
    assert not service.calls(GET)


def test_too_few_pictures_are_stored_and_then_said(make_result: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(AidgeTooFewImagesError, match=r"2 pictures of Aidge, and min_images=3\. What there is"):
        copy(make_result(2), str(tmp_path), min_images=3)
    assert len(list(tmp_path.iterdir())) == 2
