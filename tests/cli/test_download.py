from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.cli import services
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.tencentcloud.answers import cos_object
from tests.cli.conftest import Typed
from tests.cli.test_task import finished, submit_to_aidge

KEY = "/output/bgfusion/coffee.jpeg"


@pytest.fixture
def outputs_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the service say that a task has made certain objects, given as buckets and keys."""
    ask = services.Asker.ask

    def put(*objects: tuple[str, str]) -> None:
        outputs = [cos_object(bucket, "ap-guangzhou", key) for bucket, key in objects]

        def asked(self: Any, task_id: str) -> Any:
            answer = ask(self, task_id)
            state = answer.state
            return answer._replace(state=replace(state, result={**(state.result or {}), "Outputs": outputs}))

        monkeypatch.setattr(services.Asker, "ask", asked)

    return put


@pytest.fixture
def task_id(typed: Callable[..., Typed], submitted: Callable[..., str]) -> str:
    made = submitted()
    assert finished(typed, made).code == 0
    return made


def test_into_a_folder(typed: Callable[..., Typed], task_id: str, service: LocalService, tmp_path: Path) -> None:
    said = typed("download", task_id, str(tmp_path / "new" / "folder"))
    assert said.code == 0
    file = tmp_path / "new" / "folder" / "coffee.jpeg"
    data = service.get_object(service.bucket, KEY)
    assert file.read_bytes() == data
    assert said.out == f"{len(data):,}  {file}\n"
    assert [path.name for path in file.parent.iterdir()] == ["coffee.jpeg"]


def test_into_a_file(typed: Callable[..., Typed], task_id: str, service: LocalService, tmp_path: Path) -> None:
    file = tmp_path / "cup  of coffee.jpg"
    said = typed("download", task_id, str(file), "-o", "json")
    size = len(service.get_object(service.bucket, KEY))
    assert said.data == [{"path": str(file), "size": size, "source": f"cos://{service.bucket}{KEY}"}]
    assert typed("download", task_id, str(tmp_path / "b.jpg"), "-o", "plain").out == f"{tmp_path / 'b.jpg'}\t{size}\n"
    assert file.stat().st_size == size


@pytest.mark.parametrize("dest", ["coffee.jpeg", "."])
def test_nothing_is_replaced_silently(
    typed: Callable[..., Typed], task_id: str, service: LocalService, tmp_path: Path, dest: str
) -> None:
    file = tmp_path / "coffee.jpeg"
    file.write_text("mine")
    before = len(service.calls("GetObject"))
    said = typed("download", task_id, str(tmp_path / dest))
    assert said.code == 1
    assert "there already" in said.errors
    assert "--overwrite" in said.errors
    assert file.read_text() == "mine"
    assert len(service.calls("GetObject")) == before
    assert typed("download", task_id, str(tmp_path / dest), "--overwrite").code == 0
    assert file.read_bytes() == service.get_object(service.bucket, KEY)


def test_what_another_has_put_there_meanwhile_is_kept(
    typed: Callable[..., Typed], task_id: str, service: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mps.hooks.cos import CosHook

    file, fetch = tmp_path / "coffee.jpeg", CosHook.download_file

    def late(*given: Any) -> Any:
        file.write_text("another's")
        return fetch(*given)

    monkeypatch.setattr(CosHook, "download_file", late)
    said = typed("download", task_id, str(tmp_path))
    assert said.code == 1
    assert "is there already" in said.errors
    assert file.read_text() == "another's"


def test_a_broken_file_is_none(
    typed: Callable[..., Typed], task_id: str, service: LocalService, tmp_path: Path
) -> None:
    service.add_fault(kind="wrong_byte", action="GetObject")
    said = typed("download", task_id, str(tmp_path))
    assert said.code == 1
    assert "Error: NotWhole (tencentcloud_default)" in said.errors
    assert not list(tmp_path.iterdir())
    # A byte that is wrong once is fetched again.
    service.clear_faults()
    service.add_fault(kind="wrong_byte", action="GetObject", times=1)
    assert typed("download", task_id, str(tmp_path)).code == 0


def test_several_pictures(typed: Callable[..., Typed], service: LocalService, tmp_path: Path) -> None:
    task_id = submit_to_aidge(service)
    finished(typed, task_id)
    said = typed("download", task_id, str(tmp_path / "one.jpg"))
    assert said.code == 2
    assert "has 4 pictures" in said.errors
    said = typed("download", task_id, str(tmp_path / "all"), "-o", "json")
    assert said.code == 0
    files = [Path(one["path"]) for one in said.data]
    assert [file.name for file in files] == [f"{task_id}-{number}.jpg" for number in range(1, 5)]
    assert [file.stat().st_size for file in files] == [one["size"] for one in said.data]
    assert "?" not in json.dumps(said.data)
    again = typed("download", task_id, str(tmp_path / "all"))
    assert again.code == 1
    assert "4 files there already" in again.errors


def test_a_task_without_pictures_to_fetch(
    typed: Callable[..., Typed], submitted: Callable[..., str], tmp_path: Path
) -> None:
    runs = submitted(kind="task_seconds", seconds=60)
    said = typed("download", runs, str(tmp_path / "d"))
    assert said.code == 3
    assert "is not done yet (WAITING)" in said.errors
    assert f"task \\\n    {runs} --wait" in said.err
    failed = submitted(kind="task_fail", err_code=70001, err_msg="InvalidInput", message="no such picture")
    finished(typed, failed)
    said = typed("download", failed, str(tmp_path / "d"))
    assert said.code == 1
    assert said.err.startswith("Error: 70001 InvalidInput: Check the arguments.")
    assert not (tmp_path / "d").exists()


def test_a_text_is_no_file(
    typed: Callable[..., Typed], service: LocalService, conn_id: str, payload: dict[str, Any], tmp_path: Path
) -> None:
    asked = {"InputInfo": payload["InputInfo"], "ImageTask": {"ImageQualityConfig": {"Attributes": ["IQA"]}}}
    task_id = MpsHook(conn_id).process_image(asked)
    finished(typed, task_id)
    said = typed("download", task_id, str(tmp_path))
    assert said.code == 1
    assert "1 output without a file" in said.errors
    assert "has no picture to fetch" in said.errors


def test_a_place_that_is_none(typed: Callable[..., Typed], task_id: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for dest, code in (("file", 2), ("file/inside", 1), ("x" * 300 + ".jpg", 1)):
        said = typed("download", task_id, str(tmp_path / dest))
        assert said.code == code
        assert "Traceback" not in said.errors
    assert (tmp_path / "file").read_text() == "mine"
    assert typed("download", task_id, "").code == 2


@pytest.mark.parametrize("dest", ["cos://shop-1250000000/pictures/", "s3://shop/pictures/", "-", "FILE:///data/"])
def test_a_place_that_is_not_on_this_disk(
    typed: Callable[..., Typed], task_id: str, dest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = typed("download", task_id, dest)
    assert said.code == 2
    assert said.err.startswith("Error: DEST: ")
    assert "folder on this disk" in said.errors
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told_first_and_what_to_do(
    typed: Callable[..., Typed], task_id: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    said = typed("download", task_id, str(tmp_path / "file" / "inside"))
    assert said.code == 1
    assert said.err.startswith("Error: DEST cannot be written: Not a directory.")
    assert "Give another DEST" in said.errors
    assert str(tmp_path / "file") in said.err
    assert "Errno" not in said.err


def test_a_picture_that_is_gone(
    typed: Callable[..., Typed],
    task_id: str,
    service: LocalService,
    tmp_path: Path,
    outputs_of: Callable[..., None],
) -> None:
    there, gone = (service.bucket, KEY), (service.bucket, "/gone/cup.jpeg")
    outputs_of(there, gone)
    said = typed("download", task_id, str(tmp_path), "-o", "json")
    assert said.code == 1
    first, *more = said.err.split("\n  COS ")
    assert "Error: NoSuchKey (tencentcloud_default)" in first
    # What to do, and what has arrived all the same, stand behind what the service has said.
    told = " ".join(more[0].split())
    assert "clear the Airflow task" in told
    assert told.endswith("1 file of 2 there.")
    assert [Path(one["path"]).name for one in said.data] == ["coffee.jpeg"]


@pytest.mark.parametrize("key", ["/../../etc/cup.jpeg", "/a/..", "/a/b\x1b[31m.jpeg", "/a/", "/a\\b.jpeg"])
def test_a_name_that_would_leave_the_folder(
    typed: Callable[..., Typed],
    task_id: str,
    service: LocalService,
    tmp_path: Path,
    outputs_of: Callable[..., None],
    key: str,
) -> None:
    outputs_of((service.bucket, key))
    said = typed("download", task_id, str(tmp_path / "d"))
    assert said.code == 1
    assert said.err.startswith("Error: The name of a picture cannot be a file in DEST. Nothing was fetched.")
    assert "local_dir" not in said.errors
    assert said.err.replace("\n", "").isprintable()
    assert not list(tmp_path.iterdir())


def test_of_many_files_that_are_there_some_are_named(
    typed: Callable[..., Typed], service: LocalService, tmp_path: Path
) -> None:
    task_id = submit_to_aidge(service)
    finished(typed, task_id)
    for number in range(1, 5):
        (tmp_path / f"{task_id}-{number}.jpg").touch()
    said = typed("download", task_id, str(tmp_path))
    assert "-3.jpg and 1 more. Nothing was fetched." in said.errors
