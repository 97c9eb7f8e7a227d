"""COS: signatures, objects, listings, ranges and multipart uploads, through the real SDK."""

from __future__ import annotations

import base64
import hashlib
import http.client
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import crcmod
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qcloud_cos import CosServiceError
from qcloud_cos.cos_auth import CosS3Auth

from tests.whole import examples

HOST = "mps-local-1250000000.cos.ap-guangzhou.myqcloud.com"
BUCKET = "mps-local-1250000000"


def crc(data: bytes) -> str:
    table = crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF, rev=True)
    return str(table(data))


def code_of(answer: httpx.Response) -> str:
    return ElementTree.fromstring(answer.content).findtext("Code", "")


def authorization(service: Any, method: str, path: str, headers: dict[str, str], **changes: Any) -> str:
    """A COS signature made by the SDK's own signer, with parts of it replaced."""

    class Conf:
        _secret_id = changes.get("secret_id", service.secret_id)
        _secret_key = changes.get("secret_key", service.secret_key)
        _credential_inst = None
        _anonymous = False
        _sign_params = True
        _sign_host = changes.get("sign_host", True)

    class Prepared:
        url = f"http://{HOST}{path}"

    prepared = Prepared()
    prepared.method = method  # type: ignore[attr-defined]
    prepared.headers = dict(headers)  # type: ignore[attr-defined]
    CosS3Auth(Conf, path, changes.get("params", {}), changes.get("expire", 100))(prepared)
    text: str = prepared.headers["Authorization"]  # type: ignore[attr-defined]
    for old, new in changes.get("replace", {}).items():
        text = text.replace(old, new)
    return text


def send(service: Any, method: str = "GET", path: str = "/samples/coffee.png", **changes: Any) -> httpx.Response:
    headers = {"Host": changes.get("signed_host", HOST), **changes.get("headers", {})}
    how = {name: value for name, value in changes.items() if name != "headers"}
    signature = authorization(service, method, changes.get("signed_path", path), headers, **how)
    sent = {**headers, "Host": changes.get("host", HOST), **changes.get("sent", {}), "Authorization": signature}
    return httpx.request(
        changes.get("sent_method", method),
        service.url + path + changes.get("query", ""),
        headers={name: value for name, value in sent.items() if value is not None},
    )


def test_objects_come_and_go(clients: Any) -> None:
    cos = clients.cos()
    data = b"hello" * 1000
    put = cos.put_object(
        BUCKET, data, "a/b c+d.txt", EnableMD5=True, ContentType="text/plain", Metadata={"x-cos-meta-a": "1"}
    )
    assert put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert put["x-cos-hash-crc64ecma"] == crc(data)
    head = cos.head_object(BUCKET, "a/b c+d.txt")
    assert head["Content-Length"] == "5000"
    assert head["Content-Type"] == "text/plain"
    assert head["x-cos-meta-a"] == "1"
    got = cos.get_object(BUCKET, "a/b c+d.txt")
    assert got["Body"].get_raw_stream().read() == data
    assert got["x-cos-hash-crc64ecma"] == crc(data)
    assert cos.object_exists(BUCKET, "a/b c+d.txt")
    cos.delete_object(BUCKET, "a/b c+d.txt")
    assert not cos.object_exists(BUCKET, "a/b c+d.txt")
    with pytest.raises(CosServiceError) as caught:
        cos.get_object(BUCKET, "a/b c+d.txt")
    assert caught.value.get_error_code() == "NoSuchKey"
    assert caught.value.get_status_code() == 404
    assert caught.value.get_request_id()
    assert caught.value.get_resource_location().endswith("/a/b%20c%2Bd.txt")


