from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.local.pictures.product_pictures import LONG_SIDES
from airflow_provider_mps.pictures.check import Asked, Bounds, Code, Verdict
from airflow_provider_mps.pictures.check.asked import check_asked


def verdicts(asked: Asked, width: int, height: int, format_: str = "JPEG") -> dict[Code, Verdict]:
    return {finding.code: finding.verdict for finding in check_asked(asked, width, height, format_, Bounds())}


@pytest.mark.parametrize(
    ("asked", "is_", "verdict"),
    [("JPEG", "JPEG", "ok"), ("jpg", "JPEG", "ok"), ("JPEG", "MPO", "ok"), ("PNG", "JPEG", "rejected")],
)
def test_a_format(asked: str, is_: str, verdict: str) -> None:
    assert verdicts(Asked(format=asked), 10, 10, is_) == {Code.WRONG_FORMAT: verdict}


@pytest.mark.parametrize("size", LONG_SIDES)
def test_a_size_is_the_longer_side_as_the_local_service_makes_it(size: str) -> None:
    side = LONG_SIDES[size]
    assert verdicts(Asked(size=size), side, side * 2 // 3) == {Code.WRONG_SIZE: Verdict.OK}
    assert verdicts(Asked(size=size), 10, side) == {Code.WRONG_SIZE: Verdict.OK}
    assert verdicts(Asked(size=size), side // 2, side // 2) == {Code.WRONG_SIZE: Verdict.REJECTED}


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_what_is_as_asked_is_never_wrong(width: int, height: int) -> None:
    asked = Asked(format="PNG", width=width, height=height, ratio=f"{width}:{height}")
    assert set(verdicts(asked, width, height, "PNG").values()) == {Verdict.OK}
    assert verdicts(Asked(ratio=f"{width}:{height}"), width, height) == {Code.WRONG_RATIO: Verdict.OK}


@given(st.integers(100, 5000), st.floats(1.03, 10))
def test_another_width_or_ratio_is_wrong(width: int, times: float) -> None:
    wider = round(width * times)
    assert verdicts(Asked(width=width), wider, 700) == {Code.WRONG_SIZE: Verdict.REJECTED}
    assert verdicts(Asked(width=wider), width, 700) == {Code.WRONG_SIZE: Verdict.REJECTED}
    if times > 1.05:
        assert verdicts(Asked(ratio=f"{width}:1000"), wider, 1000) == {Code.WRONG_RATIO: Verdict.REJECTED}


def test_a_width_goes_before_a_size_and_both_sides_before_a_ratio() -> None:
    assert verdicts(Asked(size="4K", width=800), 800, 600) == {Code.WRONG_SIZE: Verdict.OK}
    assert verdicts(Asked(ratio="1:1", width=800, height=600), 800, 600) == {Code.WRONG_SIZE: Verdict.OK}
    assert verdicts(Asked(ratio="1:1", width=800), 800, 600)[Code.WRONG_RATIO] is Verdict.REJECTED


@pytest.mark.parametrize("asked", [Asked(size="3K"), Asked(ratio="wide"), Asked(ratio="0:3")])
def test_what_nobody_knows_is_not_checked(asked: Asked) -> None:
    assert set(verdicts(asked, 100, 100).values()) == {Verdict.NOT_CHECKED}


def test_nothing_asked_is_nothing_checked() -> None:
    assert verdicts(Asked(), 100, 100) == {}
