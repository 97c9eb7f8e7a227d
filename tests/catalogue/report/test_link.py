from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.report.link import beneath_base, check_link_base, in_console, link_of
from airflow_provider_mps.core.arguments import ArgumentError


def test_a_folder_of_cos_is_read_in_its_console(connect: Callable[..., str]) -> None:
    conn_id = connect(cos_endpoint=None, endpoint=None, cos_bucket="own-1250000000", cos_region="ap-shanghai")
    console = "https://console.cloud.tencent.com/cos/bucket?bucket="
    assert link_of("cos://shop-1250000000/reports/2026/", "r.html", conn_id) == (
        f"{console}shop-1250000000&region=ap-shanghai&path=%252Freports%252F2026%252F"
    )
    assert link_of("cos:///", "r.html", conn_id) == f"{console}own-1250000000&region=ap-shanghai&path=%252F"


def test_an_account_abroad_has_another_console(connect: Callable[..., str]) -> None:
    conn_id = connect(cos_endpoint=None, endpoint="mps.intl.tencentcloudapi.com", region="ap-singapore")
    assert link_of("cos:///r", "r.html", conn_id).startswith("https://console.tencentcloud.com/cos/bucket?")


def test_another_service_than_cos_has_no_console(conn_id: str) -> None:
    assert link_of("cos:///reports", "r.html", conn_id) == ""
    assert link_of("s3://bucket/reports", "r.html", conn_id) == ""


def test_a_file_on_the_disk_has_an_address_to_paste(tmp_path: Path) -> None:
    assert link_of(str(tmp_path / "a b"), "r.html", None) == f"file://{tmp_path}/a%20b/r.html"
    assert link_of(f"file://{tmp_path}/a%20b", "r.html", None) == f"file://{tmp_path}/a%20b/r.html"


def test_a_base_maps_the_folder_to_where_people_read_it() -> None:
    assert beneath_base("https://reports.example/shop/", "r 1.html") == "https://reports.example/shop/r%201.html"


@pytest.mark.parametrize(
    "base",
    [
        "javascript:alert(1)",
        "ftp://e.com/a",
        "https://u:p@e.com/a",
        "https://e.com/a?sign=1",
        "https://e.com/a?",
        "https://e.com/a#b",
        "/a",
        "",
        7,
    ],
)
def test_a_base_is_a_plain_address(base: object) -> None:
    with pytest.raises(ArgumentError, match=r"^link_base: expected an http"):
        check_link_base("link_base", base)


@given(st.text(max_size=30))
def test_whatever_a_folder_is_called_the_console_is_asked_for_it_alone(folder: str) -> None:
    found = in_console("shop-1250000000", "ap-guangzhou", f"/{folder}", international=False)
    assert found.startswith(
        "https://console.cloud.tencent.com/cos/bucket?bucket=shop-1250000000&region=ap-guangzhou&path=%252F"
    )
    assert found.count("&") == 2
    assert found.isascii()
    assert "#" not in found