def test_header_names_keep_their_case(service: Any) -> None:
    connection = http.client.HTTPConnection(service.host, service.port)
    path = "/samples/coffee.png"
    connection.request(
        "HEAD", path, headers={"Host": HOST, "Authorization": authorization(service, "HEAD", path, {"Host": HOST})}
    )
    answer = connection.getresponse()
    names = [name for name, _ in answer.getheaders()]
    connection.close()
    assert answer.status == 200
    assert {
        "ETag",
        "Last-Modified",
        "Content-Length",
        "Content-Type",
        "x-cos-hash-crc64ecma",
        "x-cos-request-id",
    } <= set(names)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({}, 200, ""),
        ({"host": f"{HOST}:80"}, 200, ""),
        ({"signed_host": f"{HOST}:80", "host": f"{HOST}:80"}, 200, ""),
        ({"sign_host": False, "signed_host": "x"}, 403, "SignatureDoesNotMatch"),
        ({"host": "other-1250000000.cos.ap-beijing.myqcloud.com"}, 403, "SignatureDoesNotMatch"),
        ({"signed_path": "/samples/brick.png"}, 403, "SignatureDoesNotMatch"),
        ({"sent_method": "HEAD"}, 403, ""),
        ({"secret_key": "wrong"}, 403, "SignatureDoesNotMatch"),
        ({"secret_id": "AKIDnobody"}, 403, "InvalidAccessKeyId"),
        ({"expire": -1}, 403, "AccessDenied"),
        ({"headers": {"Range": "bytes=0-1"}}, 206, ""),
        ({"headers": {"Range": "bytes=0-1"}, "sent": {"Range": "bytes=0-9"}}, 403, "SignatureDoesNotMatch"),
        ({"headers": {"Range": "bytes=0-1"}, "sent": {"Range": None}}, 403, "SignatureDoesNotMatch"),
        ({"params": {"versionId": "1"}}, 403, "SignatureDoesNotMatch"),
        ({"params": {"response-content-type": "a/b"}, "query": "?response-content-type=a%2Fb"}, 200, ""),
        (
            {"params": {"response-content-type": "a/b"}, "query": "?response-content-type=c"},
            403,
            "SignatureDoesNotMatch",
        ),
        ({"replace": {"q-sign-algorithm=sha1": "q-sign-algorithm=md5"}}, 403, "AccessDenied"),
        ({"replace": {"&q-header-list=": "&x="}}, 403, "AccessDenied"),
        ({"replace": {"q-header-list=host": "q-header-list=host;host"}}, 403, "SignatureDoesNotMatch"),
        ({"replace": {"q-header-list=host": "q-header-list="}}, 403, "SignatureDoesNotMatch"),
        ({"replace": {";": "-"}}, 403, "AccessDenied"),
        ({"sent": {"x-cos-security-token": "made-up"}}, 403, "AccessDenied"),
    ],
)
def test_signatures(service: Any, changes: dict[str, Any], status: int, code: str) -> None:
    answer = send(service, **changes)
    assert answer.status_code == status
    if code:
        assert code_of(answer) == code
        assert service.journal[-1].code == code
        assert not service.journal[-1].executed
    assert "q-signature" not in str(service.journal)


def test_times_and_anonymity(make_service: Any, clock: Any) -> None:
    service = make_service(clock=clock)
    assert httpx.get(f"{service.url}/samples/coffee.png", headers={"Host": HOST}).status_code == 403
    assert send(service).status_code == 200
    clock.offset = 101
    assert code_of(send(service)) == "AccessDenied"
    clock.offset = -120
    assert code_of(send(service)) == "RequestTimeTooSkewed"


