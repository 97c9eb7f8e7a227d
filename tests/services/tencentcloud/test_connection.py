from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.tencentcloud.connection import HostPort, TencentCloudSettings, read_settings
from airflow_provider_mps.services.tencentcloud.sites import is_mainland


def read(
    login: str | None = "id", password: str | None = "key", environ: Any = (), **extra: Any
) -> TencentCloudSettings:
    return read_settings(login, password, extra, dict(environ))


def test_nothing_but_keys() -> None:
    settings = read()
    assert settings == TencentCloudSettings(secret_id="id", secret_key="key")
    assert (settings.region, settings.cos_region, settings.cos_bucket) == ("ap-guangzhou", "ap-guangzhou", None)
    assert (settings.endpoint, settings.protocol) == ("mps.tencentcloudapi.com", "https")
    assert "key" not in repr(settings).replace("secret_key", "")


def test_every_extra() -> None:
    settings = read(
        region="ap-shanghai",
        token="tok",
        role_arn="qcs::cam::uin/1:roleName/x",
        role_session_name="s",
        cos_bucket="b-125",
        cos_region="ap-beijing",
        endpoint="127.0.0.1:8700",
        protocol="http",
        cos_endpoint="localhost:9000",
        proxy="http://user:pw@proxy:3128",
        ca_bundle="/ca.pem",
        request_timeout="12.5",
    )
    assert settings == TencentCloudSettings(
        secret_id="id",
        secret_key="key",
        token="tok",
        region="ap-shanghai",
        role_arn="qcs::cam::uin/1:roleName/x",
        role_session_name="s",
        cos_bucket="b-125",
        cos_region="ap-beijing",
        endpoint="127.0.0.1:8700",
        protocol="http",
        cos_endpoint=HostPort("localhost", 9000),
        proxy="http://user:pw@proxy:3128",
        ca_bundle="/ca.pem",
        request_timeout=12.5,
    )
    assert settings.secrets == ["key", "tok", "user:pw", "pw"]


def test_a_saved_form_holds_empty_fields() -> None:
    names = ("region", "token", "role_arn", "cos_bucket", "endpoint", "protocol", "cos_endpoint", "proxy", "ca_bundle")
    assert read(**dict.fromkeys(names, ""), request_timeout=None) == read()
    assert read(**dict.fromkeys(names)) == read()


def test_defaults_fall_back_to_the_environment() -> None:
    environ = {
        "TENCENTCLOUD_API_REGION": "ap-seoul",
        "TENCENTCLOUD_COS_BUCKET": "env-125",
        "TENCENTCLOUD_COS_REGION": "ap-tokyo",
    }
    settings = read(environ=environ)
    assert (settings.region, settings.cos_bucket, settings.cos_region) == ("ap-seoul", "env-125", "ap-tokyo")
    settings = read(environ=environ, region="ap-beijing", cos_bucket="conn-125", cos_region="ap-nanjing")
    assert (settings.region, settings.cos_bucket, settings.cos_region) == ("ap-beijing", "conn-125", "ap-nanjing")


