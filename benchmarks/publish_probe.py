"""Runs in a process of its own: what publishing the pictures of a run costs, printed as JSON."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any

from benchmarks.probe import load_plugins


class _Ti:
    dag_id, task_id, map_index, try_number, run_id = "dag", "publish", -1, 1, "run"


class _Run:
    # So long after it all that what is there counts as unchanged.
    start_date = datetime(2100, 1, 1, tzinfo=UTC)


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Publish, and return what the task returns, with what it cost."""
    from airflow_provider_mps.catalogue.publication import run  # noqa: F401 - not what is measured
    from airflow_provider_mps.clients import cos  # noqa: F401 - the same
    from airflow_provider_mps.operators.catalogue import CataloguePublishOperator

    logging.disable(logging.WARNING)
    load_plugins()
    operator = CataloguePublishOperator(task_id="publish", unchecked=True, **spec)
    began, cpu = time.perf_counter(), time.process_time()
    output = operator.execute({"ti": _Ti(), "dag_run": _Run()})  # type: ignore[typeddict-item]
    return {
        **output,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
    }


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
