"""Read and write files by address: in COS, in any object storage that Airflow knows, or on the worker's disk."""

from __future__ import annotations

import errno
import shutil
import threading
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_mps.clients.parts import part_of, remove_left_behind
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.services.tencentcloud.payloads import bucket_or_default
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

_LOCAL = ("", "file", "local")
# What the disk says of a path that can be none; a NUL in one is a ValueError.
_NO_FILE = (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError)
_NO_NAME = (errno.ENAMETOOLONG, errno.EINVAL)
_CHUNK_BYTES = 1024 * 1024


class ObjectStorage:
    """Files by their address.

    ``cos://bucket/key`` goes over :class:`~airflow_provider_mps.hooks.cos.CosHook`, and ``cos:///key`` to the bucket of
    the connection; anything else, such as ``s3://bucket/key`` or ``/data/cup.png``, over Airflow's
    ``ObjectStoragePath``.

    :param conn_id: Airflow connection of the object storage (str or None); none for COS and for the disk
    :param tencentcloud_conn_id: Airflow connection for COS (str or None)
    :param cos_region: region of the COS bucket (str or None); default: the connection's
    """

    def __init__(
        self,
        conn_id: str | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        cos_region: str | None = None,
    ) -> None:
        self.conn_id = conn_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.cos_region = cos_region
        self._cos_hooks: dict[str | None, CosHook] = {}
        # A file system has one transaction, and all threads share the file system.
        self._transaction = threading.Lock()

    def check(self, name: str, address: str) -> None:
        """Make sure that there is a way to an address, before anything is done for it; threads may use it afterwards.

        :param name: the argument that has the address, for messages
        :raises InvalidArgumentError: Airflow knows no such storage
        :raises TencentCloudError: no credential for COS could be had
        """
        if (hook_and_key := self._cos(name, address)) is not None:
            hook, _ = hook_and_key
            try:
                bucket_or_default(name, hook.bucket, hook.settings.storage, give="cos://bucket/key")
            except ArgumentError as error:
                raise InvalidArgumentError(f"{error} (connection {self.tencentcloud_conn_id})") from None
            # Reads the connection, and assumes a role, once; here, and not in the threads.
            hook.snapshot_credential()
            return
        try:
            _ = self._path(_at_home(name, address)).fs
        except (ValueError, ImportError) as error:
            said = f"{name}: {bare_url(address)}: {error}. Is the provider of this storage installed?"
            raise InvalidArgumentError(said) from None

    def read(self, name: str, address: str, limit: int) -> bytes:
        """Return the bytes of a file.

        :param name: the argument that has the address, for messages
        :param limit: no more bytes than one over this are read
        :raises InvalidArgumentError: there is no such file on the disk, or the one in COS is larger
        :raises AirflowException: there is no such object; it may still be on its way
        """
        self.check(name, address)
        shown = bare_url(address)
        if (hook_and_key := self._cos(name, address)) is not None:
            hook, key = hook_and_key
            size = hook.head_object(key).size
            if size is not None and size > limit:
                raise InvalidArgumentError(f"{name}: expected at most {limit:,} bytes, got {size:,} ({shown})")
            data = hook.read_object(key)
            if data is None:
                raise AirflowException(f"{name}: there is no object {shown}; the task may be retried")
            return data
        path = self._path(_at_home(name, address))
        try:
            with path.open("rb") as file:
                return bytes(file.read(limit + 1))
        except (OSError, ValueError) as error:
            if path.protocol in _LOCAL and (isinstance(error, _NO_FILE) or getattr(error, "errno", 0) in _NO_NAME):
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
        address = _at_home(name, arguments.beneath(folder, file_name))
        if (hook_and_key := self._cos(name, address)) is not None:
            hook, key = hook_and_key
            stored = hook.upload_file(source, key)
            return {"uri": stored["cos_uri"], "size": size, **stored}
        path = self._path(address)
        if path.protocol in _LOCAL:
            _replace(source, Path(path.path))
        else:
            with self._transaction:
                self._upload(source, path)
        found = int(path.stat().st_size)
        if found != size:
            path.unlink()
            raise AirflowException(f"{bare_url(address)} has {found:,} bytes, {size:,} were sent; it was removed")
        return {"uri": bare_url(address), "size": size}

    def _cos(self, name: str, address: str) -> tuple[CosHook, str] | None:
        scheme, mark, rest = address.partition("://")
        if not mark or scheme.lower() != "cos":
            return None
        # Not urlsplit: a key may hold what begins a query or a fragment elsewhere.
        host, _, path = rest.partition("/")
        with invalid_arguments_fail():
            bucket = arguments.bucket(name, host) if host else None
            key = arguments.cos_key(name, f"/{path}")
        if bucket not in self._cos_hooks:
            self._cos_hooks[bucket] = CosHook(self.tencentcloud_conn_id, bucket, self.cos_region)
        return self._cos_hooks[bucket], key

    def _path(self, address: str) -> Any:
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        return ObjectStoragePath(address, conn_id=self.conn_id)

    @staticmethod
    def _upload(source: Path, path: Any) -> None:
        before = _size(path)
        try:
            # A transaction of the file system: what is broken off is discarded, and what was there before stays.
            with path.fs.transaction, source.open("rb") as file, path.open("wb") as stored:
                shutil.copyfileobj(file, stored, _CHUNK_BYTES)
        except BaseException:
            # Not every file system has them: some store what had come so far as if it were whole.
            if _size(path) != before:
                path.unlink(missing_ok=True)
            raise


def _at_home(name: str, address: str) -> str:
    """Return an address with the home of a user in it: not every method of a path of Airflow's knows what ``~`` is."""
    if not address.startswith("~"):
        return address
    with invalid_arguments_fail():
        return str(arguments.local_path(name, address))


def _size(path: Any) -> int | None:
    """Return the size of an object; None if there is none."""
    try:
        return int(path.stat().st_size)
    except FileNotFoundError:
        return None


def _replace(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_left_behind(path.parent)
    with part_of(path, "aidge") as (part, file), source.open("rb") as given:
        shutil.copyfileobj(given, file, _CHUNK_BYTES)
        file.flush()
        part.replace(path)
