from __future__ import annotations

import math
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.clock import ServiceClock, seconds_ahead


@given(st.floats(0, 4e9), st.floats(-4000, 4000))
def test_the_difference_is_right_to_half_a_second(now: float, ahead: float) -> None:
    date = formatdate(math.floor(now + ahead), usegmt=True)
    found = seconds_ahead(date, now)
    assert found is not None
    assert abs(found - ahead) <= 0.501


@pytest.mark.parametrize(
    "date", [None, "", "soon", "Fri, 99 Nov 2026 19:00:00 GMT", "2026-11-27T19:00:00Z", "0", "\x00"]
)
def test_what_is_no_date_tells_nothing(date: str | None) -> None:
    assert seconds_ahead(date, 0.0) is None
    clock = ServiceClock()
    clock.heard("Thu, 01 Jan 1970 00:01:40 GMT", 60.0)
    clock.heard(date, 0.0)
    assert clock.ahead == 40.5


@given(st.text())
def test_no_text_is_an_error(date: str) -> None:
    found = seconds_ahead(date, 0.0)
    assert found is None or isinstance(found, float)
