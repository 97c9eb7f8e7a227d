"""A process in which pictures are checked and made once more, to be killed from outside."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tenacity import wait_none

from airflow_provider_mps.batch import writer
from airflow_provider_mps.catalogue.checking import run as check_run  # noqa: F401 - preloaded once for all
from airflow_provider_mps.clients import cos  # noqa: F401 - the same
from airflow_provider_mps.core import calls
from airflow_provider_mps.operators.pictures import PictureCheckOperator
from tests.task_context import StateStore, make_context


def run(spec: dict[str, Any]) -> None:
    """Check, and write to ``spec["out"]`` what the task returns."""
    os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(spec["connection"])
    calls.WAIT = wait_none()
    writer.TAKE_OVER_SECONDS, writer.START_SECONDS, writer.LAZY_SECONDS = 0.3, 0.05, 0.1
    operator = PictureCheckOperator(
        task_id="check",
        pictures=spec["pictures"],
        on_reject="remake",
        second_opinion=spec.get("second_opinion"),
        deferrable=False,
        poll_interval=0.1,
    )
    store = StateStore(Path(spec["store"]))
    context = make_context(
        store, dag_id="shop", run_id="monday", task_id="check", try_number=spec["try_number"], max_tries=99
    )
    Path(spec["out"]).write_text(json.dumps(operator.execute(context)))
