"""Run DAGs one after the other in this process, which has to be told where Airflow is by its environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow_provider_mps.local.demo.run_dag import _load

if __name__ == "__main__":
    folder, confs, report = Path(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3])
    dags = {name: _load(folder / f"{name}.py", name) for name in confs}
    report.write_text(json.dumps({name: dags[name].test(run_conf=conf).run_id for name, conf in confs.items()}))
