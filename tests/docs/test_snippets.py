"""What README and site show can be pasted: every snippet is executed."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from PIL import Image

from airflow_provider_mps.compat import ASKS_PEOPLE, HAS_COMMANDS
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.tencentcloud.prices import read_prices
from tests.docs.pages import DOCS, PAGES, ROOT, Snippet, commands, snippets
from tests.task_context import execute, make_context

COMMANDS = commands()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def typed(pattern: str) -> Any:
    """Parametrize over the commands that begin in a way."""
    found = [command for command, _ in COMMANDS if re.match(pattern, command)]
    return pytest.mark.parametrize("command", found, ids=lambda command: command.split("\n")[0][:60])


def test_each_kind_of_snippet_is_executed() -> None:
    by_sphinx = ("{toctree}", "{literalinclude}", "{include}", "{eval-rst}")
    # What is answered, and what is drawn, is executed by nobody.
    executed = ("python", "json", "ini", "console", "sh", "text")
    for one in snippets():
        assert one.language.split(" ")[0] in (*executed, *by_sphinx), one
        # What a person types is told from what is answered by a prompt.
        assert one.language != "console" or one.text.startswith("$ "), one


def test_each_command_is_executed() -> None:
    for command, place in COMMANDS:
        assert re.match("|".join((EXPORT, SETTING, MAKE, PIP, MODULE, CURL, ARCHIVES, AIRFLOW)), command), (
            f"{place}: {command}"
        )


@pytest.mark.parametrize("snippet", snippets("python"), ids=str)
def test_python_runs_as_it_is(snippet: Snippet) -> None:
    if "operators.hitl" in snippet.text and not ASKS_PEOPLE:
        pytest.skip("Airflow asks people from 3.1 on")
    names: dict[str, Any] = {}
    exec(compile(snippet.text, str(snippet), "exec"), names)
    assert {"DAG", "task", "service"} & set(names)


def test_the_first_dag_makes_a_picture(service: LocalService, conn_id: str, tmp_path: Path) -> None:
    (snippet,) = snippets("python", pages=[DOCS / "start.md"])
    names: dict[str, Any] = {}
    exec(compile(snippet.text, str(snippet), "exec"), names)
    fuse = names["fuse"]
    assert fuse.deferrable
    # Here is no triggerer.
    fuse.deferrable, fuse.poll_interval = False, 0.1
    download = fuse.dag.task_dict["download"]
    download.outputs, download.local_dir = execute(fuse, make_context()), str(tmp_path)
    (path,) = execute(download, make_context())
    with Image.open(path) as picture:
        picture.verify()


@pytest.mark.parametrize("snippet", snippets("json"), ids=str)
def test_json_says_what_it_is_to(snippet: Snippet) -> None:
    found = json.loads(snippet.text)
    if "conn_type" in found:
        assert read_prices("prices", found["extra"]["prices"]).currency == "CNY"
    elif "eventType" in found:
        # What is sent is compared with it by a test of the lineage.
        assert found["inputs"]
        assert found["outputs"]
    elif "statement" in found:
        assert {one["effect"] for one in found["statement"]} == {"allow"}
    else:
        assert found["TaskId"] is None or found["Outputs"]
        assert (found["TaskId"] is None) == ("Error" in found)


@pytest.mark.parametrize("snippet", snippets("ini"), ids=str)
def test_airflow_knows_each_setting(snippet: Snippet) -> None:
    from airflow.configuration import conf

    if find_spec("airflow.providers.celery") is None:
        pytest.skip("the provider of Celery is not installed (dependency group cluster)")
    with conf.make_sure_configuration_loaded(with_providers=True):
        known = {
            (section, option)
            for section in conf.configuration_description
            for option in conf.configuration_description[section]["options"]
        }
    settings = configparser.ConfigParser(interpolation=None)
    settings.read_string(snippet.text)
    assert {(section, option) for section in settings.sections() for option in settings[section]} <= known


@pytest.mark.parametrize("snippet", [one for one in snippets() if one.language.startswith("{literalinclude}")], ids=str)
def test_code_that_is_included_is_there(snippet: Snippet) -> None:
    path = (snippet.page.parent / snippet.language.split()[1]).resolve()
    assert path.parent == ROOT / "dags"
    lines = path.read_text().splitlines()
    for option in re.findall(r"^:(?:start-at|end-before): (.+)$", snippet.text, re.M):
        assert len([line for line in lines if option in line]) == 1, option


EXPORT = r"export AIRFLOW_CONN_"


@typed(EXPORT)
def test_connections_can_be_pasted(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = f"{command}\nenv -0 | grep -z ^AIRFLOW_CONN_"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    [(name, value)] = [entry.split("=", 1) for entry in done.stdout.split("\0") if entry]
    monkeypatch.setenv(name, value)
    if name == "AIRFLOW_CONN_AIDGE_DEFAULT":
        assert AidgeHook().settings.key_name == "512345"
        assert AidgeHook().settings.trial
    else:
        assert MpsHook().settings.secret_id == "AKID..."
        assert MpsHook().settings.cos_bucket == "shop-1250000000"


SETTING = r"export AIRFLOW__\w+__\w+="


@typed(SETTING)
def test_settings_can_be_pasted(command: str) -> None:
    done = subprocess.run(["sh", "-c", f"{command}\nenv -0"], capture_output=True, text=True, check=True)
    (value,) = [
        entry.split("=", 1)[1] for entry in done.stdout.split("\0") if entry.startswith(command.split("=")[0][7:])
    ]
    assert json.loads(value)


MAKE = r"make "


@typed(MAKE)
def test_make_knows_what_is_made(command: str) -> None:
    make = shutil.which("make")
    if make is None:
        pytest.skip("no make")
    # What the targets run is run by tests of its own; here is whether they are called so.
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    done = subprocess.run([make, "-n", *shlex.split(command)[1:]], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    given = dict(word.split("=", 1) for word in shlex.split(command) if "=" in word)
    assert "DAG" not in given or (ROOT / "dags" / f"{given['DAG']}.py").is_file()
    assert "AIRFLOW" not in given or (ROOT / ".ci" / "constraints" / f"airflow-{given['AIRFLOW']}.txt").is_file()


PIP = r"pip install "


@typed(PIP)
def test_pip_finds_what_is_installed(command: str) -> None:
    (argument,) = shlex.split(command)[2:]
    requirement = Requirement(argument)
    if requirement.name == PROJECT["name"]:
        assert requirement.extras <= set(PROJECT["optional-dependencies"])
    else:
        assert version(requirement.name)


MODULE = r"python -m airflow_provider_mps"


@typed(MODULE)
def test_modules_run(command: str, tmp_path: Path) -> None:
    arguments = shlex.split(command)[1:]
    serves = arguments[-1].endswith(".local")
    # A port that is free, as another service may have the one of the page.
    words = [sys.executable, "-W", "ignore", *arguments, *(["--port", "0"] if serves else [])]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        first = process.stdout.readline() + (process.stdout.readline() if serves else "")
        if serves:
            process.send_signal(signal.SIGTERM)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert ("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT=" if serves else "usage:") in first + rest


CURL = r"curl "


@typed(CURL)
def test_faults_can_be_ordered(command: str, service: LocalService) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl")
    words = [word.replace("http://127.0.0.1:8700", service.url) for word in shlex.split(command)]
    assert any(service.url in word for word in words)
    done = subprocess.run([*words, "--fail", "--silent", "--noproxy", "*"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


ARCHIVES = r"sha256sum |\.venv/release/bin/twine upload "


@typed(ARCHIVES)
def test_archives_are_named_by_their_patterns(command: str, tmp_path: Path) -> None:
    archives = {"dist/a.whl", "dist/a.tar.gz"}
    bill = "dist/a.cdx.json"
    (tmp_path / "dist").mkdir()
    for name in (*archives, bill):
        (tmp_path / name).touch()
    # What is uploaded stays so: here is what the shell would hand over.
    dry = command.replace(".venv/release/bin/twine upload", "ls")
    done = subprocess.run(["sh", "-c", dry], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) >= archives
    assert (bill in done.stdout) == (dry == command)


AIRFLOW = r"airflow "


@typed(AIRFLOW)
def test_airflow_knows_the_command(command: str) -> None:
    from airflow.cli.cli_parser import get_parser

    if command.startswith("airflow mps") and not HAS_COMMANDS:
        pytest.skip("Airflow has the commands of providers from 3.2 on")
    if command.startswith("airflow celery") and find_spec("airflow.providers.celery") is None:
        pytest.skip("the provider of Celery is not installed (dependency group cluster)")
    assert get_parser().parse_args(shlex.split(command)[1:]) is not None


def test_there_is_something_to_execute() -> None:
    assert len(snippets("python")) > 20
    assert {DOCS / "start.md", ROOT / "README.md"} <= {one.page for one in snippets("console")}
    assert len(PAGES) > 40
