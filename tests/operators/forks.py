"""Processes that start in no time: forks of one that has imported everything once and runs no threads."""

from __future__ import annotations

import multiprocessing

_PRELOADED = ("crash_child", "batch_child", "aidge_batch_child", "catalogue_child", "publish_child")

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([f"tests.operators.{name}" for name in _PRELOADED])
