"""Fetch pictures from COS to the worker's disk."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.localpaths import Download, check_stays_in, is_empty, plan_downloads
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.services.profiles import COS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID
from airflow_provider_mps.storage.parallel import DEFAULT_WORKERS, MAX_WORKERS, StoppableTransfer, in_parallel

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg


class CosToLocalFilesystemOperator(StoppableTransfer, ReportsLineage, TemplatedFields, BaseOperator):
    """Fetch one COS object, or the pictures of a result. Each file is verified by size and CRC64, whole or absent.

    Either ``cos_key`` with ``local_path``, which returns the local path; or ``outputs`` with ``local_dir``, which
    returns the list of local paths in the order of the outputs. Uses GetObject
    (https://cloud.tencent.com/document/product/436/7753).

    After an error nothing more is begun; what has arrived stays. The entries of a batch that have no picture are left
    out.

    Files are named like the objects. Where two would have one name, as ``/sku1/main.jpg`` and ``/sku2/main.jpg`` would,
    all of them keep the folders below the one that they have in common.

    Templated: all arguments but ``keep_folders`` and ``max_workers``.

    :param cos_key: key of the object (str)
    :param cos_bucket: its bucket with APPID (str); default: ``cos_bucket`` of the connection, then
        ``TENCENTCLOUD_COS_BUCKET``. With ``outputs``: for outputs that name none
    :param cos_region: its region (str); default: ``cos_region`` of the connection, then ``TENCENTCLOUD_COS_REGION``,
        then ``ap-guangzhou``. With ``outputs``: for outputs that name none
    :param local_path: file to make or to replace (str); its folder is made if need be
    :param outputs: a result of MPS, its ``Outputs`` list, or a list of results. Pass the whole output of the waiting
        task, ``wait.output``: ``wait.output["Outputs"]`` would be another XCom key. Of an empty list nothing is fetched
    :param local_dir: folder for the files (str)
    :param keep_folders: with ``outputs``: keep all folders of each key below ``local_dir`` (bool), whether names
        collide or not; default False. For tasks that share a folder, such as mapped ones
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :param max_workers: how many outputs are fetched at the same time (int), 1 to 32, default 8
    :raises ValueError: arguments conflict or one is missing; when the DAG is read
    :raises InvalidArgumentError: a rendered value cannot be used, or a key would leave ``local_dir``
    :raises TencentCloudPermanentError: COS refused (permission, credentials, bucket); Airflow does not retry
    :raises TencentCloudError: the object is not there, or did not arrive whole; nothing is left at the destination
    """

    service = COS
    template_fields: Sequence[str] = (
        "cos_key",
        "cos_bucket",
        "cos_region",
        "local_path",
        "outputs",
        "local_dir",
        "tencentcloud_conn_id",
    )
    container_fields = ("outputs",)
    ui_color = "#e8f8e8"

    def __init__(
        self,
        *,
        cos_key: str | XComArg | None = None,
        cos_bucket: str | XComArg | None = None,
        cos_region: str | XComArg | None = None,
        local_path: str | XComArg | None = None,
        outputs: Any = None,
        local_dir: str | XComArg | None = None,
        keep_folders: bool = False,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        max_workers: int = DEFAULT_WORKERS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cos_key: Any = cos_key
        self.cos_bucket: Any = cos_bucket
        self.cos_region: Any = cos_region
        self.local_path: Any = local_path
        self.outputs = outputs
        self.local_dir: Any = local_dir
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self._fetches_one = cos_key is not None
        one = {"cos_key": cos_key, "local_path": local_path}
        many = {"outputs": outputs, "local_dir": local_dir}
        if not any(_given(form) == list(form) and not _given(other) for form, other in ((one, many), (many, one))):
            got = ", ".join(_given({**one, **many})) or "none of them"
            raise InvalidArgumentError(f"expected cos_key with local_path, or outputs with local_dir; got {got}")
        with invalid_arguments_fail():
            if not isinstance(keep_folders, bool):
                arguments.fail("keep_folders", keep_folders, "True or False")
            if keep_folders and self._fetches_one:
                arguments.fail("keep_folders", keep_folders, "False with cos_key: local_path says where the file goes")
            self.keep_folders = keep_folders
            self.max_workers = arguments.integer("max_workers", max_workers, 1, MAX_WORKERS)
            arguments.check_literals(
                {"cos_key": cos_key, "cos_bucket": cos_bucket, "cos_region": cos_region},
                {"cos_key": arguments.cos_key, "cos_bucket": arguments.bucket, "cos_region": arguments.region},
            )

    def lineage_inputs(self) -> Iterable[str]:
        """Give the addresses of the objects."""
        if self._fetches_one:
            return (_address(self.cos_bucket, self.cos_key),)
        return (_address(plan.bucket or self.cos_bucket, plan.key) for plan in self.lineage_notes.seen or ())

    def lineage_outputs(self, result: Any) -> Iterable[str]:
        """Give the paths of the files."""
        return [result] if isinstance(result, str) else result or ()

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> str | list[str]:
        """Fetch; return the local path or paths."""
        from airflow_provider_mps.hooks.cos import CosHook
        from airflow_provider_mps.hooks.cos_regions import hooks_of

        self.check_found()
        self._stop = stop = threading.Event()
        if self._fetches_one:
            with invalid_arguments_fail():
                arguments.cos_key("cos_key", self.cos_key)
                path = arguments.local_path("local_path", self.local_path)
            hook = CosHook(self.tencentcloud_conn_id, self.cos_bucket, self.cos_region)
            hook.reports_lineage = False
            return str(hook.download_file(self.cos_key, path, stop=stop))
        if is_empty(self.outputs):
            self.log.info("outputs is empty: there is nothing to fetch")
            return []
        with invalid_arguments_fail():
            folder = arguments.local_path("local_dir", self.local_dir)
            self.lineage_notes.seen = plans = plan_downloads(self.outputs, folder, self.keep_folders)
            check_stays_in(folder, plans)
        regions = {plan.region or self.cos_region for plan in plans}
        hooks = hooks_of(regions, lambda region: CosHook(self.tencentcloud_conn_id, self.cos_bucket, region))

        for hook in hooks.values():
            hook.reports_lineage = False

        def fetch(plan: Download) -> str:
            return str(
                hooks[plan.region or self.cos_region].download_file(plan.key, plan.local_path, plan.bucket, stop)
            )

        total, workers = len(plans), self.max_workers
        return in_parallel(
            fetch, plans, total=total, max_workers=workers, done="Fetched", log_line=self.log.info, stop=stop
        )


def _address(bucket: Any, key: Any) -> str:
    return f"cos://{bucket or ''}/{str(key).lstrip('/')}"


def _given(arguments_by_name: dict[str, Any]) -> list[str]:
    return [name for name, value in arguments_by_name.items() if value is not None]
