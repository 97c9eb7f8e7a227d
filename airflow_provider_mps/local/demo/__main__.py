"""``python -m airflow_provider_mps.local.demo``: an example DAG on the local service, from nothing to pictures.

Starts the local service on a free port, runs the DAG through Airflow (SQLite, a home of its own), prints the result,
and leaves the pictures and a side-by-side sheet in the output folder. Nothing is left running. With ``--ui`` it starts
Airflow's web page instead, to click through.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import airflow_provider_mps
from airflow_provider_mps.local.demo import airflow_home, catalogue, shown, web_page
from airflow_provider_mps.pictures import Cell, Panel, contact_sheet

if TYPE_CHECKING:
    from airflow_provider_mps.local.service import LocalService

LOG = "airflow.log"


def main() -> int:
    """Run the demo; exit 0 if the DAG succeeded."""
    parser = argparse.ArgumentParser(prog="python -m airflow_provider_mps.local.demo", description=__doc__)
    parser.add_argument("--dag", default="mps_bg_fusion_download", help="DAG to run (default: %(default)s)")
    parser.add_argument("--dags", type=Path, default=_examples(), help="folder of DAG files (default: %(default)s)")
    parser.add_argument("--home", type=Path, default=Path(".airflow"), help="AIRFLOW_HOME (default: %(default)s)")
    parser.add_argument(
        "--output", type=Path, default=Path("demo-output"), help="folder for the pictures (default: %(default)s)"
    )
    parser.add_argument(
        "--task-seconds",
        type=float,
        default=3.0,
        help="how long the service takes for a picture (default: %(default)s)",
    )
    parser.add_argument("--ui", action="store_true", help="start Airflow's web page instead, until Ctrl-C")
    args = parser.parse_args()
    dag_file = args.dags / f"{args.dag}.py"
    if not args.ui and not dag_file.is_file():
        known = ", ".join(sorted(path.stem for path in args.dags.glob("*.py")))
        print(f"There is no {dag_file}. DAGs here: {known}", file=sys.stderr)
        return 2
    if not args.ui and not _is_ours(args.output):
        print(f"{args.output} has files that are not of an earlier demo; choose another --output", file=sys.stderr)
        return 2
    try:
        from airflow_provider_mps.local.service import LocalService
    except ImportError as error:
        print(f"The local service needs more packages ({error}).", file=sys.stderr)
        print("Install them with: pip install 'airflow-provider-mps[local]'", file=sys.stderr)
        return 2
    with LocalService(task_seconds=args.task_seconds) as service:
        catalogue.have_wrong_pictures_made(service)
        print(f"Local service on {service.url}, bucket {service.bucket}, samples under /samples/", flush=True)
        connections = {"tencentcloud_default": service.connection(), "aidge_default": service.aidge_connection()}
        env = airflow_home.environment(args.home.resolve(), args.dags.resolve())
        # The examples have schedules; a person says on the web page which of them runs, also after a run without it.
        env["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] = "True"
        _migrate_once(env)
        if args.ui:
            airflow_home.store_connections(env, connections)
            return web_page.serve(env)
        env |= {f"AIRFLOW_CONN_{name.upper()}": json.dumps(connection) for name, connection in connections.items()}
        return _run(args, dag_file, env, service)


def _examples() -> Path:
    """Return the folder of the example DAGs: that of the checkout, or the one that comes with the package."""
    package = Path(airflow_provider_mps.__file__).parent
    return next(folder for folder in (package / "example_dags", package.parent / "dags") if folder.is_dir())


def _is_ours(output: Path) -> bool:
    """Say whether a folder may be emptied: it is new or empty, or an earlier run has left its log there."""
    if not output.exists():
        return True
    is_home = (output / "airflow.cfg").exists()
    return output.is_dir() and ((output / LOG).is_file() or not any(output.iterdir())) and not is_home


def _migrate_once(env: dict[str, str]) -> None:
    done = Path(env["AIRFLOW_HOME"]) / f"migrated-{version('apache-airflow')}"
    if not done.exists():
        print("Making Airflow's database ...", flush=True)
        airflow_home.migrate(env)
        done.touch()


def _run(args: argparse.Namespace, dag_file: Path, env: dict[str, str], service: LocalService) -> int:
    output: Path = args.output.resolve()
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    report = _run_dag(args.dag, dag_file, env, output, output / LOG)
    if report is None:
        return 1
    if not catalogue.keeps_a_catalogue(report):
        _show_results(shown.results(report), output)
        _show(shown.rows(report, service, output), output)
        return 0
    return _second_night(args.dag, dag_file, env, service, output, report)


def _second_night(
    dag: str, dag_file: Path, env: dict[str, str], service: LocalService, output: Path, first: dict[str, Any]
) -> int:
    """Let products of the catalogue change, and run its DAG again."""
    rows = _show_night(first, service, output / "first-night")
    catalogue.change_products(service)
    print(f"\nThe next night {' and '.join(catalogue.CHANGED)} have other pictures, under the same keys.")
    second = _run_dag(dag, dag_file, env, output, output / "airflow-2.log")
    if second is None:
        return 1
    rows += _show_night(second, service, output / "second-night")
    _show(rows, output)
    return 0


def _run_dag(dag: str, dag_file: Path, env: dict[str, str], output: Path, log: Path) -> dict[str, Any] | None:
    """Run a DAG; return what came of it, or None after saying that it failed."""
    report_file = output / "run.json"
    print(f"Running DAG {dag} through Airflow {version('apache-airflow')} ...", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "airflow_provider_mps.local.demo.run_dag"]
    command += [str(dag_file.resolve()), dag, str(report_file), "--conf", json.dumps({"local_dir": str(output)})]
    with log.open("w") as file:
        code = airflow_home.run(command, env, file)
    if code or not report_file.is_file():
        print(f"The DAG run failed; the end of {log}:\n{log.read_text()[-3000:]}", file=sys.stderr)
        return None
    print(f"The DAG run succeeded after {time.monotonic() - started:.1f} s.")
    report: dict[str, Any] = json.loads(report_file.read_text())
    report_file.unlink()
    return report


def _show_results(results: list[dict[str, Any]], output: Path) -> None:
    if not results:
        print("No task of it has made a picture.")
        return
    (output / "result.json").write_text(json.dumps(results if len(results) > 1 else results[0], indent=2))
    print((output / "result.json").read_text())


def _show_night(report: dict[str, Any], service: LocalService, folder: Path) -> list[shown.Row]:
    """Say what a run of a catalogue did; return its pictures."""
    folder.mkdir()
    print("\n".join(catalogue.counts(report)))
    if (page := catalogue.save_report(report, service, folder)) is not None:
        print(f"Its report, to open in a browser: {page}")
    return shown.rows(catalogue.with_entries(report, service), service, folder)


def _show(rows: list[shown.Row], output: Path) -> None:
    panels = [panel for row in rows for panel in row]
    print("\nPictures:" if panels else "\nThere is no picture to show.")
    if panels:
        sheet = output / "side-by-side.jpg"
        in_rows = [Panel([Cell(path.read_bytes, caption) for caption, path in row]) for row in rows if row]
        sheet.write_bytes(contact_sheet(in_rows, one_per_row=True).data)
        panels.append(("all of them on one sheet", sheet))
    for caption, path in panels:
        print(f"  {path}  ({caption})")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        # The usual exit status for it; nothing is left running.
        sys.exit(130)
