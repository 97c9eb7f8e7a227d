"""Objects with their content and their headers, whole or not at all, through the vendor's SDK."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mps.core import calls
from airflow_provider_mps.core.calls import ATTEMPTS
from airflow_provider_mps.exceptions import TencentCloudError, TencentCloudPermanentError, TransferStoppedError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.tencentcloud.objects import LABEL_NOTE

KEY, DATA = "/shop/杯 a+b.jpeg", bytes(range(256)) * 3000
HEADERS = {
    "Content-Type": "image/jpeg",
    "Cache-Control": "max-age=300",
    "Content-Disposition": "inline; filename=caf\xe9.jpeg",
    "x-cos-meta-shop": "1",
    LABEL_NOTE: "v1; source=1-2; made=3-4; form=0123456789abcdef",
}


@pytest.fixture
def hook(service: LocalService, conn_id: str, monkeypatch: pytest.MonkeyPatch) -> CosHook:
    monkeypatch.setattr(calls, "WAIT", lambda state: 0)
    return CosHook(conn_id)


def test_what_is_put_is_got_with_its_headers(hook: CosHook, service: LocalService) -> None:
    put = hook.put_object(KEY, DATA, HEADERS)
    found = hook.get_object(KEY)
    assert found.data == DATA
    assert found.headers == HEADERS
    assert found.stat == put == hook.stat_object(KEY)
    assert (put.content_type, put.cache_control, put.label) == ("image/jpeg", "max-age=300", HEADERS[LABEL_NOTE])
    # As it came, it can be stored again.
    hook.put_object("/other.jpeg", found.data, found.headers)
    assert hook.get_object("/other.jpeg").headers == HEADERS
    assert len(service.calls("PutObject")) == 2


def test_a_copy_keeps_what_is_noted(hook: CosHook, service: LocalService) -> None:
    hook.put_object(KEY, DATA, HEADERS)
    copy = hook.copy_object(f"cos://{service.bucket}{KEY}", "/copy.jpeg", cache_control="no-cache")
    assert (copy.label, copy.cache_control) == (HEADERS[LABEL_NOTE], "no-cache")


def test_what_is_not_there(hook: CosHook) -> None:
    with pytest.raises(TencentCloudError) as caught:
        hook.get_object("/nothing.jpeg")
    assert caught.value.code == "NoSuchKey"


@pytest.mark.parametrize("kind", ["reset", "truncate", "wrong_byte", "lost_answer"])
@pytest.mark.parametrize("action", ["GetObject", "PutObject"])
def test_what_breaks_on_its_way_is_sent_again(hook: CosHook, service: LocalService, action: str, kind: str) -> None:
    if action == "PutObject" and kind in ("truncate", "wrong_byte"):
        pytest.skip("the answer to it has no content")
    if action == "PutObject":
        service.add_fault(kind=kind, action=action, times=1)
    hook.put_object(KEY, DATA, HEADERS)
    if action == "GetObject":
        service.add_fault(kind=kind, action=action, times=1)
    assert hook.get_object(KEY).data == DATA
    assert len(service.calls(action)) == 2


def test_what_is_refused_leaves_what_is_there(hook: CosHook, service: LocalService) -> None:
    hook.put_object(KEY, DATA, {})
    service.add_fault(kind="error", action="PutObject", code="AccessDenied", status=403)
    with pytest.raises(TencentCloudPermanentError, match="AccessDenied"):
        hook.put_object(KEY, b"other", {})
    assert service.get_object(service.bucket, KEY) == DATA


def test_what_another_has_put_there_meanwhile_is_not_taken_for_ours(
    hook: CosHook, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mps.clients import cos

    store: Callable[..., Any] = cos.store

    def store_and_lose(*given: Any, **more: Any) -> Any:
        found = store(*given, **more)
        service.put_object(service.bucket, KEY, b"another")
        return found

    monkeypatch.setattr(cos, "store", store_and_lose)
    with pytest.raises(TencentCloudError, match="NotWhole"):
        hook.put_object(KEY, DATA, {})
    assert len(service.calls("PutObject")) == ATTEMPTS


def test_it_ends_between_two_pieces(hook: CosHook) -> None:
    hook.put_object(KEY, DATA, {})
    stop = threading.Event()
    stop.set()
    with pytest.raises(TransferStoppedError):
        hook.get_object(KEY, stop=stop)
