"""A process that submits until the limit of its connection is reached."""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from airflow_provider_mps.clients import cos as cos_clients  # noqa: F401 - preloaded once for all processes
from airflow_provider_mps.clients import tencentcloud as mps_clients  # noqa: F401
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.services.tencentcloud import budget
from airflow_provider_mps.services.tencentcloud.codes import PICTURES_PER_DAY_REACHED


def submit_all(connection: dict[str, Any], payload: dict[str, Any], wanted: int) -> int:
    """Submit up to so many; return how many were accepted before the limit."""
    os.environ["AIRFLOW_CONN_LIMITED"] = json.dumps(connection)
    hook = MpsHook("limited")
    for done in range(wanted):
        try:
            hook.submit_task(payload)
        except ServiceError as error:
            if error.code != PICTURES_PER_DAY_REACHED:
                raise
            return done
    hook.give_back()
    return wanted


def fork_in_the_middle(connection: dict[str, Any], payload: dict[str, Any]) -> None:
    """Submit a few, so that grants are at hand; fork; and have both go on until the limit."""
    # Blocks of a size that a limit of thousands would have.
    budget.WASTED_SHARE = 2
    submit_all_but_keep(connection, payload, 4)
    child = os.fork()
    threads = [threading.Thread(target=submit_all, args=(connection, payload, 1000)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def submit_all_but_keep(connection: dict[str, Any], payload: dict[str, Any], count: int) -> None:
    """Submit so many, and keep what grants are left."""
    os.environ["AIRFLOW_CONN_LIMITED"] = json.dumps(connection)
    hook = MpsHook("limited")
    for _ in range(count):
        hook.submit_task(payload)
