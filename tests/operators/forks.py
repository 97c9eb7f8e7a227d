"""Processes that start in no time: forks of one that has imported everything once and runs no threads."""

from __future__ import annotations

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    FORKS.set_forkserver_preload(
        [
            "tests.operators.aidge_batch_child",
            "tests.operators.batch_child",
            "tests.operators.crash_child",
            "tests.operators.publish_child",
        ]
    )
)
