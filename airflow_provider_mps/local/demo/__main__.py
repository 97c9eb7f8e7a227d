"""``python -m airflow_provider_mps.local.demo``: an example DAG on the local service, from nothing to pictures.

Starts the local service on a free port, runs the DAG through Airflow (SQLite, a home of its own), prints the result,
and leaves the pictures and a side-by-side sheet in the output folder. Nothing is left running. With ``--ui`` it starts
Airflow's web page instead, to click through.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import airflow_provider_mps
from airflow_provider_mps.local.demo import airflow_home, web_page
from airflow_provider_mps.local.demo.sheet import side_by_side
from airflow_provider_mps.local.service import LocalService


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
    with LocalService(task_seconds=args.task_seconds) as service:
        print(f"Local service on {service.url}, bucket {service.bucket}, samples under /samples/", flush=True)
        connections = {"tencentcloud_default": service.connection(), "aidge_default": service.aidge_connection()}
        env = airflow_home.environment(args.home.resolve(), args.dags.resolve())
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
    log, report_file = output / "airflow.log", output / "run.json"
    print(f"Running DAG {args.dag} through Airflow {version('apache-airflow')} ...", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "airflow_provider_mps.local.demo.run_dag"]
    command += [str(dag_file.resolve()), args.dag, str(report_file), "--conf", json.dumps({"local_dir": str(output)})]
    with log.open("w") as file:
        code = subprocess.run(command, env=env, stdout=file, stderr=subprocess.STDOUT, check=False).returncode  # noqa: S603
    if code or not report_file.is_file():
        print(f"The DAG run failed; the end of {log}:\n{log.read_text()[-3000:]}", file=sys.stderr)
        return code or 1
    print(f"The DAG run succeeded after {time.monotonic() - started:.1f} s.")
    report = json.loads(report_file.read_text())
    results = _results(report)
    (output / "result.json").write_text(json.dumps(results if len(results) > 1 else results[0], indent=2))
    report_file.unlink()
    print((output / "result.json").read_text())
    _show(_pictures(report, service, output), output)
    return 0


def _results(report: dict[str, Any]) -> list[dict[str, Any]]:
    values = [task["xcoms"].get("return_value") for task in report["tasks"]]
    found = [entry for value in values for entry in (value if isinstance(value, list) else [value])]
    return [entry for entry in found if isinstance(entry, dict) and ("Outputs" in entry or "Images" in entry)]


def _pictures(report: dict[str, Any], service: LocalService, output: Path) -> list[tuple[str, Path]]:
    """Return a caption and a file for what went in and for what came out."""
    pictures: dict[Path, str] = {}
    prompts: list[str] = []
    for request in _requests(report):
        for name, field in (("subject", "subject_cos_key"), ("background", "bg_cos_key"), ("product", "image_path")):
            if key := (request.get(field) or "").removeprefix("cos://"):
                path = output / f"{name}-{Path(key).name}"
                path.write_bytes(service.get_object(service.bucket, key))
                pictures[path] = name
        if request.get("subject_cos_key"):
            prompts.append(request.get("prompt") or "result")
    values = [task["xcoms"].get("return_value") for task in report["tasks"]]
    fetched = [Path(path) for value in values for path in _paths(value, output)]
    fetched += [_fetch(service, copy, output) for value in values for copy in _copies(value)]
    for index, path in enumerate(fetched):
        named = path.with_name("result" + ("" if len(fetched) == 1 else f"-{index}") + path.suffix)
        pictures[path.rename(named)] = prompts[index] if index < len(prompts) else "result"
    return [(caption, path) for path, caption in pictures.items()]


def _requests(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the arguments of each picture: of tasks that make one, and of those that make many."""
    rendered = [task["rendered"] or {} for task in report["tasks"]]
    return [request for fields in rendered for request in fields.get("requests") or [fields]]


def _paths(value: Any, output: Path) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [path for path in found if isinstance(path, str) and Path(path).parent == output]


def _copies(value: Any) -> list[dict[str, Any]]:
    """Return what a transfer has copied to COS."""
    return [copy for copy in value if isinstance(copy, dict) and "cos_uri" in copy] if isinstance(value, list) else []


def _fetch(service: LocalService, copy: dict[str, Any], output: Path) -> Path:
    path = output / Path(copy["path"]).name
    path.write_bytes(service.get_object(copy["bucket"], copy["path"]))
    return path


def _show(pictures: list[tuple[str, Path]], output: Path) -> None:
    sheet = output / "side-by-side.jpg"
    side_by_side(pictures, sheet)
    print("\nPictures:")
    for caption, path in [*pictures, ("all of them on one sheet", sheet)]:
        print(f"  {path}  ({caption})")


if __name__ == "__main__":
    sys.exit(main())
