"""Where the gallery shows a run, and a picture of it, in Airflow's own pages."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from urllib.parse import quote, urlencode, urlsplit

URL_PREFIX = "/mps-gallery"
"""Where the gallery is mounted, beneath the base path of Airflow."""

RUN_ROUTE, TASK_ROUTE, BROWSE_ROUTE = "mps-pictures", "mps-task-pictures", "mps-gallery"
"""What Airflow's pages call the tab of a run, that of a task, and the entry under Browse, in their own addresses."""

STORAGES = ("abfs", "abfss", "adl", "gcs", "gs", "oss", "s3", "s3a", "s3n")
"""Schemes of what Airflow's providers have as object storages, but for COS; all else leads to disks or hosts."""

_ID_LENGTH = 24


class Size(StrEnum):
    """How large a picture is asked for."""

    THUMB = "thumb"
    PAGE = "page"
    FULL = "full"


def picture_id(address: str) -> str:
    """Return what a picture is asked for by: it tells nothing of where it is.

    :param address: of the picture, such as ``cos://bucket/key``, as the result has it
    """
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_LENGTH]


def base_path(base_url: str | None) -> str:
    """Return the path that Airflow's pages are beneath, without a slash at its end; empty for none.

    :param base_url: ``[api] base_url`` of Airflow; None or empty where it is not set
    """
    path = urlsplit(base_url or "").path.rstrip("/")
    return path if path.startswith("/") else ""


def gallery_path(
    dag_id: str,
    run_id: str,
    task_id: str | None = None,
    map_index: int | None = None,
    iteration: str = "",
    *,
    base: str = "",
) -> str:
    """Return the path of the page with the pictures of a run, or of one of its tasks.

    :param map_index: of a mapped task; None, or below 0, for all of them
    :param iteration: of a task in a loop, as :class:`~airflow_provider_mps.core.airflow_task.TaskKey` has it; empty for
        all of them
    :param base: what :func:`base_path` returned
    """
    asked = {"dag_id": dag_id, "run_id": run_id}
    if task_id is not None:
        asked["task"] = task_id
        if map_index is not None and map_index >= 0:
            asked["map_index"] = str(map_index)
        if iteration:
            asked["iteration"] = iteration
    return f"{base}{URL_PREFIX}/run?{_query(asked)}"


def picture_path(dag_id: str, run_id: str, address: str, size: Size = Size.PAGE, *, base: str = "") -> str:
    """Return the path of a picture of a run; whoever opens it needs the right to read the XComs of the DAG.

    :param address: of the picture, as the result has it
    :param size: how large it is shown
    :param base: what :func:`base_path` returned
    """
    asked = {"dag_id": dag_id, "run_id": run_id, "id": picture_id(address), "size": size.value}
    return f"{base}{URL_PREFIX}/picture?{_query(asked)}"


def _query(asked: dict[str, str]) -> str:
    # The page reads a plus as it stands: some versions of Airflow hand a run id over as it is.
    return urlencode(asked, quote_via=quote)
