"""Contact sheets, and what the buttons of tasks open, in a real DAG run."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from airflow_provider_mps.compat import SHOWS_PAGES
from airflow_provider_mps.core.gallery_paths import Size, gallery_path, picture_path
from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import SCENARIOS, Run


def check_links(run: Run, service: LocalService) -> None:
    """Airflow 3 keeps what a link said when the task had ended; Airflow before 3.1 has no gallery to open."""
    run_id = json.loads(run.text)["run_id"]
    links = {
        (task_id, index, key.removeprefix("_link_")): value
        for (task_id, index), task in run.tasks.items()
        for key, value in task["xcoms"].items()
        if key.startswith("_link_")
    }
    if not SHOWS_PAGES:
        assert {name for *_, name in links} <= {"MpsConsoleLink"}
        return
    for task_id, index in run.tasks:
        assert links[task_id, index, "GalleryLink"] == gallery_path("sheets", run_id, task_id, index)
    pictures = {place[:2]: link for place, link in links.items() if place[2] == "ResultLink"}

    def shown(key: str) -> str:
        return picture_path("sheets", run_id, f"cos://{service.bucket}{key}", Size.FULL)

    assert pictures == {
        ("single", -1): shown("/o/single.jpeg"),
        ("deferred", -1): shown("/o/d.jpeg"),
        ("sensor", -1): shown("/o/waited.jpeg"),
        ("mapped", 0): shown("/o/mapped-0.jpeg"),
        ("mapped", 1): shown("/o/mapped-1.jpeg"),
        ("sheet", -1): shown("/sheets/sheets.jpg"),
        # None yet, none at all, none that the gallery could read.
        **dict.fromkeys([("submitted", -1), ("failed", -1), ("nothing", -1), ("sheet_on_disk", -1)], ""),
    }
    # This is not Tencent Cloud's.
    assert {link for place, link in links.items() if place[2] == "MpsConsoleLink"} == {""}
    assert not any(word in str(links).lower() for word in ("sign", "secret", service.secret_key.lower()))
    assert "Failed to push an xcom" not in run.log


def test_sheets_of_what_other_tasks_return(run_dag: Callable[..., Run], service: LocalService, tmp_path: Path) -> None:
    run = run_dag(SCENARIOS / "sheets.py", {"local_dir": str(tmp_path / "sheets")})
    check_links(run, service)
    assert run.states == {
        **dict.fromkeys(("single", "deferred", "submitted", "sensor", "mapped", "batch"), "success"),
        **dict.fromkeys(("sheet", "sheet_on_disk"), "success"),
        "nothing": "skipped",
        "failed": "failed",
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
