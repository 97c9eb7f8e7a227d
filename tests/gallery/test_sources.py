from __future__ import annotations

import json

import pytest

from airflow_provider_mps.core.gallery_paths import picture_id
from airflow_provider_mps.gallery import line_files as module
from airflow_provider_mps.gallery.line_files import NotReadError, lines_of_file
from airflow_provider_mps.gallery.sources import (
    Connections,
    CosPicture,
    StoredPicture,
    connections_of,
    id_of,
    source_at,
)
from airflow_provider_mps.local.service import LocalService

DEFAULT = connections_of({})


@pytest.mark.parametrize(
    "address",
    [
        *("file:///etc/passwd", "/etc/passwd", "http://10.0.0.1/", "HTTPS://x/a", "local://x", "ftp://10.0.0.1/a.png"),
        *("simplecache::file:///etc/passwd", "zip://a.png::file:///tmp/a.zip", "github://a:b@c/x", "memory://a"),
        *("data://a", "reference://a", "sftp://host/a", "smb://host/a", "dir::file:///a", "blockcache::s3://b/a"),
        *("s3://a.png::file:///etc/passwd", "S3://b::http://10.0.0.1/a", "://a", "cos:a", ""),
    ],
)
def test_the_server_goes_to_object_storages_alone(address: str) -> None:
    assert source_at(address, DEFAULT) is None
    with pytest.raises(NotReadError, match="from object storages alone"):
        next(lines_of_file(f"{address}.jsonl", DEFAULT))


@pytest.mark.parametrize(
    "address", ["cos://other@shop-1250000000/a.png", "cos://other@/a.png", "s3://other@shop/a.png"]
)
def test_an_address_gives_no_right_to_a_connection_that_the_task_has_not_used(address: str) -> None:
    assert source_at(address, DEFAULT) is None
    with pytest.raises(NotReadError, match="names another connection"):
        next(lines_of_file(address, DEFAULT))
    for fields in (
        {"output_dir": "cos://other@shop-1250000000/out/"},
        {"requests": [{"image_path": "s3://other@shop/b.png"}]},
        {"tencentcloud_conn_id": "other", "dest_conn_id": "other"},
    ):
        assert source_at(address, connections_of(fields)) is not None


def test_a_key_may_hold_what_means_something_elsewhere() -> None:
    for key in ("/a@b.png", "/a::b.png", "/a?b#c.png", "/%2F+ .png"):
        assert source_at(f"cos://shop-1250000000{key}", DEFAULT) == CosPicture(
            "shop-1250000000", None, key, "tencentcloud_default"
        )
    assert source_at("S3://shop/a@b.png", Connections(storage="aws")) == StoredPicture("S3://shop/a@b.png", "aws")


@pytest.mark.usefixtures("conn_id")
def test_a_file_of_lines_is_read_within_bounds(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"cos://{service.bucket}/lines.jsonl"
    service.put_object(
        service.bucket, "/lines.jsonl", b"".join(json.dumps({"n": n}).encode() + b"\n" for n in range(9))
    )
    assert [one["n"] for one in lines_of_file(address, DEFAULT)] == list(range(9))
    monkeypatch.setattr(module, "MAX_LINES", 4)
    found = []
    with pytest.raises(NotReadError, match="more than 4 lines"):
        found += [one["n"] for one in lines_of_file(address, DEFAULT)]
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 50)
    before = len(service.calls("GetObject"))
    with pytest.raises(NotReadError, match="at most 50 are read"):
        next(lines_of_file(address, DEFAULT))
    assert len(service.calls("GetObject")) == before
    with pytest.raises(FileNotFoundError):
        next(lines_of_file(f"cos://{service.bucket}/no.jsonl", DEFAULT))


def test_pictures_that_only_their_connection_tells_apart_have_ids_of_their_own() -> None:
    one, other = (Connections(cos=name, storage=name) for name in ("one", "other"))
    for address in ("cos:///a.png", "s3://shop/a.png"):
        found, further = source_at(address, one), source_at(address, other)
        assert found is not None
        assert further is not None
        assert id_of(found) != id_of(further)
    # A bucket with its APPID is the same one for everybody, and answers are asked for by their address alone.
    found = source_at("cos://shop-1250000000/a.png", one)
    assert found is not None
    assert id_of(found) == picture_id("cos://shop-1250000000/a.png")
