"""The same pictures three ways: one batch, a worker for each that polls, a submission and a sensor for each."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseOperator, task

from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor

SUBJECT, BACKGROUND = "/samples/coffee.png", "/samples/brick.png"


def note_start(context: Any) -> None:
    """Note that a worker process has started; called for each, after a deferral too."""
    with (Path(os.environ["AIRFLOW_HOME"]) / "starts.txt").open("a") as file:
        file.write(f"{context['dag'].dag_id}\n")


def vendor_client() -> Any:
    """Return the vendor's typed client."""
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.mps.v20190612 import mps_client

    connection = json.loads(os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"])
    extra = connection["extra"]
    profile = ClientProfile(
        httpProfile=HttpProfile(protocol=extra["protocol"].removesuffix("://"), endpoint=extra["endpoint"])
    )
    return mps_client.MpsClient(Credential(connection["login"], connection["password"]), extra["region"], profile)


def submit_with(client: Any, prompt: str) -> str:
    """Submit a picture with the vendor's typed client, and return the TaskId."""
    from tencentcloud.mps.v20190612 import models

    extra = json.loads(os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"])["extra"]
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
    return str(client.ProcessImage(request).TaskId)


class LoopOperator(BaseOperator):
    """Submits with the vendor's client, and defers to a trigger with a loop of its own."""

    template_fields = ("prompt",)

    def __init__(self, *, prompt: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt

    def execute(self, context: Any) -> None:
        """Submit and defer."""
        from benchmarks.peer_trigger import LoopTrigger

        self.defer(trigger=LoopTrigger(submit_with(vendor_client(), self.prompt)), method_name="done")

    def done(self, context: Any, event: Any = None) -> None:
        """Take the event."""


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
        from tencentcloud.mps.v20190612 import models

        client, detail = vendor_client(), models.DescribeImageTaskDetailRequest()
        detail.TaskId = submit_with(client, prompt)
        while client.DescribeImageTaskDetail(detail).Status != "FINISH":
            time.sleep(10)

    picture.expand(prompt=[f"{n}" for n in range(int(os.environ["BENCH_PEERS"]))])

with DAG("a_sensor_for_each", **EVERY_DAG):
    submit = MpsImageBgFusionOperator.partial(task_id="submit", subject_cos_key=SUBJECT, bg_cos_key=BACKGROUND).expand(
        prompt=[f"{n}" for n in range(int(os.environ["BENCH_PEERS"]))]
    )
    MpsImageTaskSensor.partial(task_id="wait", deferrable=True).expand(mps_task_id=submit.output)

# The worker hands over, the triggerer submits and waits, a worker takes the result.
with DAG("deferrable_each", **EVERY_DAG):
    MpsImageBgFusionOperator.partial(
        task_id="pictures",
        subject_cos_key=SUBJECT,
        bg_cos_key=BACKGROUND,
        wait_for_completion=True,
        deferrable=True,
    ).expand(prompt=[f"{n}" for n in range(int(os.environ["BENCH_PEERS"]))])

with DAG("a_loop_for_each", **EVERY_DAG):
    LoopOperator.partial(task_id="pictures").expand(prompt=[f"{n}" for n in range(int(os.environ["BENCH_PEERS"]))])

# What a triggerer loads once, before anything is measured.
with DAG("warm_up", **EVERY_DAG):
    MpsImageBgFusionOperator(
        task_id="submit_there",
        priority_weight=10,  # marks what it sends, so the supervisor of the triggerer loads Airflow's API here
        subject_cos_key=SUBJECT,
        bg_cos_key=BACKGROUND,
        wait_for_completion=True,
        deferrable=True,
    )
    LoopOperator(task_id="loop", prompt="first")
    MpsImageBgFusionBatchOperator(
        task_id="batch", requests=[{"subject_cos_key": SUBJECT, "bg_cos_key": BACKGROUND, "prompt": "first"}]
    )
