"""How a command begins and ends: its definition for both ways to call it, its streams, its exit codes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.cli import cli_config

from airflow_provider_mps.cli import program, services
from airflow_provider_mps.cli.airflow_commands import get_cli_commands
from airflow_provider_mps.cli.definition import COMMANDS
from airflow_provider_mps.cli.program import end_with, main
from airflow_provider_mps.cli.words import ExitCode
from airflow_provider_mps.compat import HAS_COMMANDS
from airflow_provider_mps.get_provider_info import get_provider_info
from tests.cli.conftest import Typed
from tests.cli.test_task import UNKNOWN, finished

NAMES = {command.name for command in COMMANDS}


def test_airflow_has_the_same_commands() -> None:
    [group] = get_cli_commands()
    assert isinstance(group, cli_config.GroupCommand)
    assert (group.name, {one.name for one in group.subcommands}) == ("mps", NAMES)
    for command, given in zip(COMMANDS, group.subcommands, strict=True):
        parser = ArgumentParser()
        for argument in given.args:
            argument.add_to_parser(parser)
        positional = ["2-Task-1", *(["there"] if command.name == "download" else [])]
        args = vars(parser.parse_args([*positional, "-o", "json", "-v", "--conn-id", "shop"]))
        assert (args["task_id"], args["output"], args["verbose"], args["conn_id"]) == ("2-Task-1", "json", True, "shop")


@pytest.mark.skipif(not HAS_COMMANDS, reason="Airflow asks providers for commands from 3.2 on")
def test_airflow_finds_them() -> None:
    from airflow.cli import cli_parser

    assert get_provider_info()["cli"] == ["airflow_provider_mps.cli.airflow_commands.get_cli_commands"]
    found = cli_parser.ALL_COMMANDS_DICT["mps"]
    assert {one.name for one in found.subcommands} == NAMES
    args = cli_parser.get_parser().parse_args(["mps", "task", "2-Task-1"])
    assert callable(args.func)


def test_what_airflow_loads_for_its_help_is_light() -> None:
    code = (
        "import sys; before = set(sys.modules); import airflow_provider_mps.cli.airflow_commands\n"
        "heavy = ('airflow.', 'tencentcloud', 'qcloud_cos', 'httpx', 'requests', 'sqlalchemy', 'rich', 'yaml')\n"
        "found = [name for name in sys.modules if name not in before]\n"
        "ours = [name for name in found if name.startswith('airflow_provider_mps.')]\n"
        "print([name for name in found if name.startswith(heavy)], sorted(ours))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    light = [f"airflow_provider_mps.cli{name}" for name in ("", ".airflow_commands", ".definition", ".words")]
    assert done.stdout.strip() == f"[] {light}"


def test_help_of_each_command_is_in_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for words in (["--help"], *([name, "--help"] for name in NAMES)):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 0
        assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


@pytest.mark.parametrize(
    "words", [[], ["nothing"], ["task"], ["task", "1", "2"], ["download", "1"], ["task", "-x", "1"]]
)
def test_what_is_no_command_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == ExitCode.USAGE
    assert "usage:" in capsys.readouterr().err


def test_logs_do_not_get_into_the_answer(
    typed: Callable[..., Typed], submitted: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = submitted()
    finished(typed, task_id)
    ask = services.Asker.ask

    def loud(self: Any, task_id: str) -> Any:
        print("printed by somebody")
        os.write(sys.stdout.fileno(), b"written by somebody\n")
        return ask(self, task_id)

    monkeypatch.setattr(services.Asker, "ask", loud)
    # Real files, as of a process.
    answer, rest = tmp_path / "answer", tmp_path / "rest"
    with answer.open("w") as out, rest.open("w") as err, pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        assert main(["task", task_id, "-o", "json"]) == 0
    assert json.loads(answer.read_text())["state"] == "finished"
    assert sorted(rest.read_text().splitlines()) == ["printed by somebody", "written by somebody"]


def test_nobody_reads_the_answer(typed: Callable[..., Typed], submitted: Callable[..., str], tmp_path: Path) -> None:
    task_id = submitted()
    finished(typed, task_id)
    reader, writer = os.pipe()
    os.close(reader)
    with (
        open(writer, "w", closefd=False) as pipe,
        (tmp_path / "errors").open("w+") as errors,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(sys, "stdout", pipe)
        patched.setattr(sys, "stderr", errors)
        code = main(["explain", task_id, "--no-db"])
        assert code == ExitCode.BROKEN_PIPE
        # What is left in a buffer is not tried again at the end of the process.
        with pytest.raises(SystemExit) as end:
            end_with(code)
        assert end.value.code == 141
        print("nobody", flush=True)
    os.close(writer)
    assert not (tmp_path / "errors").read_text()


def test_a_terminal_without_unicode(
    typed: Callable[..., Typed], submitted: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = submitted(kind="task_fail", err_code=70000, err_msg="InternalError", message="内部错误")
    finished(typed, task_id)
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main(["task", task_id]) == ExitCode.FAILED
    sys.stdout.flush()
    assert r"message    \u5185\u90e8" in written.getvalue().decode("ascii")
    monkeypatch.undo()


def test_ctrl_c(typed: Callable[..., Typed], submitted: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = submitted(kind="task_seconds", seconds=60)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(services, "pause", interrupted)
    said = typed("task", task_id, "--wait")
    assert said.code == ExitCode.INTERRUPTED
    assert said.err.endswith("Interrupted.\n")
    assert "Traceback" not in said.err
    assert not said.out


def test_what_nobody_expected_is_told_without_secrets(
    typed: Callable[..., Typed], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("https://e.com/a.png?q-signature=0123456789abcdef0123456789abcdef")

    monkeypatch.setattr(services.Asker, "ask", broken)
    said = typed("task", UNKNOWN)
    assert said.code == 1
    assert "This was not expected" in said.err
    assert "RuntimeError: https://e.com/a.png?***" in said.errors
    assert "Traceback" not in said.err
    verbose = typed("task", UNKNOWN, "--verbose")
    assert "Traceback" in verbose.err
    assert "0123456789abcdef" not in said.err + verbose.err


def test_the_module_calls_the_program() -> None:
    from airflow_provider_mps import __main__

    assert __main__.main is program.main


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_an_answer_that_cannot_be_written(
    typed: Callable[..., Typed], submitted: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = submitted()
    finished(typed, task_id)
    errors = tmp_path / "errors"
    with Path("/dev/full").open("w") as full, errors.open("w") as err, pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdout", full)
        patched.setattr(sys, "stderr", err)
        assert main(["task", task_id]) == ExitCode.FAILED
    assert errors.read_text().startswith("Error: The answer cannot be written: No space left on device")
    assert "Traceback" not in errors.read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["task", UNKNOWN, "https://e.com/a.png?q-signature=0123456789abcdef0123456789abcdef"],
        ["task", UNKNOWN, "--timeout", "\x1b[31m"],
        ["\x1b[31mtask"],
    ],
)
def test_what_was_typed_is_said_back_without_secrets_and_controls(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == ExitCode.USAGE
    said = capsys.readouterr().err
    assert said.replace("\n", "").isprintable()
    assert "0123456789abcdef" not in said
