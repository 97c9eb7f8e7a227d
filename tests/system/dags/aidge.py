"""Every way to wait for Aidge, well and badly."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.core import polling
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator, AidgeSceneSearchOperator
from airflow_provider_mps.sensors.aidge import AidgeImageTaskSensor
from airflow_provider_mps.transfers.aidge_to_object_storage import AidgeToObjectStorageOperator

MODES = {"poke": {"mode": "poke"}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}

# An unknown task may be new for a minute; here it may be for a moment.
polling.NEW_TASK_SECONDS = 0.0

with DAG(
    "aidge",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    params={"signed_url": "", "failed": "", "slow": "", "local_dir": ""},
):
    search = AidgeSceneSearchOperator(task_id="search", scene_type="{{ 'Outdoor' }}", count="{{ 1 + 1 }}")
    submit = AidgeBackgroundGenerationOperator(
        task_id="submit", image_url="{{ params.signed_url }}", scene_id="{{ 3 }}", image_num="{{ 2 }}"
    )
    # A mapped operator is rendered another way, which has to mask signed addresses too.
    mapped = AidgeBackgroundGenerationOperator.partial(
        task_id="mapped",
        image_url="{{ params.signed_url }}",
        image_num=2,
        wait_for_completion=True,
        deferrable=True,
        poll_interval=0.3,
    ).expand(scene_id=[1, 2])
    # All results of a mapped task at once, and each by its own.
    AidgeToObjectStorageOperator(task_id="copy_all", images=mapped.output, dest="{{ params.local_dir }}/all")
    AidgeToObjectStorageOperator.partial(task_id="copy_each", dest="{{ params.local_dir }}/each").expand(
        images=mapped.output
    )
    for name, mode in MODES.items():
        sensor = AidgeImageTaskSensor(task_id=f"sensor_{name}", aidge_task_id=submit.output, poke_interval=0.3, **mode)
        AidgeImageTaskSensor(task_id=f"failed_{name}", aidge_task_id="{{ params.failed }}", poke_interval=0.2, **mode)
        AidgeImageTaskSensor(
            task_id=f"late_{name}", aidge_task_id="{{ params.slow }}", poke_interval=0.2, timeout=0.5, **mode
        )
        # A retry would show as a second try: unknown tasks are permanent.
        AidgeImageTaskSensor(
            task_id=f"unknown_{name}",
            aidge_task_id="no-such-task",
            poke_interval=0.2,
            retries=2,
            retry_delay=timedelta(0),
            **mode,
        )
        AidgeImageTaskSensor(
            task_id=f"soft_{name}",
            aidge_task_id="{{ params.slow }}",
            poke_interval=0.2,
            timeout=0.5,
            soft_fail=True,
            **mode,
        )
    wait = AidgeBackgroundGenerationOperator(
        task_id="wait",
        image_url="{{ params.signed_url }}",
        scene_id=5,
        image_num=2,
        wait_for_completion=True,
        deferrable=True,
        poll_interval=0.3,
    )
    AidgeToObjectStorageOperator(task_id="copy", images=wait.output, dest="{{ params.local_dir }}")
