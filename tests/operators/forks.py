"""Processes that start in no time: forks of one that has imported everything once and runs no threads."""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PRELOADED = ("crash_child", "batch_child", "aidge_batch_child", "catalogue_child", "publish_child", "check_child")

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([f"tests.operators.{name}" for name in _PRELOADED])


def in_a_fork(
    run: Callable[[dict[str, Any]], None], spec: dict[str, Any], dies: Callable[[], bool] | None = None
) -> Any:
    """Run one process to its end, or until it is to die; return what it wrote, and nothing of one that died.

    :param run: what it does; it writes JSON to ``spec["out"]``
    :param dies: says when
    """
    out = Path(spec["out"])
    out.unlink(missing_ok=True)
    process = FORKS.Process(target=run, args=(spec,))
    process.start()
    deadline = time.time() + 90
    while process.is_alive() and not (dies and dies()):
        assert time.time() < deadline
        time.sleep(0.005)
    if dies:
        process.kill()
    process.join(60)
    assert process.exitcode in ((-signal.SIGKILL,) if dies else (0,)), f"exit code {process.exitcode}"
    return {} if dies else json.loads(out.read_text())
