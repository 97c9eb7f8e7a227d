"""What the tests of several runs share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tenacity import wait_none

from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.core import calls
from airflow_provider_mps.local.service import LocalService
from tests.catalogue.nights import Nights


@pytest.fixture
def nights(service: LocalService, conn_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    monkeypatch.setattr(calls, "WAIT", wait_none())
    monkeypatch.setattr(batch_writer, "TAKE_OVER_SECONDS", 0.3)
    monkeypatch.setattr(batch_writer, "START_SECONDS", 0.05)
    monkeypatch.setattr(batch_writer, "LAZY_SECONDS", 0.1)
    return Nights(service, tmp_path, monkeypatch)
