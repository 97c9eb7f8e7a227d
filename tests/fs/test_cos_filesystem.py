"""COS as a file system of fsspec: what is read was verified, what is written is there whole."""

from __future__ import annotations

import gc
import json
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_mps.core import calls
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.fs.cos import get_fs, schemes
from airflow_provider_mps.fs.cos_filesystem import CosFileSystem
from airflow_provider_mps.local.cos.crc64 import crc64
from airflow_provider_mps.local.service import LocalService
from tests.whole import examples

GET, PUT = "GetObject", "PutObject"
DATA = b"a line\n" * 1000


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(calls, "WAIT", lambda state: 0)
    yield
    # A file system holds the connection that it has read.
    CosFileSystem.clear_instance_cache()


@pytest.fixture
def files(conn_id: str) -> CosFileSystem:
    return get_fs(conn_id)


@pytest.fixture
def root(service: LocalService) -> str:
    return f"{service.bucket}/shop"


def test_a_file(files: CosFileSystem, root: str, service: LocalService) -> None:
    with files.open(f"cos://{root}/a.png", "wb") as file:
        assert file.write(DATA[:10]) == 10
        assert file.tell() == 10
        file.write(DATA[10:])
        assert not files.exists(f"{root}/a.png")
    assert service.get_object(service.bucket, "shop/a.png") == DATA
    with files.open(f"{root}/a.png") as file:
        assert (file.size, file.readable(), file.writable(), file.seekable()) == (len(DATA), True, False, True)
        assert file.read(3) == DATA[:3]
        assert file.seek(-7, 2) == len(DATA) - 7
        assert file.readline() == b"a line\n"
        assert file.read() == b""
        file.seek(0)
        assert list(file) == [b"a line\n"] * 1000
        with pytest.raises(OSError, match="not writable"):
            file.write(b"x")
    with pytest.raises(ValueError, match="closed"):
        file.read()
    about = files.info(f"/{root}/a.png")
    assert about["name"] == f"{root}/a.png"
    assert (about["size"], about["type"], about["crc64"]) == (len(DATA), "file", crc64(DATA))
    assert about["ContentType"] == "image/png"
    assert datetime.now(UTC) - files.modified(f"{root}/a.png") < timedelta(minutes=5)
    assert files.created(f"{root}/a.png") == files.modified(f"{root}/a.png")


def test_bytes_and_text(files: CosFileSystem, root: str) -> None:
    files.write_text(f"{root}/t.txt", "tässe\nzwei\n", encoding="utf-8")
    assert files.read_text(f"{root}/t.txt", encoding="utf-8") == "tässe\nzwei\n"
    with files.open(f"{root}/t.txt", "r", encoding="utf-8") as file:
        assert file.readline() == "tässe\n"
    files.pipe_file(f"{root}/b", DATA)
    assert files.cat_file(f"{root}/b") == DATA
    assert files.cat_file(f"{root}/b", start=2, end=6) == DATA[2:6]
    assert files.cat([f"{root}/b", f"{root}/t.txt"]) == {f"{root}/b": DATA, f"{root}/t.txt": "tässe\nzwei\n".encode()}
    with files.open(f"{root}/c.gz", "wb", compression="gzip") as file:
        file.write(DATA)
    with files.open(f"{root}/c.gz", "rb", compression="gzip") as file:
        assert file.read() == DATA
    assert files.cat_file(f"{root}/c.gz") != DATA


@pytest.mark.parametrize("fault", ["truncate", "wrong_byte", "short_length"])
@pytest.mark.parametrize("size", [7000, 9 * 1024 * 1024])
def test_bad_data_is_never_read(
    fault: str, size: int, files: CosFileSystem, root: str, service: LocalService, tmp_path: Path
) -> None:
    service.put_object(service.bucket, "shop/a", bytes(size))
    rule = {"kind": fault, "action": GET, **({} if fault == "wrong_byte" else {"n": 100})}
    service.add_fault(**rule)
    for read in (
        lambda: files.open(f"{root}/a"),
        lambda: files.cat_file(f"{root}/a"),
        lambda: files.cat_file(f"{root}/a", start=1, end=2),
        lambda: files.get(f"{root}/a", str(tmp_path / "a")),
    ):
        with pytest.raises(TencentCloudError, match=r"COS GetObject for cos://.*/shop/a: No(Answer|tWhole)"):
            read()
    assert not list(tmp_path.iterdir())
    service.clear_faults()
    service.add_fault(**rule, times=2)
    assert files.cat_file(f"{root}/a") == bytes(size)


