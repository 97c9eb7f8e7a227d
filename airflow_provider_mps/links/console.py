"""The button that opens the tasks of MPS in Tencent Cloud's console."""

from __future__ import annotations

import logging
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperatorLink

from airflow_provider_mps.services.tencentcloud.sites import tasks_page
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

_log = logging.getLogger(__name__)


class MpsConsoleLink(BaseOperatorLink):
    """Opens the list of tasks in the console of MPS, on the site that the connection is of; it asks for a login.

    No address of a single task is documented: the page has a search box that takes the TaskId
    (https://www.tencentcloud.com/document/product/1041/58240). No button where the connection leads to another service
    that speaks as MPS does, such as the local one.
    """

    name = "MPS console"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address: Airflow 3 asks in the worker when the task has ended, Airflow 2 its server.

        :param operator: the task
        :param ti_key: which of its instances
        """
        from airflow_provider_mps.hooks.mps import MpsHook

        try:
            return tasks_page(MpsHook(getattr(operator, "tencentcloud_conn_id", DEFAULT_CONN_ID)).settings.endpoint)
        # Whoever looks at the task has its own error to read, and needs none of a button.
        except Exception as error:
            _log.debug("There is no link to the console of MPS: %s", error)
            return ""
