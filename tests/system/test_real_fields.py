"""Under a whole Airflow: what of a task leaves its process, which the server knows by what the task says alone."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import finish
from tests.system.real_airflow import RealAirflow

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]

SIGNATURE = "q-sign-algorithm=sha1&q-signature=0123456789abcdef0123456789abcdef01234567"


def test_a_signed_address_reaches_no_field_and_no_log_and_a_sensor_comes_back(
    airflow: RealAirflow, cloud: LocalService
) -> None:
    def looks() -> Counter[str]:
        return Counter(call.task_id for call in cloud.calls("DescribeImageTaskDetail"))

    signed = f"{cloud.url}/_local/samples/coffee.png?{SIGNATURE}"
    cloud.add_fault(kind="task_seconds", seconds=3600, match='"signed subject"')
    run = airflow.trigger("signed", {"signed_url": signed})
    # From the second look on it is known when the first one was.
    airflow.wait("signed", run, lambda _: looks()[airflow.xcom("signed", run, "submit")] >= 2, 120)
    finish(cloud, "signed subject")
    tis = airflow.wait_finished("signed", run, 120)
    logs = "\n".join(airflow.task_log("signed", run, ti.task_id) for ti in tis)
    assert {ti.state for ti in tis} == {"success"}, logs[-6000:]
    assert airflow.xcom("signed", run, "wait")["TaskId"] == airflow.xcom("signed", run, "submit")
    [task] = [task for task in cloud.tasks if task.job.prompt == "signed subject"]
    assert task.input_info["UrlInputInfo"] == {"Url": signed}
    assert airflow.rendered_fields("signed", run, "submit")["subject_url"].endswith("?***")
    assert "0123456789abcdef" not in logs
