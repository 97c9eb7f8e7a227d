"""What pages of a plugin need of Airflow's API server, 3.1 and newer: all of it that depends on its version.

Nothing of the server is imported before it is used: plugins are loaded by workers too.

``tests/test_compat_server.py`` asks the installed Airflow for each name, with the shape that is used.
"""

from __future__ import annotations

from typing import Any


def may_read_xcoms() -> list[Any]:
    """Return dependencies of a route that let in who may read the XComs, and the tasks, of the DAG asked for.

    A route without them is open to everybody: an app of a plugin has no rights of its own. They read ``dag_id`` of the
    path or of the query, and answer 401 or 403.
    """
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends

    # Rendered fields are shown too, and these belong to the task instance.
    return [
        Depends(requires_access_dag(method="GET", access_entity=entity))
        for entity in (DagAccessEntity.XCOM, DagAccessEntity.TASK_INSTANCE)
    ]


def known_user() -> Any:
    """Return the dependency that gives who asks; it answers 401 where nobody has logged in."""
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    return Depends(get_user)


def readable_dags(user: Any) -> set[str]:
    """Return the ids of the DAGs whose XComs, and tasks, a user may read. It blocks."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.models.dag import DagModel

    manager = get_auth_manager()

    def may_read(dag_id: str, entity: DagAccessEntity) -> bool:
        details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
        return bool(manager.is_authorized_dag(method="GET", access_entity=entity, details=details, user=user))

    return {
        dag_id
        for dag_id in manager.get_authorized_dag_ids(user=user, method="GET")
        if may_read(dag_id, DagAccessEntity.XCOM) and may_read(dag_id, DagAccessEntity.TASK_INSTANCE)
    }
