"""The button that opens the report of a catalogue's refresh."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import BaseOperatorLink

from airflow_provider_mps.compat import xcom_of

XCOM_REPORT_LINK = "mps_report_link"
"""The XCom that has the address where people read the report."""


class CatalogueReportLink(BaseOperatorLink):
    """Opens the report; see :class:`~airflow_provider_mps.operators.catalogue_report.CatalogueReportOperator`.

    No button where there is no report, or no address that a browser can open.
    """

    name = "Report"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return where the report is read: Airflow 3 asks in the worker when the task has ended, Airflow 2 its server.

        :param operator: the task
        :param ti_key: which of its instances
        """
        return xcom_of(ti_key, XCOM_REPORT_LINK) or ""
