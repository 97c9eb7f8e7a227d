"""Where the pictures of several results land."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from tests.task_context import execute, make_context

pytestmark = pytest.mark.usefixtures("conn_id")


@pytest.fixture
def outputs(service: LocalService) -> list[dict[str, Any]]:
    keys = [f"/catalogue/{sku}/main.jpg" for sku in ("sku1", "sku2")]
    for key in keys:
        service.put_object(service.bucket, key.lstrip("/"), key.encode())
    return [{"bucket": service.bucket, "region": service.region, "path": key} for key in keys]


def fetch(outputs: Any, folder: Path, **how: Any) -> Any:
    transfer = CosToLocalFilesystemOperator(task_id="t", outputs=outputs, local_dir=str(folder), **how)
    return execute(transfer, make_context())


@pytest.mark.parametrize(("keep", "below"), [(False, ""), (True, "catalogue/")])
def test_one_name_under_two_folders(outputs: list[dict[str, Any]], keep: bool, below: str, tmp_path: Path) -> None:
    expected = [str(tmp_path / f"{below}{sku}" / "main.jpg") for sku in ("sku1", "sku2")]
    for _ in range(2):
        assert fetch(outputs, tmp_path, keep_folders=keep) == expected
    assert [Path(path).read_text() for path in expected] == ["/catalogue/sku1/main.jpg", "/catalogue/sku2/main.jpg"]


def test_a_folder_that_leads_out_is_refused(
    outputs: list[dict[str, Any]], service: LocalService, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "sku2").symlink_to(tmp_path / "outside")
    with pytest.raises(InvalidArgumentError, match=r"local_dir: .*sku2' is a symbolic link that leaves"):
        fetch(outputs, tmp_path / "in")
    assert not list((tmp_path / "outside").iterdir())
    assert not service.journal


def test_the_folder_itself_may_be_a_link(outputs: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert len(fetch(outputs, tmp_path / "link")) == 2
    assert (tmp_path / "real" / "sku1" / "main.jpg").exists()


@pytest.mark.parametrize("wrong", [None, 1, "true"])
def test_keep_folders_is_true_or_false(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="keep_folders: expected True or False"):
        CosToLocalFilesystemOperator(task_id="t", outputs=[], local_dir="/x", keep_folders=wrong)


def test_keep_folders_says_nothing_of_one_file() -> None:
    with pytest.raises(InvalidArgumentError, match="keep_folders: expected False with cos_key"):
        CosToLocalFilesystemOperator(task_id="t", cos_key="a", local_path="/x", keep_folders=True)
