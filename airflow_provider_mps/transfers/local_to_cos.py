"""Bring pictures from the worker's disk to COS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_mps.core import arguments
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.services.profiles import COS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg


class LocalFilesystemToCosOperator(ReportsLineage, TemplatedFields, BaseOperator):
    """Store a file as a COS object, and verify by CRC64 what COS keeps.

    Uses PutObject (https://cloud.tencent.com/document/product/436/7749): an object of the same key is replaced whole.
    Returns ``{"bucket", "region", "path", "cos_uri", "url"}``.

    Templated: all arguments.

    :param local_path: file to read (str)
    :param cos_key: key of the object (str)
    :param cos_bucket: its bucket with APPID (str); default: ``cos_bucket`` of the connection, then
        ``TENCENTCLOUD_COS_BUCKET``
    :param cos_region: its region (str); default: ``cos_region`` of the connection, then ``TENCENTCLOUD_COS_REGION``,
        then ``ap-guangzhou``
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :raises ValueError: an argument is missing; when the DAG is read
    :raises InvalidArgumentError: a rendered value cannot be used, or the file does not exist
    :raises TencentCloudPermanentError: COS refused (permission, credentials, bucket); Airflow does not retry
    :raises TencentCloudError: the file did not arrive whole, or COS did not answer
    """

    service = COS
    template_fields: Sequence[str] = ("local_path", "cos_key", "cos_bucket", "cos_region", "tencentcloud_conn_id")
    ui_color = "#e8f8e8"

    def __init__(
        self,
        *,
        local_path: str | XComArg,
        cos_key: str | XComArg,
        cos_bucket: str | XComArg | None = None,
        cos_region: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in {"local_path": local_path, "cos_key": cos_key}.items():
            if value is None:
                raise InvalidArgumentError(f"{name} is required")
        self.local_path: Any = local_path
        self.cos_key: Any = cos_key
        self.cos_bucket: Any = cos_bucket
        self.cos_region: Any = cos_region
        self.tencentcloud_conn_id = tencentcloud_conn_id

    def lineage_inputs(self) -> Iterable[str]:
        """Give the path of the file."""
        return (str(self.local_path),)

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> dict[str, Any]:
        """Store; return what describes the object."""
        self.check_found()
        with invalid_arguments_fail():
            path = arguments.local_path("local_path", self.local_path)
            key = arguments.cos_key("cos_key", self.cos_key)
        from airflow_provider_mps.hooks.cos import CosHook

        hook = CosHook(self.tencentcloud_conn_id, self.cos_bucket, self.cos_region)
        hook.reports_lineage = False
        return hook.upload_file(path, key)
