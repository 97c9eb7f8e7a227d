"""What hooks tell Airflow's hook lineage: the objects that a user's own task fetches and stores by them."""

from __future__ import annotations

from typing import Any

from airflow_provider_mps.compat import hook_lineage, report_asset
from airflow_provider_mps.core.datasets import dataset_of


def report_copy(hook: Any, source: str, to: str, log: Any) -> None:
    """Report that a file was copied; nothing happens where nobody reads that, and no error leaves.

    :param hook: that has copied it
    :param source: address of the object, or path of the file
    :param to: where the copy is
    :param log: of the hook
    """
    try:
        collector = hook_lineage()
        if collector is None:
            return
        for address, is_output in ((source, False), (to, True)):
            if dataset := dataset_of(address):
                report_asset(collector, hook, dataset, is_output=is_output)
    except Exception as error:
        log.warning("What was copied is not reported to hook lineage: %s", type(error).__name__)
