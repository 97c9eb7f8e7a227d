"""The same pictures three ways: one batch, a worker for each that polls, a submission and a sensor for each."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor

SUBJECT, BACKGROUND = "/samples/coffee.png", "/samples/brick.png"


def note_start(context: Any) -> None:
    """Note that a worker process has started; called for each, after a deferral too."""
    with (Path(os.environ["AIRFLOW_HOME"]) / "starts.txt").open("a") as file:
        file.write(f"{context['dag'].dag_id}\n")


EVERY_DAG: dict[str, Any] = {
    "schedule": None,
    "start_date": datetime(2026, 1, 1),
    "catchup": False,
    "max_active_tasks": 1000,
    "default_args": {"on_execute_callback": note_start},
}

with DAG("one_batch", **EVERY_DAG):

    @task(on_execute_callback=None)
    def requests(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the requests, as a query of a catalogue would."""
        count = (params or {})["count"]
        return [{"subject_cos_key": SUBJECT, "bg_cos_key": BACKGROUND, "prompt": f"{n}"} for n in range(count)]

    MpsImageBgFusionBatchOperator(task_id="pictures", requests=requests())

with DAG("workers_that_poll", **EVERY_DAG):

    @task
    def picture(prompt: str) -> None:
        """Submit, then poll and sleep in the worker, the way of the vendor's command-line tool."""
        from tencentcloud.common.credential import Credential
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile
        from tencentcloud.mps.v20190612 import models, mps_client

        connection = json.loads(os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"])
        extra = connection["extra"]
        profile = ClientProfile(
            httpProfile=HttpProfile(protocol=extra["protocol"].removesuffix("://"), endpoint=extra["endpoint"])
        )
        client = mps_client.MpsClient(Credential(connection["login"], connection["password"]), extra["region"], profile)
        storage = {"Bucket": extra["cos_bucket"], "Region": extra["cos_region"]}
        request = models.ProcessImageRequest()
        request.from_json_string(
            json.dumps(
                {
                    "InputInfo": {"Type": "COS", "CosInputInfo": {**storage, "Object": SUBJECT}},
                    "OutputStorage": {"Type": "COS", "CosOutputStorage": storage},
                    "ScheduleId": 30060,
                    "AddOnParameter": {
                        "ImageSet": [{"Image": {"Type": "COS", "CosInputInfo": {**storage, "Object": BACKGROUND}}}],
                        "ExtPrompt": [{"Prompt": prompt}],
                    },
                }
            )
        )
        detail = models.DescribeImageTaskDetailRequest()
        detail.TaskId = client.ProcessImage(request).TaskId
        while client.DescribeImageTaskDetail(detail).Status != "FINISH":
            time.sleep(10)

    picture.expand(prompt=[f"{n}" for n in range(int(os.environ["BENCH_PEERS"]))])

with DAG("a_sensor_for_each", **EVERY_DAG):
    submit = MpsImageBgFusionOperator.partial(task_id="submit", subject_cos_key=SUBJECT, bg_cos_key=BACKGROUND).expand(
        prompt=[f"{n}" for n in range(int(os.environ["BENCH_PEERS"]))]
    )
    MpsImageTaskSensor.partial(task_id="wait", deferrable=True).expand(mps_task_id=submit.output)
