"""Lines of a run's files, for tests of what is told of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow_provider_mps.catalogue.report.items import read_line
from airflow_provider_mps.catalogue.report.summary import Report, Step, StepName, StepState, report_of

BUCKET = "shop-1250000000"
BEGAN = datetime(2026, 11, 29, 1, 2, 3, tzinfo=UTC).timestamp()
NOW = BEGAN + 3600


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(BEGAN + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plan_line(item: str = "cup-17/white", **more: Any) -> dict[str, Any]:
    sku, _, look = item.partition("/")
    return {
        "item": item,
        "sku": sku,
        "look": look,
        "service": "mps",
        "action": "make",
        "why": "new",
        "request": {"subject_cos_key": f"/in/{sku}.png", "prompt": "marble"},
        "fingerprint": f"{'0' * 16}.-.{'1' * 16}",
        "publish_to": f"cos://{BUCKET}/shop/{item}.jpeg",
        "was": None,
        **more,
    }


def entry(at: float = 0, seconds: float = 6, *, path: str = "/out/a.jpeg", **more: Any) -> dict[str, Any]:
    output = {"bucket": BUCKET, "region": "ap-guangzhou", "path": path, "cos_uri": f"cos://{BUCKET}{path}", "url": "u"}
    return {
        "TaskId": "2600007696-WorkflowTask-aa",
        "Status": "FINISH",
        "CreateTime": iso(at),
        "FinishTime": iso(at + seconds),
        "Outputs": [output],
        **more,
    }


def failed(code: str, message: str = "words", request_id: str = "rid-1", **more: Any) -> dict[str, Any]:
    return {
        "TaskId": "2600007696-WorkflowTask-bb",
        "Status": None,
        "CreateTime": None,
        "FinishTime": None,
        "Outputs": [],
        "Error": {"Code": code, "Message": message, "RequestId": request_id},
        **more,
    }


def made(item: str = "cup-17/white", at: float = 0, **more: Any) -> dict[str, Any]:
    return {**plan_line(item), "entry": entry(at), **more}


def published(item: str = "cup-17/white", **more: Any) -> dict[str, Any]:
    final = {"final": f"cos://{BUCKET}/shop/{item}.jpeg", "size": 7, "crc64": 9, "kept": None}
    return made(item, published={**final, **more})


def report(lines: list[dict[str, Any]], **more: Any) -> Report:
    """The report of a run of whose steps all lines were read."""
    given = {
        "title": "Refresh of shop",
        "catalogue": f"cos://{BUCKET}/catalogues/shop",
        "run": {"DAG": "refresh", "Run": "scheduled"},
        "steps": [Step(name, StepState.READ, ("/a",), (), {}, len(lines)) for name in StepName],
        "items": [read_line(line) for line in lines],
        "now": NOW,
    }
    return report_of(**{**given, **more})
