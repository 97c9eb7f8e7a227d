"""Read and write files by address: in COS, in any object storage that Airflow knows, or on the worker's disk."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID
from airflow_provider_mps.storage.locations import CosLocation, Locations, is_on_disk
from airflow_provider_mps.storage.whole import replace_on_disk, upload

# What the disk says of a path that can be none; a NUL in one is a ValueError.
_NO_FILE = (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError)
_NO_NAME = (errno.ENAMETOOLONG, errno.EINVAL)


class ObjectStorage:
    """Files by their address.

    ``cos://bucket/key`` goes over :class:`~airflow_provider_mps.hooks.cos.CosHook`, ``cos:///key`` to the bucket of the
    connection, and ``cos://conn_id@bucket/key`` by another connection; a path such as ``/data/cup.png`` is on the
    worker's disk, and anything else, such as ``s3://bucket/key``, goes over Airflow's ``ObjectStoragePath``.

    :param conn_id: Airflow connection of the object storage (str or None); none for COS and for the disk
    :param tencentcloud_conn_id: Airflow connection for COS (str or None)
    :param cos_region: region of the COS bucket (str or None); default: the connection's
    :param logs_each: write a line to the log for each file that is stored in COS
    """

    def __init__(
        self,
        conn_id: str | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        cos_region: str | None = None,
        *,
        logs_each: bool = True,
    ) -> None:
        self._locations = Locations(conn_id, tencentcloud_conn_id, cos_region)
        self._logs_each = logs_each

    def check(self, name: str, address: str) -> None:
        """Make sure that there is a way to an address, before anything is done for it; threads may use it afterwards.

        :param name: the argument that has the address, for messages
        :raises InvalidArgumentError: Airflow knows no such storage
        :raises TencentCloudError: no credential for COS could be had
        """
        self._locations.file(name, address)
        self._locations.check(name, address)

    def read(self, name: str, address: str, limit: int) -> bytes:
        """Return the bytes of a file.

        :param name: the argument that has the address, for messages
        :param limit: no more bytes than one over this are read
        :raises InvalidArgumentError: there is no such file on the disk, or the one in COS is larger
        :raises AirflowException: there is no such object; it may still be on its way
        """
        self.check(name, address)
        location, shown = self._locations.file(name, address), bare_url(address)
        if isinstance(location, CosLocation):
            found = location.hook.stat_object(location.key)
            if found is not None and found.size > limit:
                raise InvalidArgumentError(f"{name}: expected at most {limit:,} bytes, got {found.size:,} ({shown})")
            data = location.hook.read_object(location.key) if found is not None else None
            if data is None:
                raise AirflowException(f"{name}: there is no object {shown}; the task may be retried")
            return data
        try:
            with location.open("rb") as file:
                return bytes(file.read(limit + 1))
        except (OSError, ValueError) as error:
            if is_on_disk(location) and (isinstance(error, _NO_FILE) or getattr(error, "errno", 0) in _NO_NAME):
                with invalid_arguments_fail():
                    arguments.fail(name, shown, "a file that exists")
            if not isinstance(error, FileNotFoundError | IsADirectoryError):
                raise
            raise AirflowException(f"{name}: there is no object {shown}; the task may be retried") from None

    def write(self, name: str, folder: str, file_name: str, source: Path) -> dict[str, Any]:
        """Store a file, whole or not at all.

        :param name: the argument that has the folder, for messages
        :param folder: address of the folder
        :param file_name: name of the file in it; one that is there already is replaced
        :param source: the file to store
        :return: ``{"uri", "size"}``; in COS also ``bucket``, ``region``, ``path``, ``cos_uri`` and ``url``
        :raises AirflowException: what is stored is not as long as what was sent; it is removed
        """
        size = source.stat().st_size
        address = arguments.beneath(folder, file_name)
        location = self._locations.file(name, address)
        if isinstance(location, CosLocation):
            location.hook.logs_each, location.hook.reports_lineage = self._logs_each, False
            stored = location.hook.upload_file(source, location.key)
            return {"uri": stored["cos_uri"], "size": size, **stored}
        with source.open("rb") as file:
            if is_on_disk(location):
                replace_on_disk(file, location)
            else:
                upload(file, location)
        found = int(location.stat().st_size)
        if found != size:
            location.unlink()
            raise AirflowException(f"{bare_url(address)} has {found:,} bytes, {size:,} were sent; it was removed")
        # Not every reader knows what ``~`` is.
        return {"uri": str(location) if address.startswith("~") else bare_url(address), "size": size}
