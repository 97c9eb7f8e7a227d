"""The Airflow that a demo runs has ended when the demo has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_mps.local.demo import airflow_home

STUBBORN = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print(1, flush=True); signal.pause()"
INTERRUPTED = """
import os, sys
from airflow_provider_mps.local.demo import airflow_home
try:
    airflow_home.run([sys.executable, "-c", sys.argv[1]], os.environ, sys.stdout)
except KeyboardInterrupt:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        print("none left", flush=True)
"""


def test_what_ctrl_c_does_not_end_is_ended_before_the_wait_is() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, STUBBORN],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert said == "none left\n"


def test_ctrl_c_in_the_middle_of_a_start_leaves_nothing() -> None:
    at_once = """
import os, signal, subprocess, sys, time
start = subprocess.Popen
def interrupted(*words, **more):
    process = start(*words, **more)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)
    return process
subprocess.Popen = interrupted
"""
    done = subprocess.run(
        [sys.executable, "-c", at_once + INTERRUPTED, STUBBORN],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert done.stdout.splitlines()[-1:] == ["none left"], done.stderr[-500:]


def test_what_a_command_says_is_in_its_file(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['A']); print('wrong', file=sys.stderr); sys.exit(3)"
    with (tmp_path / "said").open("w") as file:
        assert airflow_home.run([sys.executable, "-c", code], {**os.environ, "A": "b"}, file) == 3
    assert sorted((tmp_path / "said").read_text().split()) == ["b", "wrong"]


def test_a_failed_command_ends_with_what_it_said(tmp_path: Path) -> None:
    env = airflow_home.environment(tmp_path, tmp_path)
    env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = "sqlite:////no/such/folder/airflow.db"
    with pytest.raises(RuntimeError, match=r"(?s)^airflow db migrate failed \(1\):\n.*unable to open database file"):
        airflow_home.migrate(env)
