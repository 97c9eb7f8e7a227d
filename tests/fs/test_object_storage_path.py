"""``cos://`` as Airflow knows it: found in the provider's description, used by its path, its operators, its XComs."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from airflow.providers.common.io.operators.file_transfer import FileTransferOperator
from airflow.providers_manager import ProvidersManager

from airflow_provider_mps.core import calls
from airflow_provider_mps.exceptions import TencentCloudError
from airflow_provider_mps.fs.cos_filesystem import CosFileSystem
from airflow_provider_mps.local.service import LocalService
from tests.memory_storage import attach_memory, forget_stores
from tests.task_context import AIRFLOW_2, make_context

DATA = b"a picture" * 1000


@pytest.fixture(autouse=True)
def _anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has a service of its own, and Airflow keeps file systems by the id of their connection."""
    monkeypatch.setattr(calls, "WAIT", lambda state: 0)
    forget_stores()
    yield
    forget_stores()
    CosFileSystem.clear_instance_cache()


@pytest.fixture
def root(service: LocalService, connect: Callable[..., str]) -> str:
    return f"cos://{connect()}@{service.bucket}/shop"


def test_airflow_finds_it() -> None:
    assert "airflow_provider_mps.fs.cos" in ProvidersManager().filesystem_module_names
    (entry,) = [one for one in entry_points(group="fsspec.specs") if one.name == "cos"]
    assert entry.load() is CosFileSystem


