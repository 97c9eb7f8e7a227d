"""The report in a real DAG run: after what failed, what was skipped and what was never begun."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from airflow_provider_mps.local.service import LocalService
from tests.catalogue.report_lines import plan_line
from tests.system.conftest import EXAMPLES, SCENARIOS, Run


def test_a_report_is_written_whatever_became_of_the_other_tasks(
    run_dag: Callable[..., Run], service: LocalService, tmp_path: Path
) -> None:
    subjects = {"cup": "/samples/coffee.png", "jar": "/samples/nowhere.png"}
    lines = [
        plan_line(f"{sku}/white", request={"subject_cos_key": key, "prompt": "marble"}) for sku, key in subjects.items()
    ]
    run = run_dag(SCENARIOS / "report.py", {"folder": str(tmp_path), "lines": json.dumps(lines)})
    assert run.states == {
        "plan": "success",
        "make": "failed",
        "skip": "skipped",
        "publish": "upstream_failed",
        "report": "success",
        "report_templates": "success",
        "links": "success",
    }, run.log[-6000:]

    found = run.result("report")
    told = json.loads(Path(found["json_path"]).read_text())
    assert {name: step["state"] for name, step in told["steps"].items()} == {
        "plan": "read",
        "pictures": "read",
        "published": "missing",
    }
    assert (told["title"], told["run"]["DAG"], told["run"]["Task"]) == ("Refresh of report", "report", "report")
    counts = found["counts"]
    assert (counts["made"], counts["failed"], counts["unchanged"]) == (1, 1, 7)
    page = Path(found["path"]).read_text()
    assert "The publication step is missing, its task failed or was skipped" in page
    # Subject and result of the one, and not of the other.
    assert page.count("data:image/jpeg;base64,") == 2
    [group] = told["failures"]
    assert group["code"].endswith("SourceFileError.DownloadNotAccessible")
    assert group["hint"] == "MPS could not read a picture: check its key, bucket and region, and the role MPS_QcsRole."
    assert [item["item"] for item in group["items"]] == ["jar/white"]

    # Behind the button of the task: Airflow 3 keeps what the link said when the task had ended.
    xcoms = run.task("report")["xcoms"]
    address = f"https://reports.example/report/{Path(found['path']).name}"
    assert xcoms["mps_report_link"] == address
    assert xcoms.get("_link_CatalogueReportLink", address) == address
    assert run.result("links") == [address, ""]

    found = run.result("report_templates")
    key = found["json_path"].removeprefix("cos://")
    told = json.loads(service.get_object(service.bucket, key))
    assert {name: step["state"] for name, step in told["steps"].items()} == {
        "plan": "read",
        "pictures": "missing",
        "published": "not in this DAG",
    }


def test_a_night_that_failed_has_a_report_and_is_no_success(run_dag: Callable[..., Run], service: LocalService) -> None:
    run = run_dag(EXAMPLES / "marketing_asset_refresh.py", {"manifest": "cos:///manifests/nowhere.csv"})
    assert run.states == {
        "plan": "failed",
        "make": "upstream_failed",
        "check": "upstream_failed",
        "publish": "upstream_failed",
        "report": "success",
    }, run.log[-6000:]
    assert run.state == "failed"
    # Nobody reads the report in a console: this is no COS. The button finds that out without an error in the log.
    assert run.task("report")["xcoms"]["mps_report_link"] == ""
    assert "key='mps_report_link'" not in run.log
