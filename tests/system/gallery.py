"""Airflow's own pages, with runs that have made pictures: an API server beneath a base path, and users."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psutil

from airflow_provider_mps.local.demo import airflow_home, catalogue
from airflow_provider_mps.local.service import LocalService
from tests.system.gallery_auth import GUEST, READER, STRANGER

ROOT = Path(__file__).parents[2]
BASE = "/airflow"
_START_SECONDS = 180.0


@dataclass
class Pages:
    """What a test asks for.

    :param address: of Airflow, with its base path
    :param service: the local service
    :param runs: id of the run of each DAG
    :param tokens: of each user
    :param process: the API server
    :param log: what it has said
    """

    address: str
    service: LocalService
    process: psutil.Process
    log: Path
    runs: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, user: str | None = READER, **asked: Any) -> httpx.Response:
        """Ask the gallery."""
        return self.ask(f"/mps-gallery/{path}", user, **asked)

    def ask(self, path: str, user: str | None = READER, **asked: Any) -> httpx.Response:
        """Ask Airflow."""
        headers = {} if user is None else {"Authorization": f"Bearer {self.tokens[user]}"}
        with httpx.Client(trust_env=False, timeout=60) as client:
            # No parameters at all would take away those of the path.
            return client.get(f"{self.address}{path}", params=asked or None, headers=headers)

    def run(self, dag_id: str) -> dict[str, str]:
        """Return what names the run of a DAG."""
        return {"dag_id": dag_id, "run_id": self.runs[dag_id]}

    def results(self, dag_id: str, **asked: Any) -> dict[str, Any]:
        """Return the results of a run."""
        answer = self.get("results", **self.run(dag_id), **asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def page_of(self, dag_id: str) -> str:
        """Return the address of the gallery's page of a run."""
        return f"{self.address}/mps-gallery/run?dag_id={dag_id}&run_id={quote(self.runs[dag_id], safe='')}"


@contextlib.contextmanager
def airflow_pages(home: Path, dags: dict[Path, dict[str, Any]], *, shows_faults: bool = False) -> Iterator[Pages]:
    """Run DAGs, and serve Airflow's pages as long as the context lasts.

    :param home: folder of the configuration, the database and the logs
    :param dags: what is run, each with its ``conf``
    :param shows_faults: whether some pictures of the catalogue are wrong, for its check to find
    """
    port, names = airflow_home.free_port(), (READER, STRANGER, GUEST)
    passwords = {name: secrets.token_hex(8) for name in names}
    folder = home / "dags"
    folder.mkdir(parents=True)
    for file in dags:
        shutil.copy(file, folder)
    (home / "passwords.json").write_text(json.dumps(passwords))
    address = f"http://127.0.0.1:{port}{BASE}"
    with LocalService(task_seconds=0.3) as service:
        if shows_faults:
            catalogue.have_wrong_pictures_made(service)
        env = airflow_home.environment(
            home,
            folder,
            service.connection(),
            AIRFLOW_CONN_AIDGE_DEFAULT=json.dumps(service.aidge_connection()),
            AIRFLOW__API__BASE_URL=address,
            AIRFLOW__API__HOST="127.0.0.1",
            AIRFLOW__API__PORT=str(port),
            AIRFLOW__API_AUTH__JWT_SECRET=secrets.token_hex(32),
            AIRFLOW__CORE__AUTH_MANAGER="tests.system.gallery_auth.PickyAuthManager",
            AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=",".join(f"{name}:viewer" for name in names),
            AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=str(home / "passwords.json"),
            AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="False",
            PYTHONPATH=str(ROOT),
        )
        airflow_home.migrate(env)
        runs = _run(folder, {file.stem: conf | {"bucket": service.bucket} for file, conf in dags.items()}, env)
        log = home / "api-server.log"
        with log.open("w") as said:
            server = subprocess.Popen(
                [sys.executable, "-m", "airflow", "api-server", "--workers", "1"],
                env=env,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                pages = Pages(address, service, psutil.Process(server.pid), log, runs)
                _wait(address, server, log)
                pages.tokens = {name: _token(address, name, password) for name, password in passwords.items()}
                yield pages
            finally:
                airflow_home.end_group(server)


def _run(folder: Path, confs: dict[str, dict[str, Any]], env: dict[str, str]) -> dict[str, str]:
    """Run DAGs; return the id of the run of each."""
    report = folder.parent / "runs.json"
    command = [sys.executable, "-m", "tests.system.gallery_runs", str(folder), json.dumps(confs), str(report)]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=290, check=False)
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    runs: dict[str, str] = json.loads(report.read_text())
    return runs


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if client.get(f"{address}/api/v2/monitor/health").is_success:
                    return
            time.sleep(0.3)
    raise AssertionError(log.read_text()[-3000:])


def _token(address: str, name: str, password: str) -> str:
    with httpx.Client(trust_env=False, timeout=30) as client:
        answer = client.post(f"{address}/auth/token", json={"username": name, "password": password})
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["access_token"]
    return token