def test_without_a_crc64_size_and_md5_decide(files: CosFileSystem, root: str, service: LocalService) -> None:
    files.pipe_file(f"{root}/a", DATA)
    service.add_fault(kind="no_crc", action=GET)
    assert files.cat_file(f"{root}/a") == DATA
    service.add_fault(kind="wrong_byte", action=GET)
    with pytest.raises(TencentCloudError, match="NotWhole: MD5"):
        files.cat_file(f"{root}/a")


class Broken(Exception):
    pass


@pytest.mark.parametrize("mode", ["wb", "w", "xb"])
@pytest.mark.parametrize("old", [None, b"old"])
def test_a_block_that_raises_stores_nothing(
    mode: str, old: bytes | None, files: CosFileSystem, root: str, service: LocalService
) -> None:
    if old is not None and mode != "xb":
        service.put_object(service.bucket, "shop/a", old)
    file = files.open(f"{root}/a", mode)

    def write() -> None:
        with file:
            file.write("half" if mode == "w" else b"half")
            raise Broken

    with pytest.raises(Broken):
        write()
    assert file.closed
    assert not service.calls(PUT)


def test_a_block_within_the_handling_of_an_error_stores(files: CosFileSystem, root: str) -> None:
    def write_half() -> None:
        with files.open(f"{root}/other", "w") as file:
            file.write("half")
            raise ValueError("something else")

    try:
        raise Broken
    except Broken:
        files.write_text(f"{root}/report.txt", "what went wrong")
        with pytest.raises(ValueError, match="something else"):
            write_half()
    assert files.ls(root, detail=False) == [f"{root}/report.txt"]


@pytest.mark.parametrize("mode", ["wb", "w"])
def test_what_nobody_closes_is_not_stored(mode: str, files: CosFileSystem, root: str, service: LocalService) -> None:
    file = files.open(f"{root}/a", mode)
    file.write("half" if mode == "w" else b"half")
    del file
    gc.collect()
    assert not service.calls(PUT)


def test_only_where_there_is_none(files: CosFileSystem, root: str, service: LocalService) -> None:
    with files.open(f"{root}/a", "xb") as file:
        file.write(b"first")
    with pytest.raises(FileExistsError, match=f"cos://{root}/a is there already"):
        files.open(f"{root}/a", "xb")
    late = files.open(f"{root}/b", "xb")
    late.write(b"mine")
    files.pipe_file(f"{root}/b", b"another's")
    with pytest.raises(FileExistsError, match="is there already"):
        late.close()
    late.close()
    with pytest.raises(FileExistsError):
        files.pipe_file(f"{root}/b", b"x", mode="create")
    assert (files.cat_file(f"{root}/a"), files.cat_file(f"{root}/b")) == (b"first", b"another's")
    service.keep_versions(service.bucket)
    with pytest.raises(TencentCloudPermanentError, match="BucketHasVersions"):
        files.pipe_file(f"{root}/c", b"x", mode="create")


@pytest.mark.parametrize("mode", ["ab", "r+b", "a"])
def test_an_object_is_stored_as_a_whole(mode: str, files: CosFileSystem, root: str) -> None:
    with pytest.raises(ValueError, match="mode: expected rb, wb or xb"):
        files.open(f"{root}/a", mode)


def test_a_transaction(files: CosFileSystem, root: str, service: LocalService) -> None:
    with files.transaction:
        files.pipe_file(f"{root}/a", b"1")
        files.pipe_file(f"{root}/b", b"2")
        assert not service.calls(PUT)
    assert files.find(root) == [f"{root}/a", f"{root}/b"]

    def break_off() -> None:
        with files.transaction:
            files.pipe_file(f"{root}/c", b"3")
            raise Broken

    with pytest.raises(Broken):
        break_off()
    assert not files.exists(f"{root}/c")


