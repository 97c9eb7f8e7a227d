"""Airflow's web page on a free port of loopback, with all that a DAG needs to run."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import httpx

from airflow_provider_mps.core.gallery_paths import RUN_ROUTE
from airflow_provider_mps.local.demo import airflow_home

START_SECONDS = 120.0
FIRST_DAG = "mps_bg_generation_mapped"
_HEALTH = {True: "/health", False: "/api/v2/monitor/health"}


def serve(env: dict[str, str]) -> int:
    """Start Airflow, say where it is once it answers, and end it at Ctrl-C; return the exit code.

    :param env: see :func:`airflow_home.environment`
    """
    is_airflow_2 = version("apache-airflow").startswith("2.")
    address = f"http://127.0.0.1:{airflow_home.free_port()}"
    env = env | _settings(address)
    # Not `airflow standalone`: it serves task logs on every address of the machine, and on fixed ports.
    commands = [["scheduler", "--skip-serve-logs"], ["triggerer", "--skip-serve-logs"]]
    if is_airflow_2:
        commands.append(["webserver"])
        # Airflow 2 has no login without a user; whoever reaches this loopback port may do everything.
        (Path(env["AIRFLOW_HOME"]) / "webserver_config.py").write_text('AUTH_ROLE_PUBLIC = "Admin"\n')
    else:
        commands += [["api-server"], ["dag-processor"]]
    log = Path(env["AIRFLOW_HOME"]) / "airflow.log"
    print(f"Airflow comes up; what it says goes to {log}", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    with contextlib.ExitStack() as running, log.open("w") as file:
        processes = []
        for command in commands:
            process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "airflow", *command],
                env=env,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            running.callback(airflow_home.end_group, process)
            processes.append((command[0], process))
        try:
            answers = _wait_for(address + _HEALTH[is_airflow_2], processes)
            if answers:
                print(
                    "The DAGs are paused until you switch them on: open one and trigger it. "
                    "Nobody has to log in; Ctrl-C ends it all."
                )
                pictures = None if is_airflow_2 else _first_pictures(address, processes)
                if pictures is not None:
                    print(f"{FIRST_DAG} runs already: its pictures come up on {pictures}")
                print(f"Open {pictures or address}", flush=True)
            while answers and _all_run(processes):
                time.sleep(0.5)
        except KeyboardInterrupt:
            return 0
        ended = ", ".join(name for name, process in processes if process.poll() is not None) or "the web page"
        print(f"Airflow's {ended} has ended or does not answer; the end of {log}:", file=sys.stderr)
        print(log.read_text(errors="replace")[-3000:], file=sys.stderr)
        return 1


def _settings(address: str) -> dict[str, str]:
    port = address.rpartition(":")[2]
    return {
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": port,
        "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        # A task that ends within this time after a deferral counts as lost, and those of a local service are quick.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    }


def _wait_for(url: str, processes: list[tuple[str, subprocess.Popen[bytes]]]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    # Loopback must not go through a proxy of the machine.
    with httpx.Client(trust_env=False, timeout=5.0) as client:
        while _all_run(processes) and time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if client.get(url).is_success:
                    return True
            time.sleep(0.5)
    return False


def _first_pictures(address: str, processes: list[tuple[str, subprocess.Popen[bytes]]]) -> str | None:
    """Start a run of an example; return the page with its pictures, or None where this Airflow has none to show them.

    :param address: of Airflow
    """
    # Where the demo lacks something, it says so before Airflow is there.
    from airflow_provider_mps.compat import SHOWS_PAGES

    if not SHOWS_PAGES:
        return None
    run_id, deadline = f"first-{int(time.time())}", time.monotonic() + START_SECONDS
    dag = f"{address}/api/v2/dags/{FIRST_DAG}"
    with httpx.Client(trust_env=False, timeout=5.0) as client:
        while _all_run(processes) and time.monotonic() < deadline:
            # Its file has to be read first.
            with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
                token = client.get(f"{address}/auth/token").json()["access_token"]
                client.headers["Authorization"] = f"Bearer {token}"
                is_known = client.patch(dag, json={"is_paused": False}).is_success
                body = {"dag_run_id": run_id, "logical_date": None}
                if is_known and client.post(f"{dag}/dagRuns", json=body).is_success:
                    return f"{address}/dags/{FIRST_DAG}/runs/{run_id}/plugin/{RUN_ROUTE}"
            time.sleep(0.5)
    return None


def _all_run(processes: list[tuple[str, subprocess.Popen[bytes]]]) -> bool:
    return all(process.poll() is None for _, process in processes)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
