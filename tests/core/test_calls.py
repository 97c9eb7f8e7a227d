from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from airflow_provider_mps.core import calls

# As it is for users: tests that send again have a shorter one.
WAIT = calls.WAIT


def test_waits_grow_to_a_bound_and_are_spread() -> None:
    for attempt, longest in enumerate((0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0), start=1):
        waits = [WAIT(cast(Any, SimpleNamespace(attempt_number=attempt))) for _ in range(300)]
        assert 0.0 <= min(waits) < 0.1 * longest
        assert 0.9 * longest < max(waits) <= longest