def test_folders(files: CosFileSystem, root: str, service: LocalService) -> None:
    assert not files.exists(root)
    with pytest.raises(FileNotFoundError, match="neither such an object nor such a folder"):
        files.ls(root)
    files.makedirs(root, exist_ok=True)
    for name in ("a", "in/b", "in/deep/c", "other/d"):
        files.pipe_file(f"{root}/{name}", b"x")
    service.put_object(service.bucket, "shop/in/", b"")
    assert files.ls(root, detail=False) == [f"{root}/a", f"{root}/in", f"{root}/other"]
    assert [entry["type"] for entry in files.ls(f"cos://{root}/")] == ["file", "directory", "directory"]
    assert files.ls(f"{root}/a", detail=False) == [f"{root}/a"]
    assert files.isdir(f"{root}/in")
    assert not files.isfile(f"{root}/in")
    assert files.isfile(f"{root}/in/b")
    assert files.find(root) == [f"{root}/{name}" for name in ("a", "in/b", "in/deep/c", "other/d")]
    assert files.find(f"{root}/a") == [f"{root}/a"]
    assert set(files.find(root, withdirs=True)) >= {f"{root}/in", f"{root}/in/deep"}
    assert files.find(root, maxdepth=1) == [f"{root}/a"]
    assert files.glob(f"{root}/**/c") == [f"{root}/in/deep/c"]
    assert files.glob(f"{root}/*") == [f"{root}/a", f"{root}/in", f"{root}/other"]
    assert files.du(root) == 4
    assert files.info(service.bucket)["type"] == "directory"
    assert files.info("")["type"] == "directory"
    with pytest.raises(IsADirectoryError, match="recursive=True"):
        files.rm(f"{root}/in")
    files.rm(f"{root}/in", recursive=True)
    assert files.ls(root, detail=False) == [f"{root}/a", f"{root}/other"]
    files.rm(f"{root}/a")
    with pytest.raises(FileNotFoundError):
        files.rm(f"{root}/a")
    for name in ("x*", "xy"):
        files.pipe_file(f"{root}/{name}", b"x")
    # A name is taken for a pattern only where there is no such file.
    files.rm(f"{root}/x*")
    assert files.ls(root, detail=False) == [f"{root}/other", f"{root}/xy"]
    files.rm(root, recursive=True)
    assert not files.exists(root)


def test_a_listing_is_never_old(files: CosFileSystem, root: str, service: LocalService) -> None:
    files.pipe_file(f"{root}/a", b"x")
    assert files.ls(root, detail=False) == [f"{root}/a"]
    service.put_object(service.bucket, "shop/b", b"x")
    assert files.ls(root, detail=False) == [f"{root}/a", f"{root}/b"]
    service.backend.store.delete(service.bucket, "shop/a")
    assert files.ls(root, detail=False) == [f"{root}/b"]


def test_more_than_a_page(files: CosFileSystem, root: str, service: LocalService) -> None:
    for number in range(1100):
        service.put_object(service.bucket, f"shop/{number:04}", b"")
    assert len(files.ls(root)) == len(files.find(root)) == 1100
    assert len(service.calls("GetBucket")) == 4


def test_copies_and_moves(files: CosFileSystem, root: str, service: LocalService) -> None:
    for name in ("a", "in/b", "in/deep/c"):
        files.pipe_file(f"{root}/{name}", name.encode())
    gets = len(service.calls(GET))
    files.copy(f"{root}/a", f"{root}/copy")
    files.copy(f"{root}/in", f"{root}/out", recursive=True)
    files.mv(f"{root}/a", f"{root}/moved")
    files.mv(f"{root}/in", f"{root}/away", recursive=True)
    assert len(service.calls(GET)) == gets
    names = ("away/b", "away/deep/c", "copy", "moved", "out/b", "out/deep/c")
    assert files.find(root) == [f"{root}/{name}" for name in names]
    assert files.cat_file(f"{root}/out/deep/c") == b"in/deep/c"
    with pytest.raises(FileNotFoundError):
        files.cp_file(f"{root}/nothing", f"{root}/x")


