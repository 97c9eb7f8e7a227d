"""Whole files in COS, on the disk and in other storages behave alike."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.clients.cos import Client
from airflow_provider_mps.core import calls
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.storage import whole
from airflow_provider_mps.storage.files import Files, join, parent
from tests.memory_storage import attach_memory

PUT = "PutObject"


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(calls, "WAIT", lambda state: 0)
    attach_memory()
    yield
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(params=["cos", "cos with a connection", "disk", "file", "memory"])
def folder(request: pytest.FixtureRequest, service: LocalService, conn_id: str, tmp_path: Path) -> str:
    return {
        "cos": f"cos://{service.bucket}/shop/a b+ü",
        "cos with a connection": f"cos://{conn_id}@{service.bucket}/shop",
        "disk": f"{tmp_path}/shop",
        "file": f"file://{tmp_path}/shop",
        "memory": "memory://shop/a",
    }[request.param]


def test_a_file(folder: str) -> None:
    files, address = Files(), join(folder, "a.json")
    files.check("catalogue", folder)
    assert not files.exists(address)
    assert files.names(folder) == []
    with pytest.raises(FileNotFoundError, match="There is no file"):
        files.read(address)
    files.remove(address)
    files.write(address, b"first", "application/json")
    files.write(address, b"second")
    assert files.read(address) == b"second"
    assert files.exists(address)
    assert not files.exists(folder)
    with pytest.raises(FileNotFoundError):
        files.read(folder)
    files.write(join(folder, "b.json"), b"")
    files.write(join(folder, "in", "c.json"), b"deeper")
    assert files.names(folder) == files.names(f"{folder}/") == ["a.json", "b.json"]
    assert files.names(join(folder, "in")) == ["c.json"]
    assert files.read(join(folder, "b.json")) == b""
    files.remove(address)
    assert files.names(folder) == ["b.json"]


def test_a_file_only_where_there_is_none(folder: str) -> None:
    files, address = Files(), join(folder, "00000001.jsonl")
    assert files.write_new(address, b"first") is True
    assert files.write_new(address, b"second") is False
    assert files.read(address) == b"first"
    assert files.names(folder) == ["00000001.jsonl"]


def test_of_many_at_once_one_makes_it(folder: str) -> None:
    files, count = Files(), 12
    files.check("catalogue", folder)
    for number in range(3):
        address, start = join(folder, f"{number}"), threading.Barrier(count)

        def write(index: int, address: str = address, start: threading.Barrier = start) -> bool:
            start.wait()
            return files.write_new(address, b"%d" % index)

        with ThreadPoolExecutor(count) as pool:
            made = list(pool.map(write, range(count)))
        assert made.count(True) == 1
        assert files.read(address) == b"%d" % made.index(True)


def test_an_answer_that_is_lost(service: LocalService, conn_id: str) -> None:
    service.add_fault(kind="lost_answer", action=PUT, times=1)
    assert Files().write_new("cos:///a", b"mine") is True
    service.add_fault(kind="reset", action=PUT, times=1)
    assert Files().write_new("cos:///a", b"mine") is False


def test_a_bucket_with_versions(service: LocalService, conn_id: str) -> None:
    service.keep_versions(service.bucket)
    with pytest.raises(TencentCloudPermanentError, match="BucketHasVersions"):
        Files().write_new("cos:///a", b"mine")


@pytest.mark.parametrize("kind", ["truncate", "wrong_byte", "short_length"])
def test_what_breaks_on_the_way_is_not_read(kind: str, service: LocalService, conn_id: str) -> None:
    files = Files()
    files.write("cos:///a", b"0123456789" * 100)
    service.add_fault(kind=kind, action="GetObject", **({} if kind == "wrong_byte" else {"n": 7}))
    with pytest.raises(TencentCloudError, match=r"GetObject for cos://.*/a: No"):
        files.read("cos:///a")


def test_the_connection_in_an_address_wins(
    service: LocalService, monkeypatch: pytest.MonkeyPatch, connect: Callable[..., str]
) -> None:
    wrong = {**service.connection(), "login": "AKIDnobody"}
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", json.dumps(wrong))
    files = Files(tencentcloud_conn_id="wrong")
    address = f"cos://{connect()}@{service.bucket}/a"
    files.write(address, b"x")
    assert files.read(address) == b"x"
    # The bucket of the connection that is named.
    assert files.read("cos://changed@/a") == b"x"
    with pytest.raises(TencentCloudPermanentError, match="InvalidAccessKeyId"):
        files.read("cos:///a")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "expected a text that is not empty"),
        ("cos://b/a", "expected a COS bucket with its APPID"),
        ("cos:///a/../b", "expected a COS object key without"),
        ("cos:///", "expected a COS object key"),
        ("cos://@b-1250000000/a", "expected the id of an Airflow connection before @"),
        (
            "cos://AKID:secretsecret@b-1250000000/a",
            r"expected the id of an Airflow connection .*'\*\*\*@b-1250000000/a'",
        ),
        ("nowhere://a/b", "Is the provider of this storage installed"),
        ("/a\x00b", "expected a path without NUL"),
    ],
)
def test_addresses_are_checked(address: str, said: str, conn_id: str, service: LocalService) -> None:
    files = Files()
    for call in (files.read, files.exists, files.remove, lambda where: files.write(where, b"")):
        with pytest.raises(InvalidArgumentError, match=f"^address: .*{said}"):
            call(address)
    if address != "cos:///":
        with pytest.raises(InvalidArgumentError, match=f"^catalogue: .*{said}"):
            files.check("catalogue", address)
    assert not service.journal


def test_a_whole_bucket_is_a_folder(conn_id: str, service: LocalService) -> None:
    files = Files()
    for root in ("cos:///", "cos://", f"cos://{service.bucket}", f"cos://{service.bucket}/"):
        files.check("catalogue", root)
        files.write(join(root, "top.json"), b"{}")
        assert files.names(root) == ["top.json"]
        files.remove(join(root, "top.json"))


def test_names_in_a_large_folder(conn_id: str, service: LocalService) -> None:
    for number in range(1100):
        service.put_object(service.bucket, f"many/{number:05}", b"")
        service.put_object(service.bucket, f"many/in/{number:05}", b"")
    service.put_object(service.bucket, "many/", b"")
    assert Files().names("cos:///many") == [f"{number:05}" for number in range(1100)]
    assert len(service.calls("GetBucket")) == 2


def test_parts_on_the_disk_are_no_files(tmp_path: Path) -> None:
    left = tmp_path / f".file-{'0' * 32}.part"
    left.write_bytes(b"half")
    assert Files().names(str(tmp_path)) == []
    Files().write(f"{tmp_path}/a", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("write", ["write", "write_new"])
def test_a_disk_that_is_full_changes_nothing(write: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Any, file: Any, size: int) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(whole.shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space left"):
        getattr(Files(), write)(f"{tmp_path}/a", b"new")
    with pytest.raises(OSError, match="No space left"):
        getattr(Files(), write)(f"{tmp_path}/b", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]


def test_a_disk_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*paths: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(
        InvalidArgumentError, match=r"made by a hard link.*Operation not permitted.*take another folder"
    ):
        Files().write_new(f"{tmp_path}/a", b"x")
    assert not list(tmp_path.iterdir())


class _Replacing(MemoryFileSystem):  # type: ignore[misc]
    """Takes mode "xb" for "wb", as some file systems do."""

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        return super()._open(path, mode.replace("x", "w"), **options)


class _Refusing(MemoryFileSystem):  # type: ignore[misc]
    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if "x" in mode:
            raise NotImplementedError("File mode not supported")
        return super()._open(path, mode, **options)


@pytest.mark.parametrize(
    ("kind", "said"), [(_Replacing, "replaces a file that is there already"), (_Refusing, "File mode not supported")]
)
def test_a_file_system_that_cannot_keep_what_is_there(
    kind: type[MemoryFileSystem], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    monkeypatch.setattr(whole, "_keeps", {})
    monkeypatch.setattr(ObjectStoragePath, "fs", property(lambda self: kind()))
    for _ in range(2):
        with pytest.raises(InvalidArgumentError, match=f"{said}.*take a folder in COS, S3, GCS or on a disk"):
            Files().write_new("memory://other/a", b"x")
        assert not MemoryFileSystem.store


def test_cos_errors_are_no_absence(service: LocalService, conn_id: str) -> None:
    files = Files()
    for action, call in {
        "GetObject": lambda: files.read("cos:///a"),
        "HeadObject": lambda: files.exists("cos:///a"),
        "GetBucket": lambda: files.names("cos:///a"),
    }.items():
        service.add_fault(kind="http", action=action, status=503)
        with pytest.raises(TencentCloudError, match="HTTP 503"):
            call()


def test_a_content_type(service: LocalService, conn_id: str) -> None:
    from airflow_provider_mps.hooks.cos import CosHook

    Files().write("cos:///a.html", b"x", "text/html")
    stat = CosHook().stat_object("a.html")
    assert stat is not None
    assert stat.content_type == "text/html"


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("cos://b-1/a/x", "cos://b-1/a"),
        ("cos://b-1/x", "cos://b-1/"),
        ("cos:///x", "cos:///"),
        ("cos:///a/x/", "cos:///a"),
        ("cos://b-1/", "cos://b-1/"),
        ("cos://b-1", "cos://b-1/"),
        ("cos://conn@b-1/a//x", "cos://conn@b-1/a/"),
        ("/x", "/"),
        ("/", "/"),
        ("/a/x", "/a"),
        ("a/x", "a"),
        ("x", "."),
        ("file:///a/x", "file:///a"),
    ],
)
def test_the_folder_of_an_address(address: str, folder: str) -> None:
    assert parent(address) == folder


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=8)


@given(
    st.sampled_from(["cos:///", "cos://b-1", "cos://c@b-1/a/", "/data", "/", "s3://b/x"]), st.lists(NAMES, min_size=1)
)
def test_what_is_joined_is_in_its_folder(folder: str, names: list[str]) -> None:
    address = join(folder, *names)
    assert address.endswith(names[-1])
    for name in reversed(names):
        assert address == join(parent(address), name)
        address = parent(address)
    assert address.rstrip("/") == folder.rstrip("/")


def test_a_process_that_is_killed_leaves_the_file_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a part is for: between its writing and its renaming nothing is seen under the name.
    seen = []
    (tmp_path / "a").write_bytes(b"old")
    replace = Path.replace

    def watched(self: Path, target: Any) -> Path:
        seen.append((tmp_path / "a").read_bytes())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    Files().write(f"{tmp_path}/a", b"new")
    assert (seen, (tmp_path / "a").read_bytes()) == ([b"old"], b"new")


def test_no_resend_of_the_vendors_client(service: LocalService, conn_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    put = Client.put_object
    monkeypatch.setattr(Client, "put_object", lambda self, **options: sent.append(options) or put(self, **options))
    Files().write_new("cos:///a", b"x", "text/plain")
    assert sent[0]["Metadata"]["x-cos-forbid-overwrite"] == "true"
    assert sent[0]["ContentMD5"]
