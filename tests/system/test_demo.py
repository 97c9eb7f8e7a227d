"""The demo as a newcomer runs it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

DAGS = """
from datetime import datetime

from airflow.providers.common.compat.sdk import DAG, task

with DAG("no_pictures", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False):

    @task
    def hello():
        return 1

    hello()
"""


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "no_pictures.py").write_text(DAGS)
    (folder / "another_name.py").write_text(DAGS)
    (folder / "broken.py").write_text("from airflow.models import DAG\nraise RuntimeError('an own error')\n")
    return folder


def demo(home: Path, dags: Path, dag: str, output: Path) -> subprocess.CompletedProcess[str]:
    options = ["--home", str(home), "--dags", str(dags), "--output", str(output), "--dag", dag]
    command = [sys.executable, "-W", "ignore", "-m", "airflow_provider_mps.local.demo", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)


def test_a_dag_of_ones_own(dags: Path, tmp_path: Path) -> None:
    home, output = tmp_path / "home", tmp_path / "output"
    done = demo(home, dags, "no_pictures", output)
    assert done.returncode == 0, done.stderr
    assert "No task of it has made a picture." in done.stdout
    # So does the web page of the same home say. Airflow 2 registers no DAG here.
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        assert database.execute("SELECT dag_id FROM dag WHERE NOT is_paused").fetchall() == []
    done = demo(home, dags, "another_name", output)
    assert done.returncode != 0
    assert "has no DAG another_name, but no_pictures" in done.stderr
    done = demo(home, dags, "broken", output)
    assert done.returncode != 0
    assert "RuntimeError: an own error\n" in done.stderr


def test_ctrl_c_ends_it_quietly(dags: Path, tmp_path: Path) -> None:
    options = ["--home", str(tmp_path / "home"), "--dags", str(dags), "--output", str(tmp_path / "output")]
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "airflow_provider_mps.local.demo",
        *options,
        "--dag",
        "no_pictures",
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell lets what it starts in the background ignore Ctrl-C, and so would all that the tests start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Local service on ")
    # Ctrl-C reaches all of the group.
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
