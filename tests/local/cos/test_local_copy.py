"""COS: copies, writes that must not overwrite, and links without a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from qcloud_cos.cos_exception import CosServiceError

from airflow_provider_mps.local.service import LocalService

FIRST, SECOND = "first-1250000000", "second-1250000000"
DATA = b"some bytes" * 5000


@pytest.fixture
def two() -> Iterator[LocalService]:
    """A service with two buckets in two regions."""
    buckets = {FIRST: "ap-guangzhou", SECOND: "ap-beijing"}
    with LocalService(rate_limit=0, small_pictures=True, buckets=buckets) as running:
        yield running


@pytest.fixture
def cos(two: LocalService, clients_for: Any) -> Any:
    return clients_for(two).cos()


def source(key: str, bucket: str = FIRST, region: str = "ap-guangzhou") -> dict[str, str]:
    return {"Bucket": bucket, "Key": key, "Region": region}


def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(CosServiceError) as caught:
        call()
    return caught.value.get_status_code(), caught.value.get_error_code()


def test_a_copy_keeps_bytes_and_headers(cos: Any, two: LocalService) -> None:
    cos.put_object(FIRST, DATA, "a/b c+\u00fc.txt", ContentType="text/plain", Metadata={"x-cos-meta-a": "1"})
    copied = cos.copy_object(FIRST, "copy.txt", source("a/b c+\u00fc.txt"))
    stored = cos.head_object(FIRST, "copy.txt")
    assert two.get_object(FIRST, "copy.txt") == DATA
    assert copied["ETag"] == stored["ETag"] == f'"{hashlib.md5(DATA).hexdigest()}"'
    assert copied["CRC64"] == copied["x-cos-hash-crc64ecma"] == stored["x-cos-hash-crc64ecma"]
    assert copied["LastModified"]
    assert (stored["Content-Type"], stored["x-cos-meta-a"]) == ("text/plain", "1")
    assert [record.action for record in two.journal][-2:] == ["CopyObject", "HeadObject"]


def test_a_copy_may_take_other_headers(cos: Any) -> None:
    cos.put_object(FIRST, DATA, "a.txt", ContentType="text/plain", Metadata={"x-cos-meta-a": "1"})
    cos.copy_object(FIRST, "a.txt", source("a.txt"), CopyStatus="Replaced", Metadata={"x-cos-meta-b": "2"})
    stored = cos.head_object(FIRST, "a.txt")
    assert (stored.get("x-cos-meta-a"), stored["x-cos-meta-b"]) == (None, "2")
    assert refused(lambda: cos.copy_object(FIRST, "a.txt", source("a.txt"))) == (400, "InvalidRequest")


def test_a_copy_from_another_bucket(two: LocalService, clients_for: Any) -> None:
    two.put_object(SECOND, "/from", DATA)
    cos = clients_for(two).cos()
    cos.copy_object(FIRST, "to", source("from", SECOND, "ap-beijing"))
    assert two.get_object(FIRST, "to") == DATA
    assert not two.object_exists(FIRST, "from")


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        (source("nothing"), 404, "NoSuchKey"),
        (source("a", "nobody-1250000000"), 404, "NoSuchBucket"),
        (source("a", FIRST, "ap-beijing"), 404, "NoSuchBucket"),
    ],
)
def test_a_copy_of_nothing(wrong: dict[str, str], status: int, code: str, cos: Any, two: LocalService) -> None:
    assert refused(lambda: cos.copy_object(FIRST, "to", wrong)) == (status, code)
    assert not two.object_exists(FIRST, "to")


def test_an_error_inside_of_a_success(cos: Any, two: LocalService) -> None:
    two.add_fault(kind="error", action="CopyObject", status=200, code="InternalError", message="in mid-copy", times=1)
    assert refused(lambda: cos.copy_object(FIRST, "to", source("samples/coffee.png"))) == (200, "InternalError")
    assert not two.object_exists(FIRST, "to")
    cos.copy_object(FIRST, "to", source("samples/coffee.png"))
    assert two.object_exists(FIRST, "to")


def test_a_condition_on_the_source(cos: Any, two: LocalService) -> None:
    etag = cos.head_object(FIRST, "samples/coffee.png")["ETag"]
    wrong = {"CopySourceIfMatch": '"0"'}
    assert refused(lambda: cos.copy_object(FIRST, "to", source("samples/coffee.png"), **wrong))[0] == 412
    cos.copy_object(FIRST, "to", source("samples/coffee.png"), CopySourceIfMatch=etag)


def test_an_old_object_and_its_copy_have_no_crc64(cos: Any, two: LocalService) -> None:
    two.put_object(FIRST, "/old", DATA, has_crc64=False)
    copied = cos.copy_object(FIRST, "copy", source("old"))
    assert "CRC64" not in copied
    for key in ("old", "copy"):
        assert "x-cos-hash-crc64ecma" not in cos.head_object(FIRST, key)
        got = cos.get_object(FIRST, key)
        assert "x-cos-hash-crc64ecma" not in got
        assert got["Body"].get_raw_stream().read() == DATA
    cos.put_object(FIRST, DATA, "old")
    assert "x-cos-hash-crc64ecma" in cos.head_object(FIRST, "old")


# The SDK sends what it takes for metadata as a header, whatever its name.
FORBID = {"Metadata": {"x-cos-forbid-overwrite": "true"}}


def test_what_must_not_be_overwritten(cos: Any, two: LocalService) -> None:
    cos.put_object(FIRST, DATA, "new", **FORBID)
    for call in (
        lambda: cos.put_object(FIRST, b"other", "new", **FORBID),
        lambda: cos.copy_object(FIRST, "new", source("samples/coffee.png"), **FORBID),
    ):
        assert refused(call) == (409, "FileAlreadyExists")
    assert two.get_object(FIRST, "new") == DATA
    cos.put_object(FIRST, b"other", "new", Metadata={"x-cos-forbid-overwrite": "false"})
    assert two.get_object(FIRST, "new") == b"other"


def test_of_many_at_once_one_writes(cos: Any, two: LocalService) -> None:
    def write(number: int) -> str:
        try:
            cos.put_object(FIRST, f"{number}".encode() * 1000, "once", **FORBID)
        except CosServiceError as error:
            return str(error.get_error_code())
        return ""

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(8))) == ["", *["FileAlreadyExists"] * 7]


def test_parts_must_not_overwrite_either(cos: Any, two: LocalService) -> None:
    two.put_object(FIRST, "/new", b"old")
    upload = cos.create_multipart_upload(FIRST, "new")["UploadId"]
    part = cos.upload_part(FIRST, "new", DATA, 1, upload)
    parts = {"Part": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    assert refused(lambda: cos.complete_multipart_upload(FIRST, "new", upload, parts, **FORBID)) == (
        409,
        "FileAlreadyExists",
    )
    cos.complete_multipart_upload(FIRST, "new", upload, parts)
    assert two.get_object(FIRST, "new") == DATA


def test_a_link_made_for_an_address_opens_in_a_browser(cos: Any, two: LocalService) -> None:
    link = cos.get_presigned_url(FIRST, "samples/coffee.png", "GET", Expired=60)
    assert link.startswith(f"{two.url}/samples/coffee.png?")
    answer = httpx.get(link)
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == two.get_object(FIRST, "samples/coffee.png")
    assert two.journal[-1].body == {"bucket": FIRST, "key": "samples/coffee.png"}
    assert httpx.get(link.replace("coffee", "brick")).status_code == 403
    assert httpx.get(link.replace("q-signature=", "q-signature=0")).status_code == 403
    assert httpx.put(link, content=b"x").status_code == 404


def test_a_link_finds_its_bucket_by_the_key(cos: Any, two: LocalService) -> None:
    two.put_object(SECOND, "/only-here", b"second")
    two.put_object(FIRST, "/both", b"first")
    two.put_object(SECOND, "/both", b"second")
    assert httpx.get(cos.get_presigned_url(SECOND, "only-here", "GET")).content == b"second"
    both = cos.get_presigned_url(SECOND, "both", "GET")
    assert httpx.get(both).content == b"first"
    assert httpx.get(f"{both}&bucket={SECOND}").content == b"second"
    assert httpx.get(f"{both}&bucket=nobody-1").status_code == 404
    assert httpx.get(cos.get_presigned_url(FIRST, "nowhere", "GET")).status_code == 404


def test_a_link_to_an_address_of_ipv6(clients_for: Any) -> None:
    try:
        service = LocalService(host="::1", small_pictures=True)
        service.start()
    except OSError:
        pytest.skip("this machine has no IPv6")
    try:
        from qcloud_cos import CosConfig, CosS3Client

        config = CosConfig(
            Region=service.region,
            SecretId=service.secret_id,
            SecretKey=service.secret_key,
            Scheme="http",
            IP="[::1]",
            Port=service.port,
        )
        link = CosS3Client(config).get_presigned_url(service.bucket, "samples/coffee.png", "GET")
        assert httpx.get(link).status_code == 200
    finally:
        service.stop()
