"""Every client of the package takes the same way: the connection's proxy, else the environment's and its exceptions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.aidge.requests import Generation
from tests.hooks.proxy import CountingProxy, counting_proxy

Call = Callable[[], Any]


@pytest.fixture
def proxy() -> Iterator[CountingProxy]:
    with counting_proxy() as running:
        yield running


@pytest.fixture(params=["mps", "mps async", "mps typed", "sts", "cos", "aidge", "aidge async", "aidge pictures"])
def call(
    request: pytest.FixtureRequest, service: LocalService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., None]:
    """Make one call with a client, on a connection with the given proxy."""

    def run(own: str | None = None) -> None:
        tencent, aidge = service.connection(), service.aidge_connection()
        for connection in (tencent, aidge):
            connection["extra"]["proxy"] = own
        if request.param == "sts":
            tencent["extra"]["role_arn"] = "qcs::cam::uin/1:roleName/x"
        monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(tencent))
        monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(aidge))
        _CALLS[request.param](service, tmp_path)

    return run


def _mps(service: LocalService, folder: Path) -> None:
    assert MpsHook().test_connection()[0]


def _mps_async(service: LocalService, folder: Path) -> None:
    async def look() -> Any:
        async with MpsHook() as hook:
            return await hook.alook("1-WorkflowTask-a")

    assert "does not exist" in str(asyncio.run(look()))


def _mps_typed(service: LocalService, folder: Path) -> None:
    with pytest.raises(TencentCloudSDKException, match="does not exist"):
        MpsHook().get_conn().call_json("DescribeImageTaskDetail", {"TaskId": "x"})


def _sts(service: LocalService, folder: Path) -> None:
    MpsHook().snapshot_credential()


def _cos(service: LocalService, folder: Path) -> None:
    CosHook().head_object("/samples/coffee.png")


def _aidge(service: LocalService, folder: Path) -> None:
    assert AidgeHook().test_connection()[0]


def _aidge_async(service: LocalService, folder: Path) -> None:
    async def look() -> Any:
        async with AidgeHook() as hook:
            return await hook.alook("x")

    assert "does not exist" in str(asyncio.run(look()))


def _aidge_pictures(service: LocalService, folder: Path) -> None:
    AidgeHook().fetch(f"{service.url}/_local/samples/coffee-large.jpg", folder, "picture")


_CALLS = {
    "mps": _mps,
    "mps async": _mps_async,
    "mps typed": _mps_typed,
    "sts": _sts,
    "cos": _cos,
    "aidge": _aidge,
    "aidge async": _aidge_async,
    "aidge pictures": _aidge_pictures,
}


def environment(monkeypatch: pytest.MonkeyPatch, proxy: CountingProxy, no_proxy: str) -> None:
    monkeypatch.setenv("http_proxy", f"http://{proxy.netloc}")
    monkeypatch.setenv("no_proxy", no_proxy)


@pytest.mark.parametrize(
    ("no_proxy", "requests"),
    [
        ("", 1),
        ("127.0.0.1", 0),
        ("127.0.0.0/8", 0),
        ("*", 0),
        ("example.com, *", 0),
        ("example.com,10.0.0.0/8", 1),
        ("127.0.0.1:{port}", 0),
        ("127.0.0.1:1", 1),
    ],
)
def test_the_proxy_of_the_environment(
    no_proxy: str,
    requests: int,
    call: Callable[..., None],
    proxy: CountingProxy,
    service: LocalService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment(monkeypatch, proxy, no_proxy.format(port=service.port))
    call()
    assert len(proxy.requests) == requests


@pytest.mark.parametrize(
    ("no_proxy", "requests"),
    [(".LOCALHOST", 0), ("*.localhost", 0), ("localhost", 0), ("host", 1)],
)
def test_a_name_with_all_below_it(
    no_proxy: str, requests: int, proxy: CountingProxy, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(monkeypatch, proxy, no_proxy)
    connection = service.connection()
    connection["extra"] |= {"endpoint": f"localhost:{service.port}", "cos_endpoint": f"localhost:{service.port}"}
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps({**service.aidge_connection(), "host": "localhost"}))
    for one in (_mps, _mps_async, _cos, _aidge, _aidge_async):
        proxy.requests.clear()
        one(service, Path())
        assert len(proxy.requests) == requests, one.__name__


def test_the_proxy_of_the_connection_goes_before_the_environment(
    call: Callable[..., None], proxy: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "*")
    call(f"http://{proxy.netloc}")
    assert len(proxy.requests) == 1


@pytest.fixture(scope="module")
def service_on_ipv6() -> Iterator[LocalService]:
    try:
        running = LocalService(host="::1", rate_limit=0, small_pictures=True)
        running.start()
    except OSError:
        pytest.skip("this machine has no IPv6")
    yield running
    running.stop()


def test_addresses_of_ipv6(service_on_ipv6: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_on_ipv6
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(service.connection()))
    _mps(service, Path())
    _mps_async(service, Path())
    _cos(service, Path())
    for host, port in (("::1", service.port), ("[::1]", service.port), (service.netloc, None)):
        connection = {**service.aidge_connection(), "host": host, "port": port}
        monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(connection))
        _aidge(service, Path())
        _aidge_async(service, Path())


def test_a_picture_is_submitted_over_ipv6(service_on_ipv6: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    service = service_on_ipv6
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(service.aidge_connection()))
    generation = Generation(image_url=f"{service.url}/_local/samples/coffee-large.jpg", scene_id=3)
    assert AidgeHook().submit(generation.request(lambda name, value: b""))