def test_presigned_urls(clients: Any) -> None:
    service = clients.service
    from qcloud_cos import CosConfig, CosS3Client

    # A client without an address of its own puts the bucket into the URL.
    config = CosConfig(Region="ap-guangzhou", SecretId=service.secret_id, SecretKey=service.secret_key, Scheme="http")
    client = CosS3Client(config)

    def dial(url: str, method: str = "GET") -> httpx.Response:
        direct = httpx.URL(url).copy_with(host=service.host, port=service.port)
        return httpx.request(method, direct, headers={"Host": HOST})

    key = "samples/coffee.png"
    url = client.get_presigned_url(BUCKET, key, "GET", Expired=60)
    assert dial(url).content == service.get_object(BUCKET, key)
    assert dial(url, "DELETE").status_code == 403
    assert code_of(dial(url.replace("coffee", "brick"))) == "SignatureDoesNotMatch"
    assert code_of(dial(url.replace("q-ak=AKID", "q-ak=AKIX"))) == "InvalidAccessKeyId"
    assert code_of(dial(client.get_presigned_url(BUCKET, key, "GET", Expired=-1))) == "AccessDenied"
    named = client.get_presigned_url(
        BUCKET, key, "GET", Params={"response-content-disposition": "attachment; filename=a.png"}
    )
    assert dial(named).headers["content-disposition"] == "attachment; filename=a.png"
    no_host = client.get_presigned_url(BUCKET, key, "GET", SignHost=False)
    assert dial(no_host).status_code == 200


def test_temporary_keys(clients: Any, service: Any) -> None:
    issued = service.backend.accounts.issue(service.backend.accounts.default, 60)
    pair = (issued.secret_id, issued.secret_key)
    clients.cos(pair, issued.token).head_object(BUCKET, "samples/coffee.png")
    assert service.journal[-1].token_present
    for token, code in ((None, "InvalidAccessKeyId"), ("wrong", "AccessDenied")):
        with pytest.raises(CosServiceError) as caught:
            clients.cos(pair, token).get_object(BUCKET, "samples/coffee.png")
        assert caught.value.get_error_code() == code


def test_buckets(clients: Any) -> None:
    cos = clients.cos()
    assert cos.bucket_exists(BUCKET)
    assert not cos.bucket_exists("nobody-1250000000")
    # The bucket exists, but in another region.
    with pytest.raises(CosServiceError) as caught:
        cos.list_objects("other-1250000000")
    assert caught.value.get_error_code() == "NoSuchBucket"
    # What the local service does not offer it refuses, rather than take it for something else.
    for call in (
        lambda: cos.get_bucket_acl(BUCKET),
        lambda: cos.get_object_acl(BUCKET, "samples/coffee.png"),
        lambda: cos.get_object(BUCKET, "samples/coffee.png", VersionId="1"),
        lambda: cos.put_bucket_acl(BUCKET, ACL="public-read"),
        lambda: cos.put_object_acl(BUCKET, "samples/coffee.png", ACL="public-read"),
    ):
        with pytest.raises(CosServiceError) as caught:
            call()
        assert caught.value.get_error_code() == "MethodNotAllowed"
    assert clients.service.get_object(BUCKET, "samples/coffee.png").startswith(b"\x89PNG")


def test_listing_pages_and_folders(clients: Any) -> None:
    cos = clients.cos()
    keys = ["list/a.txt", "list/b/1.txt", "list/b/2.txt", "list/c d&<.txt", "list/é/1", "list/z.txt"]
    for key in keys:
        clients.service.put_object(BUCKET, key, b"x")
    seen: list[str] = []
    marker = ""
    while True:
        page = cos.list_objects(BUCKET, Prefix="list/", Marker=marker, MaxKeys=2)
        assert len(page["Contents"]) <= 2
        seen += [entry["Key"] for entry in page["Contents"]]
        if page["IsTruncated"] == "false":
            break
        marker = page["NextMarker"]
    assert seen == sorted(keys)
    assert {entry["Size"] for entry in page["Contents"]} == {"1"}

    found: list[str] = []
    marker = ""
    while True:
        page = cos.list_objects(BUCKET, Prefix="list/", Delimiter="/", Marker=marker, MaxKeys=1)
        found += [entry["Key"] for entry in page.get("Contents", [])]
        found += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        if page["IsTruncated"] == "false":
            break
        marker = page["NextMarker"]
    assert found == ["list/a.txt", "list/b/", "list/c d&<.txt", "list/z.txt", "list/é/"]
    assert cos.list_objects(BUCKET, Prefix="nothing/").get("Contents", []) == []


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=8-100", 206, b"89"),
        ("bytes=10-", 416, None),
        ("pages=1-2", 200, b"0123456789"),
    ],
)
def test_ranges(service: Any, wanted: str, status: int, body: bytes | None) -> None:
    service.put_object(BUCKET, "digits", b"0123456789")
    answer = send(service, path="/digits", headers={"Range": wanted})
    assert answer.status_code == status
    if body is not None:
        assert answer.content == body
        # The checksum is the whole object's, as COS has it.
        assert answer.headers["x-cos-hash-crc64ecma"] == crc(b"0123456789")


