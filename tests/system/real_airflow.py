"""A whole Airflow - PostgreSQL, scheduler with LocalExecutor, triggerer, and what else the version needs.

Every part is a process of its own, so that a test can kill tasks or the triggerer and see what a real Airflow makes
of it: retries, clears, deferrals that go on in another triggerer.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg2
import psycopg2.extras

from airflow_provider_mps.compat import HAS_LOOPS
from airflow_provider_mps.local.demo import airflow_home
from tests.system.postgres import postgres
from tests.system.quick import QUICK
from tests.task_context import AIRFLOW_2

# From Airflow 3.4 on an XCom is that of a try.
_XCOMS, _FIELDS = "xcom", "rendered_task_instance_fields"
if HAS_LOOPS:
    _XCOMS = """(
        SELECT x.key, x.value, t.dag_id, t.run_id, t.task_id, t.region_index AS map_index
        FROM xcom_v2 x JOIN task_instance t ON t.id = x.task_instance_id WHERE t.working_set
    ) AS xcoms"""
    _FIELDS = """(
        SELECT f.rendered_fields, t.dag_id, t.run_id, t.task_id
        FROM rtif_v2 f JOIN task_instance t ON t.id = f.task_instance_id WHERE t.working_set
    ) AS fields"""


@dataclass(frozen=True)
class TI:
    """A task instance as the database has it."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int
    max_tries: int
    # Of the process that runs the task's own code; whoever kills it leaves its supervisor alive.
    pid: int | None
    trigger_id: int | None
    start_date: datetime | None
    end_date: datetime | None


