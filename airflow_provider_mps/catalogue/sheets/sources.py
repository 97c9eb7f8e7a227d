"""Get the pictures of a sheet from wherever they are."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.report.pictures import CosPictures
from airflow_provider_mps.catalogue.shown import Place
from airflow_provider_mps.core.stopping import Stop
from airflow_provider_mps.pictures.thumbnails import NotDrawnError
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.object_storage import ObjectStorage


class Elsewhere(NamedTuple):
    """A picture that is not in COS, or there by another connection.

    :param address: of the file
    """

    address: str

    @property
    def storage(self) -> str:
        """What keeps it: the first part of its address."""
        scheme, mark, rest = self.address.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}" if mark else ""


class OfAidge(NamedTuple):
    """A picture that Aidge keeps for a while.

    :param task_id: its task
    :param number: its place among those that the task has made
    """

    task_id: str
    number: int

    @property
    def storage(self) -> tuple[str, str]:
        """What keeps it: each task is asked about by itself."""
        return "Aidge", self.task_id


Source = Place | Elsewhere | OfAidge


class Pictures:
    """Gets pictures; safe for use from several threads.

    :param sources: those that will be asked for
    :param conn_id: Airflow connection of other storages than COS (str or None)
    :param tencentcloud_conn_id: Airflow connection for COS (str or None)
    :param aidge_conn_id: Airflow connection of Aidge
    :param stop: set when the task is at its end
    """

    def __init__(
        self,
        sources: Iterable[Source],
        conn_id: str | None,
        tencentcloud_conn_id: str | None,
        aidge_conn_id: str,
        stop: Stop,
    ) -> None:
        kinds = list(sources)
        regions = {one.region for one in kinds if isinstance(one, Place)}
        self._cos = CosPictures(tencentcloud_conn_id, regions)
        self._files = Files(conn_id, tencentcloud_conn_id)
        self._elsewhere = ObjectStorage(conn_id, tencentcloud_conn_id)
        self._aidge: Any = None
        if any(isinstance(one, OfAidge) for one in kinds):
            from airflow_provider_mps.hooks.aidge import AidgeHook

            self._aidge = AidgeHook(aidge_conn_id)
        self._stop, self._addresses, self._lock = stop, dict[str, list[Any]](), threading.Lock()

    def __call__(self, source: Source, limit: int, /) -> bytes | None:
        """Return the bytes of a picture; see :class:`~airflow_provider_mps.catalogue.report.pictures.Fetch`."""
        if isinstance(source, Place):
            return self._cos(source, limit)
        return self._of_aidge(source, limit) if isinstance(source, OfAidge) else self._read(source.address, limit)

    def _read(self, address: str, limit: int) -> bytes | None:
        if not self._files.exists(address):
            return None
        data = self._elsewhere.read("pictures", address, limit)
        if len(data) > limit:
            raise NotDrawnError(f"it has more than {limit:,} bytes")
        return data

    def _of_aidge(self, source: OfAidge, limit: int) -> bytes | None:
        # One question for all pictures of a task.
        with self._lock:
            if source.task_id not in self._addresses:
                self._addresses[source.task_id] = self._aidge.get_addresses(source.task_id)
            found = self._addresses[source.task_id]
        if source.number >= len(found):
            return None
        with TemporaryDirectory(prefix="contact-sheet-") as folder:
            path = self._aidge.fetch(found[source.number].url, Path(folder), "picture", self._stop)
            if (size := path.stat().st_size) > limit:
                raise NotDrawnError(f"it has {size:,} bytes, and at most {limit:,} are drawn")
            return bytes(path.read_bytes())