def test_wrong_md5_is_refused(clients: Any) -> None:
    good = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    clients.cos().put_object(BUCKET, b"x", "md5", ContentMD5=good)
    for value, code in ((good, "BadDigest"), ("!", "InvalidDigest"), ("AAAA", "InvalidDigest")):
        with pytest.raises(CosServiceError) as caught:
            clients.cos().put_object(BUCKET, b"y", "md5", ContentMD5=value)
        assert caught.value.get_error_code() == code
    assert clients.service.get_object(BUCKET, "md5") == b"x"
    assert not list((clients.service._temporary / "tmp").iterdir())


def test_large_files_go_up_in_parts_and_come_down_in_ranges(clients: Any, tmp_path: Path) -> None:
    source, target = tmp_path / "up.bin", tmp_path / "down.bin"
    data = bytes(range(256)) * 4096 * 22 + b"the end"
    source.write_bytes(data)
    cos = clients.cos()
    answer = cos.upload_file(BUCKET, "big.bin", str(source), PartSize=5, MAXThread=3, EnableMD5=True)
    assert answer["ETag"].endswith('-5"')
    head = cos.head_object(BUCKET, "big.bin")
    assert head["Content-Length"] == str(len(data))
    assert head["x-cos-hash-crc64ecma"] == crc(data)
    cos.download_file(BUCKET, "big.bin", str(target), PartSize=5, MAXThread=3, EnableCRC=True)
    assert target.read_bytes() == data
    actions = {record.action for record in clients.service.journal}
    assert {"InitiateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "GetObject"} <= actions
    assert not list((clients.service._temporary / "tmp").iterdir())


def test_multipart_rules(clients: Any) -> None:
    cos = clients.cos()

    def refused(call: Any) -> str:
        with pytest.raises(CosServiceError) as caught:
            call()
        code: str = caught.value.get_error_code()
        return code

    upload = cos.create_multipart_upload(BUCKET, "parts.bin")["UploadId"]
    first = cos.upload_part(BUCKET, "parts.bin", b"one", 1, upload)["ETag"]
    second = cos.upload_part(BUCKET, "parts.bin", b"two", 2, upload)["ETag"]
    assert [part["PartNumber"] for part in cos.list_parts(BUCKET, "parts.bin", upload)["Part"]] == ["1", "2"]
    assert cos.list_multipart_uploads(BUCKET, Prefix="parts")["Upload"][0]["UploadId"] == upload

    def complete(*parts: tuple[int, str], upload_id: str = upload) -> Any:
        wanted = {"Part": [{"PartNumber": number, "ETag": etag} for number, etag in parts]}
        return cos.complete_multipart_upload(BUCKET, "parts.bin", upload_id, wanted)

    assert refused(lambda: complete((2, second), (1, first))) == "InvalidPartOrder"
    assert refused(lambda: complete((1, second))) == "InvalidPart"
    assert refused(lambda: complete((3, first))) == "InvalidPart"
    assert refused(lambda: complete((1, first), upload_id="nothing")) == "NoSuchUpload"
    assert refused(lambda: cos.upload_part(BUCKET, "parts.bin", b"x", 10001, upload)) == "InvalidArgument"
    complete((1, first), (2, second))
    assert clients.service.get_object(BUCKET, "parts.bin") == b"onetwo"
    assert refused(lambda: complete((1, first))) == "NoSuchUpload"

    upload = cos.create_multipart_upload(BUCKET, "gone.bin")["UploadId"]
    cos.upload_part(BUCKET, "gone.bin", b"one", 1, upload)
    cos.abort_multipart_upload(BUCKET, "gone.bin", upload)
    assert not clients.service.object_exists(BUCKET, "gone.bin")
    assert refused(lambda: cos.list_parts(BUCKET, "gone.bin", upload)) == "NoSuchUpload"
    assert not list((clients.service._temporary / "tmp").iterdir())


HOSTILE = [
    "../../etc/passwd",
    "a/../../b",
    "%2e%2e/x",
    "a//b",
    "a\\..\\b",
    "nul\x00byte",
    "new\nline",
    "C:\\x",
    "💥/é",
    "a?b#c",
]


@pytest.mark.parametrize("key", HOSTILE)
def test_hostile_keys_stay_inside(make_service: Any, clients_for: Any, tmp_path: Path, key: str) -> None:
    root = tmp_path / "inside" / "data"
    root.mkdir(parents=True)
    cos = clients_for(make_service(data_dir=root)).cos()
    cos.put_object(BUCKET, key.encode(), key)
    assert cos.get_object(BUCKET, key)["Body"].get_raw_stream().read() == key.encode()
    assert cos.list_objects(BUCKET, Prefix=key)["Contents"][0]["Key"] == key
    assert list(tmp_path.iterdir()) == [root.parent]
    assert list(root.parent.iterdir()) == [root]
    assert all(len(path.stem) == 64 for path in (root / "objects").iterdir())
    cos.delete_object(BUCKET, key)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(lambda key: key.strip("/"))
)
def test_any_key_is_signed_and_stored_alike(clients: Any, key: str) -> None:
    # The SDK drops one leading slash of the URL only, so such keys would name two objects.
    key = key.lstrip("/")
    cos = clients.cos()
    cos.put_object(BUCKET, key.encode(), key)
    assert clients.service.get_object(BUCKET, key) == key.encode()
    assert cos.head_object(BUCKET, key)["Content-Length"] == str(len(key.encode()))
    cos.delete_object(BUCKET, key)


