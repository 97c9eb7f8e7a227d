"""Run DAGs one after the other in this process, which has to be told where Airflow is by its environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

if __name__ == "__main__":
    folder, confs, report = Path(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3])
    dags = DagBag(str(folder)).dags
    report.write_text(json.dumps({name: dags[name].test(run_conf=conf).run_id for name, conf in confs.items()}))
