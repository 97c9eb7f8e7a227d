"""Runs in a process of its own: what one step costs in time and memory, printed as JSON."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

PAGE = os.sysconf("SC_PAGE_SIZE")


def rss_mb() -> float:
    """Resident memory of this process in MB (10^6 bytes)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


def load_plugins() -> None:
    """Load the plugins of all providers, as Airflow does when a task process starts."""
    from airflow.sdk.listener import get_listener_manager

    get_listener_manager()


class Measure:
    """Wall time in ms and growth of resident memory in MB of a ``with`` block."""

    def __enter__(self) -> Measure:
        self._memory, self._started = rss_mb(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.result = {
            "ms": (time.perf_counter() - self._started) * 1000,
            "mb": rss_mb() - self._memory,
        }


def imports(modules: list[str]) -> dict[str, float]:
    """What importing costs a DAG file that has Airflow's own names already."""
    from airflow.sdk import DAG, task  # noqa: F401

    with Measure() as measure:
        for module in modules:
            importlib.import_module(module)
    return measure.result


class _Ti:
    dag_id, task_id, run_id, map_index = "dag", "t", "run", -1
    try_number, max_tries, start_date = 1, 0, None

    def xcom_push(self, key: str, value: Any) -> None:
        """Take the XCom and forget it."""


ARGUMENTS: dict[str, Any] = {"subject_cos_key": "/samples/coffee.png", "bg_cos_key": "/samples/brick.png"}


def submit_with_operator(_: list[str]) -> dict[str, float]:
    """What submitting adds to a task process that has read the DAG file."""
    from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator

    load_plugins()
    operator = MpsImageBgFusionOperator(task_id="t", **ARGUMENTS)
    context: Any = {"ti": _Ti()}
    with Measure() as measure:
        operator.execute(context)
    return measure.result


def submit_with_typed_client(_: list[str]) -> dict[str, float]:
    """The same by the vendor's typed client, the way of a script."""
    from airflow.sdk import DAG  # noqa: F401

    connection = json.loads(os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"])
    extra = connection["extra"]
    storage = {"Bucket": extra["cos_bucket"], "Region": extra["cos_region"]}

    def picture(key: str) -> dict[str, Any]:
        return {"Type": "COS", "CosInputInfo": {**storage, "Object": key}}

    payload = {
        "InputInfo": picture("/samples/coffee.png"),
        "OutputStorage": {"Type": "COS", "CosOutputStorage": storage},
        "ScheduleId": 30060,
        "AddOnParameter": {"ImageSet": [{"Image": picture("/samples/brick.png")}]},
    }
    with Measure() as measure:
        from tencentcloud.common.credential import Credential
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile
        from tencentcloud.mps.v20190612 import models, mps_client

        profile = ClientProfile(
            httpProfile=HttpProfile(protocol=extra["protocol"].removesuffix("://"), endpoint=extra["endpoint"])
        )
        credential = Credential(connection["login"], connection["password"])
        client = mps_client.MpsClient(credential, extra["region"], profile)
        request = models.ProcessImageRequest()
        request.from_json_string(json.dumps(payload))
        client.ProcessImage(request)
    return measure.result


PROBES = {
    "imports": imports,
    "submit_with_operator": submit_with_operator,
    "submit_with_typed_client": submit_with_typed_client,
}

if __name__ == "__main__":
    print(json.dumps(PROBES[sys.argv[1]](sys.argv[2:])))