def test_a_path_without_a_warning(root: str) -> None:
    code = (
        "import warnings\n"
        "warnings.filterwarnings('error', '.*filesystem not explicitly implemented')\n"
        "from airflow.providers.common.compat.sdk import ObjectStoragePath\n"
        f"print(ObjectStoragePath({root!r} + '/in/a.json').name)"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "a.json"


def test_a_path(root: str, service: LocalService) -> None:
    path = ObjectStoragePath(f"{root}/in/a b+ü.json")
    assert not path.exists()
    path.write_bytes(DATA)
    assert service.get_object(service.bucket, "shop/in/a b+ü.json") == DATA
    assert path.read_bytes() == DATA
    assert (path.name, path.suffix, path.parent.name) == ("a b+ü.json", ".json", "in")
    assert (path.is_file(), path.is_dir(), path.parent.is_dir()) == (True, False, True)
    assert path.stat().st_size == path.size() == len(DATA)
    assert path.stat().st_mtime > 1e9
    assert isinstance(path.fs, CosFileSystem)
    assert path.fs.conn_id == "changed"
    (path.parent / "b.txt").write_text("tässe", encoding="utf-8")
    assert (path.parent / "b.txt").read_text(encoding="utf-8") == "tässe"
    assert sorted(one.name for one in path.parent.iterdir()) == ["a b+ü.json", "b.txt"]
    assert [one.name for one in ObjectStoragePath(root).glob("**/*.txt")] == ["b.txt"]
    with (path.parent / "b.txt").open("rb") as file:
        assert file.read() == "tässe".encode()
    before = path.checksum(), path.ukey()
    path.write_bytes(b"other")
    assert path.checksum() != before[0]
    assert path.ukey() != before[1]
    path.unlink()
    assert not path.exists()
    with pytest.raises(FileNotFoundError):
        path.unlink()
    with pytest.raises(FileNotFoundError, match="there is no such object"):
        path.read_bytes()


def test_a_connection_as_an_argument(service: LocalService, connect: Callable[..., str]) -> None:
    path = ObjectStoragePath(f"cos://{service.bucket}/a", conn_id=connect())
    path.write_bytes(b"x")
    assert path.read_bytes() == b"x"
    assert path == ObjectStoragePath(f"cos://changed@{service.bucket}/a")


def test_the_default_connection(service: LocalService, conn_id: str) -> None:
    ObjectStoragePath(f"cos://{service.bucket}/a").write_bytes(b"x")
    assert service.get_object(service.bucket, "a") == b"x"


def test_a_path_travels(root: str, service: LocalService) -> None:
    path = ObjectStoragePath(f"{root}/a")
    path.write_bytes(b"x")
    data = json.loads(json.dumps(path.serialize()))
    again = ObjectStoragePath.deserialize(data, 1)
    assert (again, again.read_bytes()) == (path, b"x")
    assert ObjectStoragePath(str(path)).read_bytes() == b"x"
    for text in (json.dumps(path.serialize()), repr(path), str(path)):
        assert service.secret_key not in text
    # Airflow 3.3 leaves the connection out of a pickle.
    again = pickle.loads(pickle.dumps(path))
    assert again.path == path.path
    if AIRFLOW_2:
        assert again.read_bytes() == b"x"


def test_copies_between_storages(root: str, tmp_path: Path, service: LocalService) -> None:
    attach_memory()
    path, here = ObjectStoragePath(f"{root}/a"), ObjectStoragePath(f"file://{tmp_path}/a")
    path.write_bytes(DATA)
    path.copy(here)
    assert (tmp_path / "a").read_bytes() == DATA
    here.copy(ObjectStoragePath(f"{root}/b"))
    gets = len(service.calls("GetObject"))
    ObjectStoragePath(f"{root}/b").copy(ObjectStoragePath(f"{root}/c"))
    assert len(service.calls("GetObject")) == gets
    ObjectStoragePath(f"{root}/c").move(ObjectStoragePath(f"{root}/d"))
    ObjectStoragePath(f"{root}/d").copy(ObjectStoragePath("memory://other/d"))
    assert ObjectStoragePath("memory://other/d").read_bytes() == DATA
    ObjectStoragePath(f"{root}/b").move(ObjectStoragePath(f"file://{tmp_path}/e"))
    assert (tmp_path / "e").read_bytes() == DATA
    assert sorted(one.name for one in ObjectStoragePath(root).iterdir()) == ["a", "d"]


@pytest.mark.parametrize("fault", ["truncate", "wrong_byte", "short_length"])
def test_bad_data_is_never_read(fault: str, root: str, service: LocalService, tmp_path: Path) -> None:
    path = ObjectStoragePath(f"{root}/a")
    path.write_bytes(DATA)
    service.add_fault(kind=fault, action="GetObject", **({} if fault == "wrong_byte" else {"n": 100}))
    with pytest.raises(TencentCloudError, match="COS GetObject"):
        path.read_bytes()
    with pytest.raises(TencentCloudError, match="COS GetObject"):
        path.copy(ObjectStoragePath(f"file://{tmp_path}/a"))
    assert not list(tmp_path.iterdir())


def test_a_block_that_raises_stores_nothing(root: str, service: LocalService) -> None:
    path = ObjectStoragePath(f"{root}/a")

    def write(mode: str) -> None:
        with path.open(mode) as file:
            file.write(b"half" if "b" in mode else "half")
            raise KeyError

    for mode in ("wb", "w"):
        with pytest.raises(KeyError):
            write(mode)
    assert not service.calls("PutObject")


def run(operator: Any) -> Any:
    return operator.execute(make_context())


def test_the_file_transfer_operator(root: str, tmp_path: Path, service: LocalService) -> None:
    (tmp_path / "a.json").write_bytes(DATA)
    # Airflow 2 takes no connection from an address here.
    conn_ids = {"source_conn_id": "changed", "dest_conn_id": "changed"}
    up = {"src": f"file://{tmp_path}/a.json", "dst": f"{root}/a.json", "dest_conn_id": "changed"}
    run(FileTransferOperator(task_id="up", **up))
    assert service.get_object(service.bucket, "shop/a.json") == DATA
    down = {"src": f"{root}/a.json", "dst": f"file://{tmp_path}/b.json", "source_conn_id": "changed"}
    run(FileTransferOperator(task_id="down", **down))
    assert (tmp_path / "b.json").read_bytes() == DATA
    with pytest.raises(ValueError, match="already exists"):
        run(FileTransferOperator(task_id="again", **up))
    over = FileTransferOperator(task_id="over", src=f"{root}/a.json", dst=f"{root}/c.json", overwrite=True, **conn_ids)
    run(over)
    assert service.get_object(service.bucket, "shop/c.json") == DATA


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_xcoms(compression: str, root: str, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.providers.common.io.xcom import backend

    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", root)
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_THRESHOLD", "100")
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_COMPRESSION", compression)
    for name in ("_get_base_path", "_get_compression", "_get_threshold"):
        if hasattr(cached := getattr(backend, name), "cache_clear"):
            cached.cache_clear()
    value = {"pictures": [f"cos://b-1/{number}" for number in range(100)]}
    stored = backend.XComObjectStorageBackend.serialize_value(
        value, key="return_value", task_id="t", dag_id="d", run_id="manual__2026-11-29T00:00:00+00:00", map_index=-1
    )
    (record,) = service.accepted("PutObject")
    assert record.body["key"].startswith("shop/d/manual__2026-11-29T00:00:00+00:00/t/")
    assert len(stored) < 300

    class Row:
        pass

    row = Row()
    row.value = stored  # type: ignore[attr-defined]
    assert backend.XComObjectStorageBackend.deserialize_value(row) == value