class RealAirflow:
    """Context manager: Airflow runs inside of it, and nothing of it afterwards.

    :param home: folder of the configuration and of all logs, which stays
    :param dags: folder of the DAG files
    :param connection: the connection ``tencentcloud_default``
    :param parallelism: how many tasks run at the same time
    :param env: further variables of every process
    """

    def __init__(
        self, home: Path, dags: Path, connection: Mapping[str, Any] | None = None, *, parallelism: int = 4, **env: str
    ) -> None:
        self.home = home.resolve()
        # Sockets have short names only, and PostgreSQL's user cannot look into pytest's folders.
        self._short = Path(tempfile.mkdtemp(prefix="real-airflow-"))
        port = airflow_home.free_port()
        # Beneath a path, as behind a proxy: an address that forgets it leads nowhere.
        api = f"http://127.0.0.1:{port}{'' if AIRFLOW_2 else '/airflow'}"
        own = {
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(parallelism),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{api}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": api,
            # Without a common one each process would sign with its own.
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
            "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
            "PYTHONDONTWRITEBYTECODE": "",
            # Processes that rename themselves would overwrite their environment, by which they are found at the end.
            "SPT_NOENV": "1",
            "TMPDIR": str(self._short),
        }
        self.env = airflow_home.environment(self.home, dags.resolve(), connection, **(own | QUICK | env))
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> RealAirflow:
        with contextlib.ExitStack() as stack:
            # A process that was killed a moment ago may still hold what is being removed.
            stack.callback(shutil.rmtree, self._short, ignore_errors=True)
            cluster = self._short / "pg"
            cluster.mkdir()
            self._short.chmod(0o711)
            address = stack.enter_context(postgres(cluster))
            self.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = address
            airflow_home.migrate(self.env)
            self._database = psycopg2.connect(host=str(cluster), user="airflow", dbname="postgres")
            stack.callback(self._database.close)
            self._database.autocommit = True
            stack.callback(self._end)
            for name in ["scheduler"] if AIRFLOW_2 else ["api-server", "dag-processor", "scheduler"]:
                self.start(name)
            self.start("triggerer")
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Start a run of a DAG as soon as Airflow knows it, and return the id of the run."""
        run_id = f"run-{uuid.uuid4().hex[:8]}"
        self._until(lambda: self._query("SELECT 1 FROM serialized_dag WHERE dag_id = %s", dag_id), 60, f"DAG {dag_id}")
        if AIRFLOW_2:
            self._airflow("dags", "trigger", dag_id, "--run-id", run_id, "--conf", json.dumps(conf or {}))
        else:
            body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
            self._post(f"/api/v2/dags/{dag_id}/dagRuns", body)
        return run_id

    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear one task (all of it if it is mapped), as a person does on the page of the run."""
        if AIRFLOW_2:
            [run] = self._query("SELECT execution_date FROM dag_run WHERE dag_id = %s AND run_id = %s", dag_id, run_id)
            # This command knows no run ids. A regular expression in any case, so that it stands for this task only.
            dates = [f"--{edge}-date={run['execution_date'].isoformat()}" for edge in ("start", "end")]
            self._airflow("tasks", "clear", "--yes", "--task-regex", f"^{re.escape(task_id)}$", *dates, dag_id)
        else:
            body = {"dry_run": False, "only_failed": False, "dag_run_id": run_id, "task_ids": [task_id]}
            self._post(f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def start(self, name: str, *words: str) -> None:
        """Start a part of Airflow; it is at work some seconds later.

        :param name: of the part, and of its log
        :param words: the command after ``airflow``, without which it is ``name``
        """
        part = [*words] or [name]
        command = [sys.executable, "-m", "airflow", *part]
        # Logs would be served on every address of the machine, and on fixed ports.
        command += ["--skip-serve-logs"] if part[0] in ("scheduler", "triggerer", "celery") else []
        command += ["--workers", "1"] if part[0] == "api-server" else []
        with (self.home / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def process(self, name: str) -> psutil.Process:
        """Return the process of a part of Airflow."""
        return psutil.Process(self._running[name].pid)

    def kill(self, name: str) -> None:
        """Kill a part of Airflow and all that it has started, such as tasks or triggers, at once and without a word."""
        part = self._running.pop(name)
        # First the one that would notice. The others may lead groups of their own.
        for process in [part, *psutil.Process(part.pid).children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        part.wait()

    def ended(self, name: str) -> None:
        """Wait until a part of Airflow has ended by itself, and forget it."""
        self._running.pop(name).wait(60)

    def replace(self, name: str, other: str) -> None:
        """Let there be one part of its kind again, whichever of two is left.

        :param name: how it is called again
        :param other: the one that was started beside it
        """
        for one in (name, other):
            if one in self._running:
                self.kill(one)
        self.start(name)

    def triggerers(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> set[str]:
        """Return the triggerers that have had a task, as its logs are named after them."""
        names = (line for line in self.task_log(dag_id, run_id, task_id, map_index).splitlines() if ".trigger." in line)
        return {line.rsplit(".trigger.", 1)[1] for line in names if line.startswith("--- ")}

    def task_instances(self, dag_id: str, run_id: str) -> list[TI]:
        """Return the task instances of a run in the order of task and map index."""
        columns = ", ".join(TI.__dataclass_fields__)
        where = "dag_id = %s AND run_id = %s ORDER BY task_id, map_index"
        if HAS_LOOPS:
            # Of an earlier try there is a row too.
            columns = columns.replace("map_index", "region_index AS map_index")
            where = f"working_set AND {where}"
        return [TI(**row) for row in self._query(f"SELECT {columns} FROM task_instance WHERE {where}", dag_id, run_id)]

    def wait_runs(self, dag_id: str, count: int, seconds: float) -> list[str]:
        """Return the ids of a DAG's runs, in their order, as soon as there are so many.

        :raises AssertionError: the time is over, or there are more
        """
        found: list[str] = []

        def holds() -> bool:
            rows = self._query("SELECT run_id FROM dag_run WHERE dag_id = %s ORDER BY id", dag_id)
            found[:] = [row["run_id"] for row in rows]
            return len(found) >= count

        self._until(holds, seconds, f"{count} runs of {dag_id}")
        assert len(found) == count
        return found

    def asset_events(self) -> int:
        """Return how many events of assets there are."""
        [row] = self._query(f"SELECT count(*) FROM {'dataset' if AIRFLOW_2 else 'asset'}_event")
        return int(row["count"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run."""
        [row] = self._query("SELECT state FROM dag_run WHERE dag_id = %s AND run_id = %s", dag_id, run_id)
        return str(row["state"])

    def run_seconds(self, dag_id: str, run_id: str) -> float:
        """Return how long a run took that has ended, as Airflow has it."""
        took = "EXTRACT(EPOCH FROM end_date - start_date)::float AS seconds"
        [row] = self._query(f"SELECT {took} FROM dag_run WHERE dag_id = %s AND run_id = %s", dag_id, run_id)
        return float(row["seconds"])

    def xcom(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1, key: str = "return_value") -> Any:
        """Return what a task left under ``key``, or None; only plain JSON values are understood."""
        where = "dag_id = %s AND run_id = %s AND task_id = %s AND map_index = %s AND key = %s"
        rows = self._query(f"SELECT value FROM {_XCOMS} WHERE {where}", dag_id, run_id, task_id, map_index, key)
        value = rows[0]["value"] if rows else None
        # Airflow 2 has bytes there.
        return json.loads(bytes(value)) if isinstance(value, memoryview) else value

    def rendered_fields(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Return the fields of a task as Airflow shows them."""
        where = "dag_id = %s AND run_id = %s AND task_id = %s"
        [row] = self._query(f"SELECT rendered_fields FROM {_FIELDS} WHERE {where}", dag_id, run_id, task_id)
        fields = row["rendered_fields"]
        return dict(json.loads(fields) if isinstance(fields, str) else fields)

    def links(self, dag_id: str, run_id: str, name: str) -> list[str]:
        """Return what a button of the tasks of a run opens, for each instance that has it.

        :param name: of the button's class
        """
        where = "dag_id = %s AND run_id = %s AND key = %s AND value IS NOT NULL"
        rows = self._query(f"SELECT value FROM {_XCOMS} WHERE {where}", dag_id, run_id, f"_link_{name}")
        return [row["value"] for row in rows if row["value"]]

    def xcom_bytes(self, dag_id: str, run_id: str) -> int:
        """Return how long all that a run's tasks have left for others is, as text."""
        text = "value" if AIRFLOW_2 else "value::text"
        [row] = self._query(
            f"SELECT coalesce(sum(length({text})), 0) AS n FROM {_XCOMS} WHERE dag_id = %s AND run_id = %s",
            dag_id,
            run_id,
        )
        return int(row["n"])

    def task_log(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str:
        """Return the logs of all tries, those of the triggerer included."""
        folder = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        if map_index >= 0:
            folder /= f"map_index={map_index}"
        files = sorted(folder.glob("attempt=*.log*"), key=lambda file: (int(file.name[8:].split(".")[0]), file.name))
        return "".join(f"--- {file.name}\n{file.read_text(errors='replace')}" for file in files)

    def wait(self, dag_id: str, run_id: str, until: Callable[[list[TI]], bool], seconds: float) -> list[TI]:
        """Return the task instances as soon as ``until`` holds for them.

        :raises AssertionError: the time is over or a part of Airflow has ended; the message tells what there is
        """
        found: list[TI] = []

        def holds() -> bool:
            found[:] = self.task_instances(dag_id, run_id)
            return until(found)

        self._until(holds, seconds, f"the awaited state of {dag_id}, {run_id}", found)
        return found

    def wait_finished(self, dag_id: str, run_id: str, seconds: float) -> list[TI]:
        """Return the task instances as soon as the run has failed or succeeded."""
        return self.wait(dag_id, run_id, lambda _: self.run_state(dag_id, run_id) in ("success", "failed"), seconds)

    def _until(self, holds: Callable[[], Any], seconds: float, what: str, show: list[TI] | None = None) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            ended = [name for name, process in self._running.items() if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                why = f"{', '.join(ended)} has ended" if ended else f"{seconds} s are over"
                raise AssertionError("\n".join((f"{why} before {what}", *map(str, show or []), self._tails())))
            time.sleep(0.1)

    def _tails(self) -> str:
        """Return what tells why nothing goes on: DAG files that do not import, the last words of every process."""
        parts = [f"--- {row['filename']}\n{row['stacktrace']}" for row in self._query("SELECT * FROM import_error")]
        for log in sorted(self.home.glob("*.log")):
            parts.append(f"--- the end of {log}\n{log.read_text(errors='replace')[-3000:]}")
        return "\n".join(parts)

    def _query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self._database.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(sql, values)
            return [dict(row) for row in cursor.fetchall()]

    def _airflow(self, *words: str) -> None:
        command = [sys.executable, "-m", "airflow", *words]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def request(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Return what the api-server answers, as soon as it does.

        :raises AssertionError: it refuses
        """
        with self._client() as client:
            # Airflow 3.1 wants to be told who asks even where everybody is an admin.
            client.headers["Authorization"] = f"Bearer {self.token()}"
            answer = client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer

    def token(self) -> str:
        """Return what opens the pages of the api-server, as soon as it does."""
        with self._client() as client:
            self._until(lambda: _answers(client), 60, "an answer of the api-server")
            token: str = client.get("/auth/token").json()["access_token"]
        return token

    def _client(self) -> httpx.Client:
        # Loopback must not go through a proxy of the machine.
        return httpx.Client(base_url=self.env["AIRFLOW__API__BASE_URL"], trust_env=False, timeout=30)

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self.request("POST", path, body)

    def _end(self) -> None:
        # Nothing is kept, so nothing has to end in good order: a scheduler would wait for its tasks as long as they
        # take, a triggerer would cancel its triggers. By environment and not by group or parent, since tasks lead
        # groups of their own, and may have lost their parent to a test.
        while ours := [process for process in psutil.process_iter() if self._is_ours(process)]:
            for process in ours:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(ours, timeout=1)
        for started in self._running.values():
            started.kill()
            started.wait()

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("AIRFLOW_HOME") == str(self.home) and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, OSError):
            return False


def _answers(client: httpx.Client) -> bool:
    # The first answer of this half of the server takes seconds. A task that had to wait for it would ask again
    # meanwhile, and be started twice.
    try:
        return client.get("/execution/health").is_success
    except httpx.TransportError:
        return False
