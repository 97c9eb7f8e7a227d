"""Runs in a process of its own: what planning one run of a catalogue costs, printed as JSON."""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.probe import load_plugins, rss_mb

LOOKS = {"white": {"bg_cos_key": "/backgrounds/white.png"}, "beach": {"prompt": "a beach"}}


class _Ti:
    dag_id, task_id, map_index, try_number = "dag", "plan", -1, 1

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id


def main(catalogue: str, run_id: str) -> dict[str, Any]:
    """Plan a run, and return what the task returns, with what it cost."""
    from airflow_provider_mps.operators.catalogue import CataloguePlanOperator

    logging.disable(logging.INFO)
    operator = CataloguePlanOperator(
        task_id="plan",
        manifest="cos:///manifests/shop.csv",
        looks=LOOKS,
        catalogue=catalogue,
        publish_to="/shop/{sku}/{look}.{ext}",
    )
    load_plugins()
    before, began, cpu = rss_mb(), time.perf_counter(), time.process_time()
    output = operator.execute({"ti": _Ti(run_id)})  # type: ignore[typeddict-unknown-key]
    return {
        **output,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "mb": _peak_mb() - before,
    }


def _peak_mb() -> float:
    """Return the most memory that this process has had; that of ``getrusage`` counts what its parent had as well."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
