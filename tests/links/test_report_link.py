from __future__ import annotations

from airflow_provider_mps.get_provider_info import get_provider_info
from airflow_provider_mps.links.report import CatalogueReportLink
from airflow_provider_mps.operators.catalogue import CatalogueReportOperator


def test_the_provider_names_the_link_so_that_airflow_2_shows_it() -> None:
    name = f"{CatalogueReportLink.__module__}.{CatalogueReportLink.__qualname__}"
    assert name in get_provider_info()["extra-links"]


def test_the_task_has_the_button() -> None:
    operator = CatalogueReportOperator(task_id="report", dest="/tmp/r")
    assert [link.name for link in operator.operator_extra_links] == ["Report"]
