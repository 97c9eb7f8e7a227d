from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.utils import should_bypass_proxies

from airflow_provider_mps.core.proxies import bypasses, choose

MPS = "https://mps.tencentcloudapi.com"
PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("", MPS, False),
        ("mps.tencentcloudapi.com", MPS, True),
        ("MPS.TencentCloudAPI.com", MPS, True),
        ("mps.tencentcloudapi.com.", MPS, True),
        ("tencentcloudapi.com", MPS, True),
        (".tencentcloudapi.com", MPS, True),
        ("*.tencentcloudapi.com", MPS, True),
        ("*.TENCENTCLOUDAPI.COM", MPS, True),
        ("*tencentcloudapi.com", MPS, True),
        (".com", MPS, True),
        ("*", MPS, True),
        ("internal, *", MPS, True),
        ("internal,mps.tencentcloudapi.com", MPS, True),
        ("internal mps.tencentcloudapi.com", MPS, True),
        ("mps.tencentcloudapi.com:443", MPS, True),
        ("mps.tencentcloudapi.com:8443", MPS, False),
        (".tencentcloudapi.com:443", MPS, True),
        ("mps.tencentcloudapi.com:8443", f"{MPS}:8443", True),
        ("https://mps.tencentcloudapi.com", MPS, True),
        # A part of a name is none of its ends.
        ("cloudapi.com", MPS, False),
        ("mps", MPS, False),
        ("x.mps.tencentcloudapi.com", MPS, False),
        ("mps.tencentcloudapi.com.evil.example", MPS, False),
        ("10.0.0.5", "http://10.0.0.5:80", True),
        ("10.0.0.0/8", "http://10.1.2.3:8700", True),
        ("10.0.0.5/8", "http://10.1.2.3:8700", True),
        ("10.0.0.0/255.0.0.0", "http://10.1.2.3:8700", True),
        ("10.0.0.0/8", "http://11.1.2.3:8700", False),
        ("10.0.0.0/8", MPS, False),
        ("0.0.5", "http://10.0.0.5", False),
        ("10.0.0.5:8700", "http://10.0.0.5:8700", True),
        ("10.0.0.5:8701", "http://10.0.0.5:8700", False),
        ("::1", "http://[::1]:8700", True),
        ("[::1]", "http://[::1]:8700", True),
        ("[::1]:8700", "http://[::1]:8700", True),
        ("[::1]:8701", "http://[::1]:8700", False),
        ("0:0:0:0:0:0:0:1", "http://[::1]:8700", True),
        ("fd00::/8", "http://[fd12::1]:8700", True),
        ("fd00::/8", "http://[fe12::1]:8700", False),
        ("fd00::/8,10.0.0.0/8", "http://10.0.0.1", True),
        ("not/a/network, ,,:,[", MPS, False),
        ("localhost", "http://localhost:8700", True),
    ],
)
def test_what_needs_no_proxy(no_proxy: str, url: str, direct: bool) -> None:
    proxies = {"http": PROXY, "https": PROXY, "no": no_proxy}
    assert choose(url, proxies) == (None if direct else PROXY)


@pytest.mark.parametrize(
    ("proxies", "chosen"),
    [
        ({}, None),
        ({"https": PROXY}, PROXY),
        ({"http": PROXY}, None),
        ({"all": PROXY}, PROXY),
        ({"all": "http://other:1", "https": PROXY}, PROXY),
        ({"https": "proxy:3128"}, PROXY),
        ({"no": "*"}, None),
    ],
)
def test_which_proxy(proxies: dict[str, str], chosen: str | None) -> None:
    assert choose(MPS, proxies) == chosen


_LABEL = st.sampled_from(["a", "b", "example", "com", "x1"])
_NAME = st.lists(_LABEL, min_size=1, max_size=3).map(".".join)
_ADDRESS = st.tuples(st.just(10), *[st.integers(0, 3)] * 3).map(lambda parts: ".".join(map(str, parts)))
_ENTRY = st.one_of(
    _NAME,
    _NAME.map(lambda name: f".{name}"),
    st.tuples(_NAME, st.sampled_from(["80", "8700"])).map(":".join),
    _ADDRESS,
    st.tuples(_ADDRESS, st.integers(8, 32)).map(lambda pair: f"{pair[0]}/{pair[1]}"),
)


@given(host=st.one_of(_NAME, _ADDRESS), port=st.sampled_from([80, 8700]), entries=st.lists(_ENTRY, max_size=4))
def test_what_requests_sends_without_a_proxy_goes_without_one_here(host: str, port: int, entries: list[str]) -> None:
    no_proxy = ",".join(entries)
    if should_bypass_proxies(f"http://{host}:{port}", no_proxy):
        assert bypasses(no_proxy, host, port)


@given(st.text(), st.text(max_size=30), st.integers(0, 70000))
def test_any_text_is_taken(no_proxy: str, host: str, port: int) -> None:
    assert bypasses(no_proxy, host, port) in (True, False)


def test_hosts_are_read_as_the_clients_read_them() -> None:
    assert urlsplit("http://[::1]:8700").hostname == "::1"
