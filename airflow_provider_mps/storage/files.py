"""Whole files by their address: what the tasks of a run hand to each other, and records that must not be replaced."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from airflow_provider_mps.clients.parts import is_part
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.services.tencentcloud.answers import cos_object
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID
from airflow_provider_mps.storage import whole
from airflow_provider_mps.storage.locations import CosLocation, Locations, is_on_disk

# What the disk says of a path that leads to no file.
_NO_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)

_ON_A_DISK = "on the disk of this worker; tasks on several workers need one disk that all share, or an object storage"


class Files:
    """Whole files by address: in COS over the hook, on the disk, in any other storage that Airflow knows.

    ``cos://conn_id@bucket/key`` names its own connection, which wins over ``tencentcloud_conn_id``; ``cos:///key`` is
    in the bucket of the connection. What comes from COS and what goes there is compared with its CRC64. Errors of COS
    are :class:`~airflow_provider_mps.exceptions.TencentCloudError`, or ``TencentCloudPermanentError`` where a retry of
    the task would not help; an address that can be none is an ``InvalidArgumentError``.

    :param conn_id: Airflow connection of other storages (str or None); none for COS and for the disk
    :param tencentcloud_conn_id: Airflow connection for COS (str or None); None reads the environment alone
    """

    def __init__(self, conn_id: str | None = None, tencentcloud_conn_id: str | None = DEFAULT_CONN_ID) -> None:
        self._locations = Locations(conn_id, tencentcloud_conn_id)

    def check(self, name: str, address: str) -> None:
        """Make sure that there is a way to the address of a file or a folder; nothing of it is read.

        :param name: the argument that has the address, for messages
        :raises InvalidArgumentError: Airflow knows no such storage, or the address is none
        :raises TencentCloudError: no credential for COS could be had
        """
        self._locations.check(name, address)

    def read(self, address: str) -> bytes:
        """Return the bytes of a file.

        :raises FileNotFoundError: there is none
        """
        location = self._locations.file("address", address)
        try:
            if isinstance(location, CosLocation):
                data = location.hook.read_object(location.key)
                if data is None:
                    raise FileNotFoundError
                return data
            if is_on_disk(location):
                return location.read_bytes()
            whole.fresh(location)
            with location.open("rb") as file:
                return bytes(file.read())
        except _NO_FILE:
            where = f" {_ON_A_DISK}" if is_on_disk(location) else ""
            raise FileNotFoundError(f"There is no file {bare_url(address)}{where}") from None

    def write(self, address: str, data: bytes, content_type: str | None = None) -> None:
        """Store a file, whole or not at all, in place of one that is there.

        :param content_type: MIME type (str), which COS keeps with it; default none
        """
        location = self._locations.file("address", address)
        if isinstance(location, CosLocation):
            location.hook.write_object(location.key, data, content_type)
        elif is_on_disk(location):
            whole.replace_on_disk(BytesIO(data), location)
        else:
            whole.upload(BytesIO(data), location)

    def write_new(self, address: str, data: bytes, content_type: str | None = None) -> bool:
        """Store a file, whole or not at all, unless there is one: also when many do so at once, one of them does.

        A storage that cannot tell whose file there is takes one with the same bytes for one's own, so ``data`` has to
        be like no other's.

        :param content_type: MIME type (str), which COS keeps with it; default none
        :return: False if another file is there
        :raises TencentCloudPermanentError: the bucket has or had versioning, so COS would replace what is there
        :raises InvalidArgumentError: the storage cannot do this
        """
        location = self._locations.file("address", address)
        if isinstance(location, CosLocation):
            return location.hook.write_object(location.key, data, content_type, overwrite=False)
        if is_on_disk(location):
            return whole.make_on_disk(BytesIO(data), location)
        return whole.make(data, location)

    def told(self, address: str) -> dict[str, str]:
        """Return where a file is, as results say it: ``bucket``, ``region``, ``path``, ``cos_uri`` and ``url``.

        Outside of COS ``uri`` alone.
        """
        location = self._locations.file("address", address)
        if isinstance(location, CosLocation):
            return cos_object(location.hook.bucket_name, location.hook.region_name, location.key)
        return {"uri": str(location) if is_on_disk(location) else bare_url(address)}

    def names(self, folder: str) -> list[str]:
        """Return the names of the files directly in a folder, in their order; none if it is not there.

        COS may need a moment before it lists what was stored, https://cloud.tencent.com/document/product/436/7734;
        :meth:`exists` and :meth:`read` know at once.
        """
        location = self._locations.folder("folder", folder)
        if isinstance(location, CosLocation):
            found = _names_in_cos(location)
        elif is_on_disk(location):
            found = _names_on_disk(location)
        else:
            found = _names_elsewhere(location)
        return sorted(found)

    def exists(self, address: str) -> bool:
        """Tell whether there is a file."""
        location = self._locations.file("address", address)
        if isinstance(location, CosLocation):
            return location.hook.stat_object(location.key) is not None
        if is_on_disk(location):
            return location.is_file()
        return bool(whole.fresh(location).isfile(location.path))

    def remove(self, address: str) -> None:
        """Remove a file; it is no error if there is none."""
        location = self._locations.file("address", address)
        if isinstance(location, CosLocation):
            location.hook.delete_object(location.key)
        elif is_on_disk(location) or whole.fresh(location).isfile(location.path):
            location.unlink(missing_ok=True)


def join(folder: str, *names: str) -> str:
    """Return the address of what is in a folder, with one slash between; that of a whole bucket keeps its slashes."""
    address = f"{folder}/" if folder.endswith("://") else folder
    for name in names:
        address = arguments.beneath(address, name.strip("/"))
    return address


def parent(address: str) -> str:
    """Return the address of the folder that something is in; that of a whole storage is its own."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        folder, slash, _ = address.rstrip("/").rpartition("/")
        return folder or slash or ("/" if address.startswith("/") else ".")
    place, slash, path = rest.partition("/")
    folder, inner, _ = path.rstrip("/").rpartition("/")
    return f"{scheme}://{place}/{folder}" if inner else f"{scheme}://{place}/"


def _names_in_cos(location: CosLocation) -> list[str]:
    marker, found = "", []
    while True:
        page = location.hook.list_folder(location.key, marker=marker)
        # The folder itself may be an object too.
        found += [name for entry in page.objects if (name := entry.key.rpartition("/")[2])]
        if not (marker := page.next_marker):
            return found


def _names_on_disk(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir() if entry.is_file() and not is_part(entry.name)]
    except _NO_FILE:
        return []


def _names_elsewhere(folder: Any) -> list[str]:
    files = whole.fresh(folder)
    try:
        entries = files.ls(folder.path, detail=True)
    except _NO_FILE:
        return []
    found = [str(entry["name"]).rstrip("/").rpartition("/")[2] for entry in entries if entry["type"] == "file"]
    return [name for name in found if name]
