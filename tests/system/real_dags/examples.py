"""An example DAG as it is, under a whole Airflow, for runs that no schedule has given a date."""

from __future__ import annotations

import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[3] / "dags"
dag = runpy.run_path(str(EXAMPLES / "mps_catalogue_batch.py"))["dag"]
