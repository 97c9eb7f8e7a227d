"""What the page about the commands shows can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Typed
from tests.cli.test_task import finished

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
LINES = [line.removeprefix("$ ") for block in BLOCKS for line in block.splitlines()]
ID = "2600000000-WorkflowTask-3c00ea76db466fbeb5269efc5ad9400d"


def test_each_command_does_what_the_page_says(
    typed: Callable[..., Typed], submitted: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    task_id = submitted()
    assert finished(typed, task_id).code == 0
    assert len(LINES) >= 8
    for line in LINES:
        airflow, mps, *words = shlex.split(line)
        assert (airflow, mps) == ("airflow", "mps")
        said = typed(*(task_id if word == ID else word for word in words))
        assert said.code == 0, said.err
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["coffee.jpeg"]


def test_the_page_has_the_whole_of_what_is_shown(typed: Callable[..., Typed], submitted: Callable[..., str]) -> None:
    task_id = submitted()
    finished(typed, task_id)
    titles = [line for line in typed("explain", task_id, "--no-db").out.splitlines()[1:] if line[:1].strip()]
    assert [title for title in titles if f"\n{title}\n" not in PAGE] == ["What was not found"]
