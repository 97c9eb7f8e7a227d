"""Results whose names and words are made to break a page, and one that has failed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

SCRIPT = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
NAMES = (
    SCRIPT,
    "\"'><svg onload=window.hacked=1>",
    "javascript:window.hacked=1",
    "{{ 7 * 7 }} ${window.hacked=1}",
    "\u202egnp.exe\u0000\ud800",
    "白色大理石桌面上的杯子，柔和的晨光从左侧窗户照进来。" * 40,
)


@task
def make(bucket: str) -> list[dict[str, Any]]:
    """Return an entry for each name, as a batch does."""
    output = {"bucket": bucket, "region": "ap-guangzhou", "path": "/samples/coffee.png", "cos_uri": "", "url": ""}
    done: dict[str, Any] = {"Status": "FINISH", "CreateTime": None, "FinishTime": None, "Outputs": [output]}
    entries = [
        {"key": name.encode("utf-8", "replace").decode(), "subject": name, "TaskId": None, **done} for name in NAMES
    ]
    entries[0] |= {"Outputs": [], "Error": {"Code": "Odd", "Message": SCRIPT, "RequestId": SCRIPT}}
    return [{**entry, "subject": entry["key"]} for entry in entries]


@task
def many(bucket: str, count: int) -> list[dict[str, Any]]:
    """Return as many results."""
    return [
        {
            "key": f"sku-{number:05}",
            "subject": f"cos://{bucket}/samples/coffee.png",
            "TaskId": f"task-{number}",
            "Status": "FINISH",
            "CreateTime": "2026-01-01T00:00:00Z",
            "FinishTime": "2026-01-01T00:00:09Z",
            "Outputs": [{"bucket": bucket, "region": "ap-guangzhou", "path": f"/many/{number}.jpg"}],
        }
        for number in range(count)
    ]


with DAG(dag_id="gallery_odd", schedule=None, start_date=datetime(2026, 1, 1)) as dag:
    made = make("{{ dag_run.conf['bucket'] }}")
    many("{{ dag_run.conf['bucket'] }}", 1000) << made
