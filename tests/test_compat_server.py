"""What pages use of Airflow's API server is there in this Airflow, with the shape that is used."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from airflow_provider_mps import compat_server
from airflow_provider_mps.compat import SHOWS_PAGES

pytestmark = pytest.mark.skipif(not SHOWS_PAGES, reason="Airflow shows pages of plugins from 3.1 on")


def test_the_rights_of_a_dag_are_read_from_its_id_in_the_query() -> None:
    from airflow.api_fastapi.core_api import security

    source = inspect.getsource(security.requires_access_dag)
    assert 'request.query_params.get("dag_id")' in source
    assert len(compat_server.may_read_xcoms()) == 2
    assert callable(security.get_user)


def test_the_auth_manager_can_be_asked() -> None:
    from airflow.api_fastapi.auth.managers.base_auth_manager import BaseAuthManager

    def names(function: Any) -> set[str]:
        return set(inspect.signature(function).parameters)

    assert {"method", "user", "access_entity", "details"} <= names(BaseAuthManager.is_authorized_dag)
    assert {"method", "user"} <= names(BaseAuthManager.get_authorized_dag_ids)
