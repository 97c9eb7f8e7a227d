"""Contact sheets in a real DAG run."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import SCENARIOS, Run

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("dag runs 2")]


def test_sheets_of_what_other_tasks_return(run_dag: Callable[..., Run], service: LocalService, tmp_path: Path) -> None:
    run = run_dag(SCENARIOS / "sheets.py", {"local_dir": str(tmp_path / "sheets")})
    assert run.states == {
        **dict.fromkeys(("single", "mapped", "batch", "sheet", "sheet_on_disk"), "success"),
        "nothing": "skipped",
    }, run.log[-6000:]

    found = run.result("sheet")
    assert found["counts"] == {"shown": 5, "left_out": 0, "without_picture": 1}
    assert [one["cos_uri"] for one in found["Outputs"]] == [
        f"cos://{service.bucket}/sheets/sheets.jpg",
        f"cos://{service.bucket}/sheets/sheets-2.jpg",
    ]
    for one in found["Outputs"]:
        with Image.open(io.BytesIO(service.get_object(one["bucket"], one["path"]))) as sheet:
            sheet.load()

    [output] = run.result("sheet_on_disk")["Outputs"]
    assert Path(output["uri"]).parent == tmp_path / "sheets"
    with Image.open(output["uri"]) as sheet:
        assert sheet.format == "PNG"
