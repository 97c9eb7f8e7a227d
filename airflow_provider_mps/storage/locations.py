"""What an address leads to: COS over the hook, the disk, or any other storage over Airflow's own path type."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.cos_address import CosAddress, cos_address, is_cos, object_address
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.services.tencentcloud.payloads import bucket_or_default
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

_LOCAL = ("file", "local")


class CosLocation(NamedTuple):
    """A place in COS.

    :param hook: of the connection and the bucket
    :param key: with a leading slash; of a folder it ends with one
    """

    hook: CosHook
    key: str

    def __str__(self) -> str:
        return f"cos://{self.hook.bucket or ''}{self.key}"


def is_address_of_disk(address: str) -> bool:
    """Tell whether an address is of a file or a folder on the disk of whoever reads it."""
    scheme, mark, _ = address.partition("://")
    return not mark or scheme.lower() in _LOCAL


def is_on_disk(location: Any) -> TypeGuard[Path]:
    """Tell whether a location is on the disk: on Airflow 2 an ``ObjectStoragePath`` is a ``Path`` too."""
    return isinstance(location, Path) and not hasattr(location, "protocol")


class Locations:
    """Finds what addresses lead to; threads may share it.

    ``cos://conn_id@bucket/key`` names its own connection, ``cos://bucket/key`` is of ``tencentcloud_conn_id``, and
    ``cos:///key`` is in the bucket of the connection.

    :param conn_id: Airflow connection of other storages (str or None); none for COS and for the disk
    :param tencentcloud_conn_id: Airflow connection for COS (str or None)
    :param cos_region: region of the COS bucket (str or None); default: the connection's
    """

    def __init__(
        self,
        conn_id: str | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        cos_region: str | None = None,
    ) -> None:
        self._conn_id = conn_id
        self._tencentcloud_conn_id = tencentcloud_conn_id
        self._cos_region = cos_region
        self._hooks: dict[tuple[str | None, str | None], CosHook] = {}

    def check(self, name: str, address: str) -> None:
        """Make sure that there is a way to an address, before anything is done for it; threads may use it afterwards.

        :param name: the argument that has the address, for messages
        :raises InvalidArgumentError: Airflow knows no such storage
        :raises TencentCloudError: no credential for COS could be had
        """
        location = self.folder(name, address)
        if isinstance(location, CosLocation):
            hook = location.hook
            try:
                bucket_or_default(name, hook.bucket, hook.settings.storage, give="cos://bucket/key")
            except ArgumentError as error:
                raise InvalidArgumentError(f"{error} (connection {hook.tencentcloud_conn_id})") from None
            # Reads the connection, and assumes a role, once; here, and not in the threads.
            hook.snapshot_credential()

    def file(self, name: str, address: str) -> Any:
        """Return where a file is: a :class:`CosLocation`, a ``Path`` on the disk, or an ``ObjectStoragePath``.

        :param name: the argument that has the address, for messages
        :raises InvalidArgumentError: it can be no address of a file
        """
        if not is_cos(address):
            return self._elsewhere(name, address)
        with invalid_arguments_fail():
            found = object_address(name, address)
        return CosLocation(self._hook(found), found.path)

    def folder(self, name: str, address: str) -> Any:
        """Return where a folder is; see :meth:`file`."""
        if not is_cos(address):
            return self._elsewhere(name, address)
        with invalid_arguments_fail():
            found = cos_address(name, address)
            inner = found.path.rstrip("/")
            key = f"{arguments.cos_key(name, inner)}/" if inner else "/"
        return CosLocation(self._hook(found), key)

    def _hook(self, found: CosAddress) -> CosHook:
        conn_id = self._tencentcloud_conn_id if found.conn_id is None else found.conn_id
        place = conn_id, found.bucket
        if place not in self._hooks:
            self._hooks[place] = CosHook(conn_id, found.bucket, self._cos_region)
        return self._hooks[place]

    def _elsewhere(self, name: str, address: str) -> Any:
        if is_address_of_disk(address):
            _, mark, rest = address.partition("://")
            with invalid_arguments_fail():
                return arguments.local_path(name, rest if mark else address)
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        try:
            # None would win over a connection in the address on Airflow 2.
            path = ObjectStoragePath(address, **({} if self._conn_id is None else {"conn_id": self._conn_id}))
            # Some find out only now that nobody knows the storage.
            _ = path.fs
        except (ValueError, ImportError) as error:
            said = f"{name}: {bare_url(address)}: {error}. Is the provider of this storage installed?"
            raise InvalidArgumentError(said) from None
        return path