def test_to_the_disk_and_back(files: CosFileSystem, root: str, tmp_path: Path, service: LocalService) -> None:
    (tmp_path / "from" / "in").mkdir(parents=True)
    (tmp_path / "from" / "a.json").write_bytes(b"{}")
    (tmp_path / "from" / "in" / "b").write_bytes(DATA)
    files.put(str(tmp_path / "from"), root, recursive=True)
    assert files.find(root) == [f"{root}/a.json", f"{root}/in/b"]
    assert files.info(f"{root}/a.json")["ContentType"] == "application/json"
    files.get(root, str(tmp_path / "to"), recursive=True)
    assert (tmp_path / "to" / "in" / "b").read_bytes() == DATA
    with pytest.raises(FileExistsError):
        files.put_file(tmp_path / "from" / "a.json", f"{root}/a.json", mode="create")
    with (tmp_path / "open").open("wb") as file:
        files.get_file(f"{root}/in/b", file)
    assert (tmp_path / "open").read_bytes() == DATA


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ({"kind": "http", "status": 403}, PermissionError, "AccessDenied.*RequestId"),
        ({"kind": "http", "status": 503}, TencentCloudError, "HTTP 503"),
        ({"kind": "reset"}, TencentCloudError, "NoAnswer"),
    ],
)
def test_what_cannot_be_found_out_is_no_absence(
    fault: dict[str, Any], kind: type[Exception], said: str, files: CosFileSystem, root: str, service: LocalService
) -> None:
    service.add_fault(action="HeadObject", **fault)
    for ask in (files.exists, files.isfile, files.isdir, files.info):
        with pytest.raises(kind, match=f"COS HeadObject for cos://{root}/a: {said}"):
            ask(f"{root}/a")


def test_errors_say_code_and_request_id(files: CosFileSystem, root: str, service: LocalService) -> None:
    with pytest.raises(FileNotFoundError, match=f"cos://{root}/a: there is no such object"):
        files.open(f"{root}/a")
    with pytest.raises(FileNotFoundError, match=r"NoSuchBucket.*RequestId .*Check bucket and region"):
        files.open("nobody-1250000000/a")
    service.add_fault(kind="error", action=PUT, code="AccessDenied", message="Access Denied.", status=403)
    with pytest.raises(PermissionError, match=r"AccessDenied: Access Denied \(RequestId .*in CAM"):
        files.pipe_file(f"{root}/a", b"x")
    assert not files.exists("nobody-1250000000/a")


@pytest.mark.parametrize("path", ["", "cos://", "b/a", "Bad_Bucket-1/a"])
def test_a_bucket_is_needed(path: str, files: CosFileSystem, service: LocalService) -> None:
    with pytest.raises(InvalidArgumentError, match=r"name a bucket|bucket: expected a COS bucket with its APPID"):
        files.ls(path)
    assert not service.journal


def test_changes_show(files: CosFileSystem, root: str, service: LocalService) -> None:
    files.pipe_file(f"{root}/a", b"first")
    before = files.checksum(f"{root}/a"), files.ukey(f"{root}/a")
    assert (files.checksum(f"{root}/a"), files.ukey(f"{root}/a")) == before
    files.pipe_file(f"{root}/b", b"first")
    assert files.checksum(f"{root}/b") == before[0]
    files.pipe_file(f"{root}/a", b"other")
    after = files.checksum(f"{root}/a"), files.ukey(f"{root}/a")
    assert after[0] != before[0]
    assert after[1] != before[1]


