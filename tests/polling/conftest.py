from __future__ import annotations

import pytest
from tenacity import wait_none

from airflow_provider_mps.core import calls


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", wait_none())
