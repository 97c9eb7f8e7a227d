"""Run one DAG to its end in this process (``dag.test()``), and write down what came of it.

Started as ``python -m airflow_provider_mps.local.demo.run_dag`` with the environment of
:func:`airflow_provider_mps.local.demo.airflow_home.environment`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from airflow_provider_mps.compat_database import read_tasks


def main() -> int:
    """Run the DAG; exit 0 if it succeeded, 1 if it did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dag_file", type=Path)
    parser.add_argument("dag_id")
    parser.add_argument("report", type=Path, help="JSON file for states, XComs and rendered fields")
    parser.add_argument("--conf", type=json.loads, default={}, help="params of the run, JSON")
    args = parser.parse_args()
    dag = _load(args.dag_file, args.dag_id)
    order = [task.task_id for task in dag.topological_sort()]
    report = _report(dag.test(run_conf=args.conf), order)
    args.report.write_text(json.dumps(report, indent=2, default=str))
    return 0 if report["state"] == "success" else 1


def _load(dag_file: Path, dag_id: str) -> Any:
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        # Airflow before 3.2
        from airflow.models.dagbag import DagBag  # type: ignore[no-redef]
    bag = DagBag(str(dag_file))
    if bag.import_errors:
        raise SystemExit(f"{dag_file} cannot be read:\n{''.join(bag.import_errors.values())}")
    if dag_id not in bag.dags:
        raise SystemExit(f"{dag_file} has no DAG {dag_id}, but {', '.join(bag.dags) or 'none at all'}")
    return bag.dags[dag_id]


def _report(run: Any, order: list[str]) -> dict[str, Any]:
    from airflow.utils.session import create_session

    with create_session() as session:
        found = read_tasks(session, run)
    tasks = [{**one, "place": order.index(one["task_id"])} for one in found]
    return {"run_id": run.run_id, "state": str(getattr(run.state, "value", run.state)), "tasks": tasks}


if __name__ == "__main__":
    sys.exit(main())
