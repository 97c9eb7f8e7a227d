"""Users of whom each may see something else."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

READER, STRANGER, GUEST = "reader", "stranger", "guest"
SEEN_BY_STRANGERS = "mps_bg_fusion_download"


class PickyAuthManager(SimpleAuthManager):
    """A guest may read no XCom, a stranger those of one DAG alone."""

    def is_authorized_dag(self, *, method: Any, user: Any, access_entity: Any = None, details: Any = None) -> bool:
        """Tell whether a user may."""
        if access_entity is DagAccessEntity.XCOM and user.username == GUEST:
            return False
        if user.username == STRANGER and getattr(details, "id", None) != SEEN_BY_STRANGERS:
            return False
        return super().is_authorized_dag(method=method, user=user, access_entity=access_entity, details=details)
