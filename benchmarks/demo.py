"""The section about ``make demo``."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    rows = []
    # A new home, so that the first run makes Airflow's database.
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "airflow_provider_mps.local.demo"]
        command += ["--home", f"{folder}/home", "--output", f"{folder}/output"]
        for _ in range(3):
            started = time.perf_counter()
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            wall = time.perf_counter() - started
            result = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
            created, finished = (datetime.fromisoformat(result[key]) for key in ("CreateTime", "FinishTime"))
            rows.append((wall, (finished - created).total_seconds()))
    wall, service = min(rows[1:])
    return [
        "## `make demo`, once installed",
        "",
        "| | s |",
        "|---|---:|",
        f"| wall time, whole command | {wall:.1f} |",
        f"| of it, the service working on the picture | {service:.1f} |",
        f"| wall time of the first run, which makes Airflow's database | {rows[0][0]:.1f} |",
    ]
