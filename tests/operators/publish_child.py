"""A process in which pictures are published, to be killed from outside."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from tenacity import wait_none

from airflow_provider_mps.catalogue.publication import run as publish_run  # noqa: F401 - preloaded once for all
from airflow_provider_mps.clients import cos  # noqa: F401 - the same
from airflow_provider_mps.core import calls
from airflow_provider_mps.operators.catalogue import CataloguePublishOperator
from tests.task_context import make_context


def run(spec: dict[str, Any]) -> None:
    """Publish, and write to ``spec["out"]`` what came of it."""
    os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(spec["connection"])
    calls.WAIT = wait_none()
    operator = CataloguePublishOperator(task_id="publish", unchecked=True, **spec["arguments"])
    context = make_context(
        task_id="publish", try_number=spec["try_number"], run_began=datetime.fromisoformat(spec["run_began"])
    )
    Path(spec["out"]).write_text(json.dumps(operator.execute(context)))