def test_instances(service: LocalService, conn_id: str, connect: Callable[..., str]) -> None:
    assert schemes == ["cos"]
    assert get_fs(None) is get_fs(conn_id)
    assert get_fs(connect()) is not get_fs(conn_id)
    assert get_fs(conn_id).fsid == f"cos-{conn_id}"
    files = get_fs(conn_id, {"region": "ap-guangzhou"})
    files.pipe_file(f"{service.bucket}/a", b"x")
    again = pickle.loads(pickle.dumps(files))
    assert again == files
    assert again.cat_file(f"{service.bucket}/a") == b"x"
    for text in (
        repr(files),
        str(vars(files)["storage_options"]),
        files.to_json(),
        pickle.dumps(files).decode("latin-1"),
    ):
        assert service.secret_key not in text
        assert service.secret_id not in text
    with pytest.raises(TypeError, match="secret"):
        get_fs(conn_id, {"secret": "x"})


def test_fsspec_knows_the_scheme(service: LocalService, conn_id: str) -> None:
    with fsspec.open(f"cos://{conn_id}@{service.bucket}/a", "wb") as file:
        file.write(b"x")
    assert service.get_object(service.bucket, "a") == b"x"
    files, path = fsspec.url_to_fs(f"cos://{conn_id}@{service.bucket}/a")
    assert isinstance(files, CosFileSystem)
    assert (files.conn_id, path) == (conn_id, f"{service.bucket}/a")


NAME = st.sampled_from(["a", "b", "ab", "ü", "a b", "#", "?", "%20", "*", "[a]", "+", "x.json"])
KEYS = st.sets(st.lists(NAME, min_size=1, max_size=3).map("/".join), max_size=8)


@given(keys=KEYS, folder=st.lists(NAME, max_size=2).map("/".join))
@settings(max_examples=examples(40))
def test_folders_are_what_a_dict_of_keys_says(keys: set[str], folder: str, model: Any) -> None:
    files, service = model
    store, bucket = service.backend.store, service.bucket
    for info in store.all(bucket):
        store.delete(bucket, info.key)
    for key in keys:
        service.put_object(bucket, key, key.encode())
    path = f"{bucket}/{folder}".rstrip("/")
    below = sorted(key for key in keys if not folder or key.startswith(f"{folder}/"))
    rests = [key[len(folder) :].lstrip("/") for key in below]
    expected = {f"{path}/{rest}": "file" for rest in rests if "/" not in rest}
    folders = {f"{path}/{rest.partition('/')[0]}" for rest in rests if "/" in rest}
    assert files.isfile(path) == (folder in keys)
    assert files.isdir(path) == ((bool(below) or not folder) and folder not in keys)
    if below or folder in keys or not folder:
        found = files.ls(path)
        if below or not folder:
            assert {entry["name"] for entry in found if entry["type"] == "file"} == set(expected)
            assert {entry["name"] for entry in found if entry["type"] == "directory"} == folders
            assert files.find(path) == [f"{bucket}/{key}" for key in below]
        for key in below:
            assert files.cat_file(f"{bucket}/{key}") == key.encode()
    else:
        with pytest.raises(FileNotFoundError):
            files.ls(path)


@pytest.fixture(scope="module")
def model() -> Iterator[tuple[CosFileSystem, LocalService]]:
    import os

    with LocalService(rate_limit=0) as service:
        os.environ["AIRFLOW_CONN_FS_MODEL"] = json.dumps(service.connection())
        yield CosFileSystem("fs_model"), service
        del os.environ["AIRFLOW_CONN_FS_MODEL"]


PATHS = st.text(
    st.characters(codec="utf-8", exclude_characters="/@", exclude_categories=("Cc",)), min_size=1, max_size=6
)


@given(st.sampled_from(["", "/", "cos://", "cos://conn@", "cos:///"]), st.lists(PATHS, min_size=1, max_size=4))
def test_a_path_in_all_its_forms(prefix: str, parts: list[str]) -> None:
    key = "/".join(parts).replace("::", "")
    path = f"name-1250000000/{key}"
    assert CosFileSystem._strip_protocol(f"{prefix}{path}") == path.rstrip("/")
    assert CosFileSystem._strip_protocol(CosFileSystem._strip_protocol(f"{prefix}{path}")) == path.rstrip("/")