@pytest.mark.parametrize(
    ("endpoint", "sts"),
    [
        ("", "sts.tencentcloudapi.com"),
        ("mps.intl.tencentcloudapi.com", "sts.intl.tencentcloudapi.com"),
        ("mps.ap-shanghai.tencentcloudapi.com", "sts.ap-shanghai.tencentcloudapi.com"),
        ("gateway.example:8443", "gateway.example:8443"),
    ],
)
def test_sts_is_next_to_mps(endpoint: str, sts: str) -> None:
    assert read(endpoint=endpoint).sts_endpoint == sts


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": None}, "login .SecretId. and password .SecretKey. belong together"),
        ({"login": ""}, "belong together"),
        ({"login": None, "password": None, "token": "t"}, "extra token belongs to a login"),
        ({"protocol": "ftp"}, "connection extra protocol: expected https or http, got 'ftp'"),
        ({"region": "Guangzhou"}, "connection extra region: expected a region such as"),
        ({"cos_region": "cos.ap"}, "connection extra cos_region"),
        ({"cos_bucket": "no_appid"}, "connection extra cos_bucket: expected a COS bucket with its APPID"),
        ({"endpoint": "https://mps.tencentcloudapi.com"}, "connection extra endpoint: expected host or host:port"),
        ({"cos_endpoint": "127.0.0.1:port"}, "connection extra cos_endpoint: expected host or host:port"),
        ({"cos_endpoint": "127.0.0.1:99999"}, "connection extra cos_endpoint"),
        ({"proxy": "proxy:3128"}, "connection extra proxy: expected an http"),
        ({"ca_bundle": ["x"]}, "connection extra ca_bundle"),
        ({"endpoint": "::g"}, "connection extra endpoint: expected host or host:port"),
        ({"endpoint": "[::1"}, "an address of IPv6 as in"),
        ({"cos_endpoint": "[::1]:port"}, "connection extra cos_endpoint"),
        ({"cos_endpoint": "fe80::1%eth0"}, "connection extra cos_endpoint"),
        ({"token": "two\nlines"}, "connection: extra token has to be a text without spaces and line breaks"),
        ({"token": 5}, "connection: extra token has to be a text"),
        ({"password": "a key"}, "connection: password has to be a text without spaces"),
        ({"request_timeout": 0}, "connection extra request_timeout: expected a number of seconds above 0"),
        ({"request_timeout": "soon"}, "connection extra request_timeout"),
    ],
)
def test_what_a_wrong_connection_says(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        read(**changes)


@pytest.mark.parametrize(
    "extra",
    [
        {"proxy": "user:S3CRET@proxy:3128"},
        {"proxy": "socks5://user:S3CRET@proxy:3128"},
        {"proxy": "http://u:pa@S3CRET@proxy /"},
        {"endpoint": "user:S3CRET@host"},
        {"cos_endpoint": "http://user:S3CRET@host:1"},
        {"token": "S3CRET\nS3CRET"},
    ],
)
def test_a_wrong_connection_does_not_show_its_secrets(extra: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError) as caught:
        read(**extra)
    assert "S3CRET" not in str(caught.value)


def test_ipv6_endpoints() -> None:
    settings = read(endpoint="[::1]:8700", cos_endpoint="[::1]:8700")
    assert settings.endpoint == "[::1]:8700"
    assert settings.cos_endpoint == HostPort("[::1]", 8700)


def test_no_login_leaves_it_to_the_default_chain() -> None:
    assert read(login=None, password=None).secret_id is None


def test_requests_per_second() -> None:
    assert read().requests_per_second == 16.0
    assert read(requests_per_second="").requests_per_second == 16.0
    assert read(requests_per_second="12.5").requests_per_second == 12.5
    assert read(requests_per_second=0.5).requests_per_second == 0.5


@pytest.mark.parametrize("value", [0, -1, "0", "many", "inf", "nan", float("inf"), True, [16]])
def test_a_number_of_requests_that_is_none(value: Any) -> None:
    words = "connection extra requests_per_second: expected a number of requests above 0, got "
    with pytest.raises(ArgumentError, match=words):
        read(requests_per_second=value)


@pytest.mark.parametrize(
    ("given", "host", "port"),
    [
        ("::1", "[::1]", None),
        ("[::1]", "[::1]", None),
        ("[::1]:8700", "[::1]", 8700),
        ("0:0:0:0:0:0:0:1", "[::1]", None),
        ("[2001:DB8::A]:1", "[2001:db8::a]", 1),
    ],
)
def test_addresses_of_ipv6(given: str, host: str, port: int | None) -> None:
    settings = read(endpoint=given, cos_endpoint=given)
    assert settings.cos_endpoint == HostPort(host, port)
    assert settings.endpoint == (f"{host}:{port}" if port else host)


INTERNATIONAL = "mps.intl.tencentcloudapi.com"


@pytest.mark.parametrize(
    ("endpoint", "given", "region"),
    [
        (None, None, "ap-guangzhou"),
        ("gateway.example:8700", None, "ap-guangzhou"),
        (INTERNATIONAL, None, ""),
        (f"{INTERNATIONAL.upper()}:443", None, ""),
        (INTERNATIONAL, "ap-singapore", "ap-singapore"),
        ("mps.ap-singapore.tencentcloudapi.com", None, "ap-singapore"),
        ("mps.ap-singapore.tencentcloudapi.com", "ap-seoul", "ap-seoul"),
        ("mps.ap-shanghai-fsi.tencentcloudapi.com", None, "ap-shanghai-fsi"),
        ("mps.ap-tokyo.intl.tencentcloudapi.com", None, "ap-tokyo"),
    ],
)
def test_the_region_where_none_is_given(endpoint: str | None, given: str | None, region: str) -> None:
    assert read(endpoint=endpoint, region=given).region == region
    assert read(endpoint=endpoint, environ={"TENCENTCLOUD_API_REGION": "eu-frankfurt"}).region == "eu-frankfurt"


@pytest.mark.parametrize(
    ("region", "expected"),
    [("ap-guangzhou", True), ("ap-shanghai-fsi", True), ("ap-singapore", False), ("ap-hongkong", False), ("x", False)],
)
def test_mainland(region: str, expected: bool) -> None:
    assert is_mainland(region) is expected


def test_the_pace_goes_by_the_site() -> None:
    looks, submissions = "DescribeImageTaskDetail", "ProcessImage"
    assert [read().rate_of(action) for action in (looks, submissions)] == [16, 16]
    assert [read(endpoint=INTERNATIONAL).rate_of(action) for action in (looks, submissions)] == [80, 16]
    slow = read(endpoint=INTERNATIONAL, requests_per_second=3)
    assert [slow.rate_of(action) for action in (looks, submissions)] == [3, 3]


@pytest.mark.parametrize(("given", "protocol"), [("http", "http"), ("http://", "http"), ("HTTPS://", "https")])
def test_a_protocol_may_have_its_slashes(given: str, protocol: str) -> None:
    assert read(protocol=given).protocol == protocol


def test_a_limit_a_day() -> None:
    settings = read(cos_bucket="b-125", pictures_per_day="100", budget_dir="limits")
    assert (settings.pictures_per_day, settings.budget_dir) == (100, "/limits/")
    settings = read(pictures_per_day="", budget_dir="", prices="")
    assert (settings.pictures_per_day, settings.budget_dir) == (None, "/airflow-mps/budget/")
    assert settings.prices is None
    assert read(environ={"TENCENTCLOUD_COS_BUCKET": "b-125"}, pictures_per_day=5).pictures_per_day == 5


def test_a_limit_a_day_needs_a_bucket() -> None:
    with pytest.raises(ArgumentError, match="connection extra pictures_per_day: needs extra cos_bucket"):
        read(pictures_per_day=100)


@pytest.mark.parametrize("value", [0, -1, 1.5, "x", True, 10_000_001])
def test_a_limit_a_day_is_a_number_above_zero(value: Any) -> None:
    with pytest.raises(ArgumentError, match="connection extra pictures_per_day: expected a whole number from 1 to"):
        read(cos_bucket="b-125", pictures_per_day=value)


def test_prices_of_the_connection() -> None:
    prices = read(prices={"1K": 0.1, "currency": "CNY"}).prices
    assert prices is not None
    assert prices.price_of({"image_size": "1K"}) == Decimal("0.1")
    with pytest.raises(ArgumentError, match="connection extra prices: expected a dict such as"):
        read(prices="cheap")
