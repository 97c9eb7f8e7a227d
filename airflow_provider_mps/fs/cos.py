"""``cos://`` for Airflow's ``ObjectStoragePath``; Airflow finds it in the provider's description.

``ObjectStoragePath("cos://conn_id@bucket/key")``, or with ``conn_id=``; without one, the connection is
``tencentcloud_default``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.core.cos_address import SCHEME
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from airflow_provider_mps.fs.cos_filesystem import CosFileSystem

schemes = [SCHEME]


def get_fs(conn_id: str | None, storage_options: Mapping[str, Any] | None = None) -> CosFileSystem:
    """Return the file system of a connection.

    :param conn_id: Airflow connection of type ``tencentcloud`` (str), default ``tencentcloud_default``
    :param storage_options: ``region`` of the buckets (str), default: the connection's; nothing else
    :raises TypeError: there is another option
    """
    from airflow_provider_mps.fs.cos_filesystem import CosFileSystem

    options = {name: value for name, value in (storage_options or {}).items() if name != "conn_id"}
    return CosFileSystem(conn_id=DEFAULT_CONN_ID if conn_id is None else conn_id, **options)