@pytest.mark.parametrize("path", ["/..", "/../../x", "/a/./b", "/%2e%2e/%2e%2e/x", "/a%00b"])
def test_paths_that_clients_would_tidy_up(service: Any, path: str) -> None:
    key = unquote(path)
    headers = {"Host": HOST}
    connection = http.client.HTTPConnection(service.host, service.port)
    signature = authorization(service, "PUT", key, headers)
    connection.request("PUT", path, b"inside", {**headers, "Authorization": signature})
    assert connection.getresponse().status == 200
    connection.close()
    assert service.get_object(BUCKET, key[1:]) == b"inside"
    folders = {file.parent.name for file in service._temporary.glob("*/*")}
    assert folders <= {"objects", "aidge-results"}
    assert not [file for file in service._temporary.glob("aidge-results/*") if not file.is_dir()]
    service.backend.store.delete(BUCKET, key[1:])


def test_a_path_that_is_no_utf8_is_refused(service: Any) -> None:
    answer = httpx.get(f"{service.url}/%ff", headers={"Host": HOST})
    assert (answer.status_code, code_of(answer)) == (400, "InvalidURI")


def test_a_too_long_key_is_refused(clients: Any) -> None:
    with pytest.raises(CosServiceError) as caught:
        clients.cos().put_object(BUCKET, b"x", "k" * 851)
    assert caught.value.get_error_code() == "KeyTooLong"


def test_objects_outlive_the_service_in_a_folder_of_ones_own(make_service: Any, tmp_path: Path) -> None:
    first = make_service(data_dir=tmp_path)
    first.put_object(first.bucket, "/kept.txt", b"kept")
    modified = first.backend.store.find(first.bucket, "kept.txt").modified
    first.stop()
    second = make_service(data_dir=tmp_path)
    assert second.get_object(second.bucket, "kept.txt") == b"kept"
    assert second.backend.store.find(second.bucket, "kept.txt").modified == modified <= time.time()
