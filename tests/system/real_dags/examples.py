"""Example DAGs under a whole Airflow: one as it is, for runs that no schedule has given a date, and one that asks."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[3] / "dags"
# Without deferrals, as each process that is started takes a second, and with quick retries; see retries.py.
QUICK = {"timedelta(minutes=1)": "timedelta(seconds=2)", "poll_interval=5": "poll_interval=1, deferrable=False"}

dag = runpy.run_path(str(EXAMPLES / "mps_catalogue_batch.py"))["dag"]

_review = (EXAMPLES / "mps_bg_fusion_review.py").read_text()
for _given, _quick in QUICK.items():
    if _given not in _review:
        raise ValueError(f"{_given} is not in the example any more")
    _review = _review.replace(_given, _quick)
_names: dict[str, Any] = {"__name__": "review", "__file__": __file__}
exec(compile(_review, "mps_bg_fusion_review.py", "exec"), _names)
# An Airflow that asks nobody has none.
review = _names.get("dag")
