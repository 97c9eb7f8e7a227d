"""Downloads are whole or absent, through the vendor's SDK against the local service."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mps.core.calls import ATTEMPTS
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from tests.hooks.proxy import counting_proxy

GET, PUT = "GetObject", "PutObject"
KEY = "/pictures/a b+ü.jpeg"
DATA = os.urandom(700_000)


@pytest.fixture
def stored(service: LocalService, conn_id: str) -> CosHook:
    service.put_object(service.bucket, KEY, DATA)
    return CosHook(conn_id)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_download(stored: CosHook, tmp_path: Path, service: LocalService) -> None:
    path = tmp_path / "new" / "folder" / "a.jpeg"
    umask = os.umask(0o027)
    try:
        assert stored.download_file(KEY, path) == path
    finally:
        os.umask(umask)
    assert path.read_bytes() == DATA
    assert path.stat().st_mode & 0o777 == 0o640
    assert files(tmp_path / "new") == ["folder", "folder/a.jpeg"]
    assert len(service.calls(GET)) == 1


def test_download_replaces(stored: CosHook, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    stored.download_file(KEY, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == DATA


BROKEN = [
    ({"kind": "truncate", "n": 1000}, "NoAnswer"),
    ({"kind": "truncate", "n": 0}, "NoAnswer"),
    ({"kind": "wrong_byte"}, "NotWhole"),
    ({"kind": "short_length", "n": 7}, "NotWhole"),
    ({"kind": "http", "status": 503}, "HTTP 503"),
    ({"kind": "error", "code": "InternalError", "status": 500}, "InternalError"),
    ({"kind": "reset"}, "NoAnswer"),
]


@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.parametrize(("fault", "code"), BROKEN)
def test_a_broken_download_leaves_nothing(
    fault: dict[str, Any], code: str, old: bytes | None, stored: CosHook, service: LocalService, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpeg"
    if old is not None:
        path.write_bytes(old)
    service.add_fault(action=GET, **fault)
    with pytest.raises(TencentCloudError) as caught:
        stored.download_file(KEY, path)
    assert caught.value.code == code
    assert f"COS GetObject for cos://{service.bucket}{KEY}" in str(caught.value)
    assert not isinstance(caught.value, AirflowFailException)
    assert len(service.calls(GET)) == ATTEMPTS
    assert files(tmp_path) == ([] if old is None else ["a.jpeg"])
    if old is not None:
        assert path.read_bytes() == old


@pytest.mark.parametrize(("fault", "code"), BROKEN)
def test_a_download_that_breaks_twice_comes_whole(
    fault: dict[str, Any], code: str, stored: CosHook, service: LocalService, tmp_path: Path
) -> None:
    service.add_fault(action=GET, times=2, **fault)
    stored.download_file(KEY, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == DATA
    assert len(service.calls(GET)) == 3


def test_no_such_key(stored: CosHook, tmp_path: Path) -> None:
    with pytest.raises(TencentCloudError, match=r"NoSuchKey: .*RequestId .*There is no such object") as caught:
        stored.download_file("/nothing.jpeg", tmp_path / "a")
    assert caught.value.outcome is Outcome.NOT_EXECUTED
    assert files(tmp_path) == []


def test_no_such_bucket(conn_id: str, service: LocalService, tmp_path: Path) -> None:
    with pytest.raises(TencentCloudPermanentError, match=r"NoSuchBucket.*Check bucket and region"):
        CosHook(conn_id, bucket="other-1250000000").download_file(KEY, tmp_path / "a")
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("login", "password", "code"), [("", "wrong", "SignatureDoesNotMatch"), ("AKIDnobody", "x", "InvalidAccessKeyId")]
)
def test_forbidden(
    login: str, password: str, code: str, service: LocalService, connect: Callable[..., str], tmp_path: Path
) -> None:
    hook = CosHook(connect(login=login or service.secret_id, password=password))
    with pytest.raises(TencentCloudPermanentError) as caught:
        hook.download_file("/samples/coffee.png", tmp_path / "a")
    assert caught.value.code == code
    assert len(service.calls(GET)) == 1
    assert files(tmp_path) == []


def test_access_denied(stored: CosHook, service: LocalService, tmp_path: Path) -> None:
    service.add_fault(kind="error", action=GET, code="AccessDenied", message="Access Denied.", status=403)
    with pytest.raises(TencentCloudPermanentError, match="Grant the account this action on the bucket in CAM"):
        stored.download_file(KEY, tmp_path / "a")


def test_places_that_cannot_hold_a_file(stored: CosHook, service: LocalService, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidArgumentError, match=r"file' is a file, so it cannot hold"):
        stored.download_file(KEY, tmp_path / "file" / "new" / "a")
    with pytest.raises(InvalidArgumentError, match="expected a file, got the folder"):
        stored.download_file(KEY, tmp_path)
    with pytest.raises(InvalidArgumentError, match="expected a file, got the folder"):
        stored.download_file(KEY, f"{tmp_path}/new/")
    with pytest.raises(InvalidArgumentError, match="expected a file name of at most 255 bytes"):
        stored.download_file(KEY, tmp_path / ("ü" * 130))
    assert not service.journal
    assert files(tmp_path) == ["file"]


def test_disk_errors_stay_what_they_are(stored: CosHook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left") as caught:
        stored.download_file(KEY, tmp_path / "a")
    assert type(caught.value) is OSError
    assert files(tmp_path) == []


def test_an_upload_that_does_not_verify(
    conn_id: str, service: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mps.clients import cos
    from airflow_provider_mps.core.digests import Digest

    (tmp_path / "a").write_bytes(DATA)
    monkeypatch.setattr(cos, "read_digest", lambda headers: Digest(None, 1))
    with pytest.raises(TencentCloudError, match=r"NotWhole: CRC64 \d+ here, 1 in COS"):
        CosHook(conn_id).upload_file(tmp_path / "a", "a")


def test_one_role_for_many_files(service: LocalService, connect: Callable[..., str], tmp_path: Path) -> None:
    outputs = [{"bucket": service.bucket, "path": f"/samples/{name}.png"} for name in ("coffee", "brick", "gravel")]
    transfer = CosToLocalFilesystemOperator(
        task_id="t",
        outputs=outputs,
        local_dir=str(tmp_path),
        tencentcloud_conn_id=connect(role_arn="qcs::cam::uin/1:roleName/x"),
    )
    assert len(transfer.execute({})) == 3
    assert len(service.calls(GET)) == 3
    assert len(service.calls("AssumeRole")) == 1


@pytest.mark.parametrize("key", ["", "/", "/folder/", "cos://b/k", "a\x00b", "x" * 851])
def test_keys_are_checked_before_anything_is_sent(
    key: str, stored: CosHook, service: LocalService, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArgumentError, match="cos_key: expected a COS object key"):
        stored.download_file(key, tmp_path / "a")
    assert not service.journal


def test_upload_and_head(conn_id: str, service: LocalService, tmp_path: Path) -> None:
    (tmp_path / "a.jpeg").write_bytes(DATA)
    stored = CosHook(conn_id).upload_file(tmp_path / "a.jpeg", "in/a b.jpeg")
    assert stored == {
        "bucket": service.bucket,
        "region": "ap-guangzhou",
        "path": "/in/a b.jpeg",
        "cos_uri": f"cos://{service.bucket}/in/a b.jpeg",
        "url": f"https://{service.bucket}.cos.ap-guangzhou.myqcloud.com/in/a%20b.jpeg",
    }
    assert service.get_object(service.bucket, "in/a b.jpeg") == DATA
    assert CosHook(conn_id).head_object("in/a b.jpeg").size == len(DATA)
    with pytest.raises(TencentCloudError, match="NoSuchResource"):
        CosHook(conn_id).head_object("nothing")


def test_upload_resends(conn_id: str, service: LocalService, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(DATA)
    service.add_fault(kind="reset", action=PUT, times=1)
    service.add_fault(kind="http", action=PUT, status=500, times=1)
    CosHook(conn_id).upload_file(tmp_path / "a", "a")
    assert service.get_object(service.bucket, "a") == DATA


def test_upload_of_nothing(conn_id: str, service: LocalService, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="local_path: expected a file that exists"):
        CosHook(conn_id).upload_file(tmp_path / "nothing", "a")
    assert not service.journal


def test_an_empty_file(conn_id: str, service: LocalService, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    CosHook(conn_id).upload_file(tmp_path / "empty", "empty")
    CosHook(conn_id).download_file("empty", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b""


def test_role_and_proxy(service: LocalService, connect: Callable[..., str], tmp_path: Path) -> None:
    with counting_proxy() as proxy:
        hook = CosHook(connect(proxy=f"http://{proxy.netloc}", role_arn="qcs::cam::uin/1:roleName/x"))
        hook.download_file("/samples/coffee.png", tmp_path / "a.png")
        assert len(proxy.requests) == 2
    (record,) = service.calls(GET)
    assert record.token_present
    assert record.secret_id != service.secret_id
    assert record.host == f"{service.bucket}.cos.ap-guangzhou.myqcloud.com"


def test_ca_bundle(
    authority: trustme.CA, tls_service: LocalService, connect: Callable[..., str], tmp_path: Path
) -> None:
    with pytest.raises(TencentCloudPermanentError, match=r"BadCertificate.*Check ca_bundle"):
        CosHook(connect(service=tls_service)).download_file("/samples/coffee.png", tmp_path / "a.png")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    hook = CosHook(connect(service=tls_service, ca_bundle=str(tmp_path / "ca.pem")))
    hook.download_file("/samples/coffee.png", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == tls_service.get_object(tls_service.bucket, "samples/coffee.png")


def test_no_secret_in_the_log(stored: CosHook, service: LocalService, tmp_path: Path, caplog: Any, capsys: Any) -> None:
    caplog.set_level(logging.DEBUG)
    service.add_fault(kind="reset", action=GET, times=1)
    stored.download_file(KEY, tmp_path / "a")
    captured = capsys.readouterr()
    text = caplog.text + captured.out + captured.err
    assert "CRC64 verified" in text
    for word in (service.secret_key, "q-signature", "Authorization", "sign_key"):
        assert word not in text


def test_test_connection(conn_id: str, service: LocalService) -> None:
    assert CosHook(conn_id).test_connection() == (
        True,
        f"COS answers for bucket {service.bucket} (region ap-guangzhou)",
    )
    ok, message = CosHook(conn_id, bucket="other-125").test_connection()
    assert not ok
    assert "NoSuch" in message


def test_the_log_says_first_where_an_object_is(
    service: LocalService, conn_id: str, tmp_path: Path, caplog: Any, capsys: Any
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "a.png").write_bytes(b"a")
    CosHook().upload_file(tmp_path / "a.png", "/up/a.png")
    said = f"Stored cos://{service.bucket}/up/a.png (1 bytes, CRC64 verified) from {tmp_path}/a.png"
    assert said in caplog.text + capsys.readouterr().out
