"""Objects without their content: looks, listings, copies and removals through the vendor's SDK."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_mps.core.calls import ATTEMPTS
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.cos.crc64 import crc64
from airflow_provider_mps.local.service import LocalService
from tests.hooks.raw_server import raw_server
from tests.whole import examples

HEAD, LIST, COPY, PUT = "HeadObject", "GetBucket", "CopyObject", "PutObject"
DATA = b"a picture" * 1000
MD5 = hashlib.md5(DATA).hexdigest()
OTHER_BUCKET = "nobody-1250000000"
ODD = ["a b", "ä/ü", "100%", "a+b", "?x=1", "#part", "~", "'\"<&>", "\U0001f600", "a//b", "q\\w", "..x", "-", "a=b&c"]


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_mps.core import calls

    monkeypatch.setattr(calls, "WAIT", lambda state: 0)


@pytest.fixture
def hook(conn_id: str) -> CosHook:
    return CosHook(conn_id)


def test_a_look(hook: CosHook, service: LocalService) -> None:
    hook.write_object("/a.png", DATA, "image/png")
    found = hook.stat_object("a.png")
    assert found is not None
    assert found == ("/a.png", len(DATA), MD5, found.modified, crc64(DATA), "image/png", None, None)
    assert found.tag == f"{MD5}:{len(DATA)}"
    assert [one.tag for one in hook.list_objects("/a.png")] == [found.tag]
    assert abs(next(hook.list_objects("a.png")).modified - found.modified) < 1


def test_a_look_at_nothing(hook: CosHook, service: LocalService) -> None:
    assert hook.stat_object("/nothing") is None
    assert len(service.calls(HEAD)) == 1


def test_a_bucket_that_is_not_there_is_not_an_object_that_is_not(hook: CosHook) -> None:
    with pytest.raises(TencentCloudPermanentError, match=r"NoSuchBucket.*Check bucket and region"):
        hook.stat_object("/a", bucket=OTHER_BUCKET)
    with pytest.raises(TencentCloudPermanentError, match="NoSuchBucket"):
        list(hook.list_objects("/", bucket=OTHER_BUCKET))


def test_whoever_may_not_ask_for_the_bucket_sees_that_an_object_is_absent(hook: CosHook, service: LocalService) -> None:
    service.add_fault(kind="http", action="HeadBucket", status=403)
    assert hook.stat_object("/nothing") is None


@pytest.mark.parametrize(("fault", "code"), [({"kind": "http", "status": 500}, "HTTP 500"), ({"kind": "reset"}, "NoA")])
def test_a_look_without_an_answer_is_no_absence(
    fault: dict[str, Any], code: str, hook: CosHook, service: LocalService
) -> None:
    service.add_fault(action=HEAD, **fault)
    with pytest.raises(TencentCloudError, match=f"COS HeadObject for cos://{service.bucket}/a: {code}"):
        hook.stat_object("/a")
    assert len(service.calls(HEAD)) == ATTEMPTS


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b""])
def test_the_page_of_a_proxy_is_no_object_and_no_listing(body: bytes, connect: Callable[..., str]) -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
    with raw_server(page) as server:
        hook = CosHook(connect(cos_endpoint=server.url.partition("://")[2]))
        with pytest.raises(TencentCloudPermanentError, match="NotVerifiable"):
            hook.stat_object("/a")
        with pytest.raises(TencentCloudError, match="GarbledAnswer: no listing"):
            hook.list_page("/")
        with pytest.raises(TencentCloudPermanentError, match="NotVerifiable"):
            hook.copy_object("cos:///a", "/b")


def test_pages(hook: CosHook, service: LocalService) -> None:
    for number in range(2345):
        service.put_object(service.bucket, f"many/{number:05}", b"")
    found = [one.key for one in hook.list_objects("/many/")]
    assert found == [f"/many/{number:05}" for number in range(2345)]
    assert len(service.calls(LIST)) == 3
    assert [one.key for one in hook.list_objects("many/", marker=found[2342])] == found[2343:]
    page, marker = hook.list_page("/many/", limit=10, marker=found[2330])
    assert ([one.key for one in page], marker) == (found[2331:2341], found[2340])
    page, marker = hook.list_page("/many/", limit=10, marker=marker)
    assert ([one.key for one in page], marker) == (found[2341:], "")


def test_pages_are_asked_for_when_they_are_needed(hook: CosHook, service: LocalService) -> None:
    for number in range(1001):
        service.put_object(service.bucket, f"many/{number:05}", b"")
    found = hook.list_objects("/many/")
    assert not service.calls(LIST)
    next(found)
    assert len(service.calls(LIST)) == 1


@pytest.mark.parametrize("key", ODD)
def test_odd_keys(key: str, hook: CosHook, service: LocalService) -> None:
    assert hook.write_object(f"/odd/{key}", DATA, None)
    assert [one.key for one in hook.list_objects("/odd/")] == [f"/odd/{key}"]
    assert hook.list_page(f"/odd/{key}")[0][0].key == f"/odd/{key}"
    copied = hook.copy_object(f"cos://{service.bucket}/odd/{key}", f"/copied/{key}", overwrite=False)
    assert (copied.key, service.get_object(service.bucket, f"copied/{key}")) == (f"/copied/{key}", DATA)
    hook.delete_object(f"/odd/{key}")
    assert hook.stat_object(f"/odd/{key}") is None
    assert not list(hook.list_objects("/odd/"))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=4)
KEYS = st.lists(st.sampled_from(["a", "b", "c", " ", "+", "%", "ü", "&", "\U0001f600"]) | TEXT, min_size=1, max_size=4)


@given(
    keys=st.sets(KEYS.map("/".join), max_size=12),
    prefix=st.sampled_from(["", "/", "a", "a/", "/b", "ü/", "a/b/"]),
    limit=st.integers(1, 5),
)
@settings(max_examples=examples(40))
def test_a_listing_is_what_a_dict_of_keys_says(keys: set[str], prefix: str, limit: int, model: Any) -> None:
    hook, service = model
    fill(service, keys)
    begins = prefix.removeprefix("/")
    expected = sorted((key for key in keys if key.startswith(begins)), key=str.encode)
    found, marker = [], ""
    while True:
        page, marker = hook.list_page(prefix, marker=marker, limit=limit)
        found += [one.key for one in page]
        if not marker:
            break
        assert len(page) == limit
    assert found == [f"/{key}" for key in expected]
    objects, folders, marker = [], [], ""
    while True:
        one = hook.list_folder(prefix, marker=marker, limit=limit)
        objects += [entry.key for entry in one.objects]
        folders += one.prefixes
        if not (marker := one.next_marker):
            break
    rests = {key: key[len(begins) :] for key in expected}
    assert objects == [f"/{key}" for key, rest in rests.items() if "/" not in rest]
    assert folders == list(dict.fromkeys(f"/{begins}{r.partition('/')[0]}/" for r in rests.values() if "/" in r))


@pytest.fixture(scope="module")
def model() -> Iterator[tuple[CosHook, LocalService]]:
    import json
    import os

    with LocalService(rate_limit=0) as service:
        os.environ["AIRFLOW_CONN_MODEL"] = json.dumps(service.connection())
        yield CosHook("model"), service
        del os.environ["AIRFLOW_CONN_MODEL"]


def fill(service: LocalService, keys: set[str]) -> None:
    store = service.backend.store
    for info in store.all(service.bucket):
        store.delete(service.bucket, info.key)
    for key in keys:
        service.put_object(service.bucket, f"/{key}", b"x")


ENTRY = (
    "<Contents><Key>%s</Key><LastModified>2026-11-29T01:02:03.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
    "<Size>%s</Size></Contents>"
)
LISTING = '<ListBucketResult xmlns="http://www.qcloud.com/document/product/436/7751">%s</ListBucketResult>'
MORE, END = "<IsTruncated>true</IsTruncated>", "<IsTruncated>false</IsTruncated>"


def listing_server(body: str) -> Any:
    data = body.encode()
    head = b"HTTP/1.1 200 OK\r\nx-cos-request-id: NjA=\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(data)
    return raw_server(head + data)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<ListBucketResult>",
        LISTING % "",
        "<Error><Code>PermanentRedirect</Code></Error>",
        LISTING % MORE,
        LISTING % f"{MORE}<NextMarker>a</NextMarker>",
        LISTING % f"{MORE}<NextMarker>b</NextMarker>",
        LISTING % f"{END}<Contents><Key>a</Key></Contents>",
        LISTING % (END + ENTRY % ("", 1)),
        LISTING % (END + ENTRY % ("a", "x")),
        LISTING % f"{END}<CommonPrefixes/>",
        f'<!DOCTYPE x [<!ENTITY a "b">]>{LISTING % END}',
    ],
)
def test_a_listing_that_cannot_be_read_is_no_empty_one(body: str, connect: Callable[..., str]) -> None:
    with listing_server(body) as server:
        hook = CosHook(connect(cos_endpoint=server.url.partition("://")[2]))
        with pytest.raises(TencentCloudError, match=r"GarbledAnswer: no listing: .*\(RequestId NjA=\)"):
            hook.list_page("/", marker="/b")


@pytest.mark.parametrize(
    ("next_marker", "expected"), [("", "/d%"), ("<NextMarker/>", "/d%"), ("<NextMarker>e%2Fü</NextMarker>", "/e/ü")]
)
def test_where_the_next_page_begins(next_marker: str, expected: str, connect: Callable[..., str]) -> None:
    body = LISTING % (MORE + ENTRY % ("b", 1) + ENTRY % ("d%25", 1) + next_marker)
    with listing_server(body) as server:
        hook = CosHook(connect(cos_endpoint=server.url.partition("://")[2]))
        objects, marker = hook.list_page("/")
    assert ([one.key for one in objects], marker) == (["/b", "/d%"], expected)


@pytest.mark.parametrize("prefix", ["\ud800", "x" * 900, None])
def test_prefixes_are_checked(prefix: Any, hook: CosHook, service: LocalService) -> None:
    with pytest.raises(InvalidArgumentError, match="prefix: expected the beginning of a COS object key"):
        hook.list_page(prefix)
    assert not service.journal


def test_write_only_what_is_not_there(hook: CosHook, service: LocalService) -> None:
    assert hook.write_object("/a", b"first", "text/plain", overwrite=False) is True
    assert hook.write_object("/a", b"second", "text/plain", overwrite=False) is False
    # Not even with the same bytes is it one's own.
    assert hook.write_object("/a", b"first", "text/plain", overwrite=False) is False
    assert service.get_object(service.bucket, "a") == b"first"
    assert hook.write_object("/a", b"third", "text/plain") is True
    assert service.get_object(service.bucket, "a") == b"third"


@pytest.mark.parametrize("head", [{}, {"kind": "reset"}, {"kind": "http", "status": 503}])
def test_what_a_lost_answer_stored_is_ones_own(head: dict[str, Any], hook: CosHook, service: LocalService) -> None:
    service.add_fault(kind="lost_answer", action=PUT, times=1)
    if head:
        service.add_fault(action=HEAD, times=2, **head)
    assert hook.write_object("/a", b"mine", None, overwrite=False) is True
    assert service.get_object(service.bucket, "a") == b"mine"
    assert len(service.accepted(PUT)) == 1


def test_what_another_stored_is_not_ones_own_after_a_reset(hook: CosHook, service: LocalService) -> None:
    service.add_fault(kind="reset", action=PUT, times=1)
    service.put_object(service.bucket, "a", b"mine")
    assert hook.write_object("/a", b"mine", None, overwrite=False) is False


def test_a_bucket_with_versions_cannot_keep_what_is_there(hook: CosHook, service: LocalService) -> None:
    service.keep_versions(service.bucket)
    with pytest.raises(TencentCloudPermanentError, match=r"BucketHasVersions: COS stored version .*never had vers"):
        hook.write_object("/a", b"first", None, overwrite=False)
    assert len(service.calls(PUT)) == 1
    assert hook.write_object("/a", b"second", None)


def test_what_breaks_on_the_way_is_refused_by_cos(hook: CosHook, service: LocalService) -> None:
    hook.write_object("/a", b"before", None)
    service.add_fault(kind="error", action=PUT, code="BadDigest", status=400, times=1)
    hook.write_object("/a", b"after", None)
    assert service.get_object(service.bucket, "a") == b"after"


def test_a_copy(hook: CosHook, service: LocalService) -> None:
    conn = hook.get_conn()
    headers = {"ContentType": "image/png", "ContentDisposition": "inline; filename=a.png", "CacheControl": "no-cache"}
    conn.put_object(Bucket=service.bucket, Key="a.png", Body=DATA, Metadata={"x-cos-meta-sku": "cup"}, **headers)
    before = len(service.journal)
    copied = hook.copy_object(f"cos://{service.bucket}/a.png", "/shop/a.png")
    assert [record.action for record in service.journal[before:]] == [HEAD, COPY, HEAD]
    assert copied[:3] == ("/shop/a.png", len(DATA), MD5)
    assert (copied.crc64, copied.content_type, copied.cache_control) == (crc64(DATA), "image/png", "no-cache")
    changed = hook.copy_object("cos:///a.png", "/shop/a.png", content_type="image/x-png", cache_control="max-age=60")
    assert (changed.content_type, changed.cache_control) == ("image/x-png", "max-age=60")
    found = conn.head_object(Bucket=service.bucket, Key="shop/a.png")
    assert (found["Content-Disposition"], found["x-cos-meta-sku"]) == ("inline; filename=a.png", "cup")
    assert hook.copy_object("cos:///a.png", "/b.png", cache_control="max-age=60").content_type == "image/png"


def test_a_copy_keeps_headers_that_are_not_ascii(hook: CosHook, service: LocalService) -> None:
    value = "attachment; filename=tässe.png".encode()
    conn = hook.get_conn()
    conn.put_object(Bucket=service.bucket, Key="a", Body=DATA, ContentDisposition=value)
    before = conn.head_object(Bucket=service.bucket, Key="a")["Content-Disposition"]
    hook.copy_object("cos:///a", "/b", cache_control="no-store")
    assert conn.head_object(Bucket=service.bucket, Key="b")["Content-Disposition"] == before


def test_an_error_within_a_success_is_an_error(hook: CosHook, service: LocalService) -> None:
    service.put_object(service.bucket, "a", DATA)
    service.put_object(service.bucket, "b", b"old")
    service.add_fault(kind="error", action=COPY, code="InternalError", message="broke off", status=200)
    with pytest.raises(TencentCloudError, match=r"COS CopyObject for cos://.*/b: InternalError: broke off .RequestId"):
        hook.copy_object("cos:///a", "/b")
    assert len(service.calls(COPY)) == ATTEMPTS
    assert service.get_object(service.bucket, "b") == b"old"


@pytest.mark.parametrize("fault", ["lost_answer", "reset"])
def test_a_copy_is_sent_again(fault: str, hook: CosHook, service: LocalService) -> None:
    service.put_object(service.bucket, "a", DATA)
    service.add_fault(kind=fault, action=COPY, times=2)
    assert hook.copy_object("cos:///a", "/b", overwrite=False).etag == MD5
    assert service.get_object(service.bucket, "b") == DATA


def test_a_copy_of_nothing(hook: CosHook, service: LocalService) -> None:
    with pytest.raises(TencentCloudError, match=rf"for cos://{service.bucket}/a: NoSuchKey: there is no such object"):
        hook.copy_object("cos:///a", "/b")
    with pytest.raises(TencentCloudPermanentError, match="NoSuchBucket"):
        hook.copy_object(f"cos://{OTHER_BUCKET}/a", "/b")
    assert not service.calls(COPY)


def test_conditions_of_a_copy(hook: CosHook, service: LocalService) -> None:
    service.put_object(service.bucket, "a", DATA)
    service.put_object(service.bucket, "b", b"old")
    with pytest.raises(TencentCloudPermanentError, match="FileAlreadyExists"):
        hook.copy_object("cos:///a", "/b", overwrite=False)
    with pytest.raises(TencentCloudPermanentError, match=f"PreconditionFailed: the ETag is {MD5}, not 00"):
        hook.copy_object("cos:///a", "/b", if_match="00")
    assert not service.calls(COPY)
    assert hook.copy_object("cos:///a", "/b", if_match=f'"{MD5}"').etag == MD5


def test_a_source_that_changes_meanwhile_is_looked_at_again(hook: CosHook, service: LocalService) -> None:
    service.put_object(service.bucket, "a", DATA)
    service.add_fault(kind="error", action=COPY, code="PreconditionFailed", status=412, times=1)
    assert hook.copy_object("cos:///a", "/b").etag == MD5
    service.add_fault(kind="error", action=COPY, code="PreconditionFailed", status=412, times=1)
    with pytest.raises(TencentCloudPermanentError, match="PreconditionFailed"):
        hook.copy_object("cos:///a", "/c", if_match=MD5)


@pytest.mark.parametrize("what", ["missing", "other"])
def test_a_copy_that_is_not_the_source(
    what: str, hook: CosHook, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mps.clients import cos_copy

    service.put_object(service.bucket, "a", DATA)
    if what == "other":
        service.put_object(service.bucket, "b", DATA[::-1])
    monkeypatch.setattr(cos_copy, "copy", lambda *args, **options: None)
    said = "it is not there" if what == "missing" else r"CRC64 \d+ in the copy, \d+ in the source"
    with pytest.raises(TencentCloudError, match=f"NotWhole: the copy of cos://{service.bucket}/a: {said}"):
        hook.copy_object("cos:///a", "/b")


def test_a_copy_of_an_old_object_and_of_one_in_parts(hook: CosHook, service: LocalService) -> None:
    service.put_object(service.bucket, "old", DATA, has_crc64=False)
    assert hook.copy_object("cos:///old", "/a").crc64 is None
    conn = hook.get_conn()
    started = conn.create_multipart_upload(Bucket=service.bucket, Key="parts")["UploadId"]
    part = conn.upload_part(Bucket=service.bucket, Key="parts", Body=DATA, PartNumber=1, UploadId=started)
    parts = {"Part": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    conn.complete_multipart_upload(Bucket=service.bucket, Key="parts", UploadId=started, MultipartUpload=parts)
    assert hook.copy_object("cos:///parts", "/b").crc64 == crc64(DATA)


def test_a_copy_between_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    first, second = "first-1250000000", "second-1250000000"
    with LocalService(rate_limit=0, buckets={first: "ap-guangzhou", second: "ap-beijing"}) as service:
        monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(service.connection()))
        service.put_object(second, "a", DATA)
        hook = CosHook()
        assert hook.copy_object(f"cos://{second}/a", "/b", source_region="ap-beijing").etag == MD5
        assert service.get_object(first, "b") == DATA
        with pytest.raises(TencentCloudPermanentError, match="NoSuchBucket"):
            hook.copy_object(f"cos://{second}/a", "/b")


@pytest.mark.parametrize(
    "source", ["/a", "s3://b/a", "cos://b/a", "cos:///", "cos://x:y@b-1250000000/a", "cos://@b-1/a"]
)
def test_sources_are_checked(source: str, hook: CosHook, service: LocalService) -> None:
    with pytest.raises(InvalidArgumentError, match="source: expected"):
        hook.copy_object(source, "/b")
    with pytest.raises(InvalidArgumentError, match="cache_control: expected"):
        hook.copy_object("cos:///a", "/b", cache_control="a\r\nb: c")
    assert not service.journal


def test_nothing_to_remove(hook: CosHook, service: LocalService) -> None:
    hook.delete_object("/nothing")
    service.put_object(service.bucket, "a", DATA)
    service.add_fault(kind="lost_answer", action="DeleteObject", times=1)
    hook.delete_object("/a")
    assert not service.object_exists(service.bucket, "a")


def test_names_of_headers_are_those_of_the_sdk() -> None:
    from airflow_provider_mps.clients import cos
    from airflow_provider_mps.services.tencentcloud.objects import COPIED_HEADERS

    assert set(cos._SDK_NAMES) == set(COPIED_HEADERS)
