"""Copy pictures of Aidge, whose addresses are temporary, into a folder: each whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from airflow_provider_mps.core import arguments
from airflow_provider_mps.exceptions import AidgeError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.services.aidge.picture_names import Place
from airflow_provider_mps.storage.object_storage import ObjectStorage

# What an object storage says of an address whose signature has expired.
_EXPIRED = ("HTTP 401", "HTTP 403")


class Picture(NamedTuple):
    """A picture that can be fetched now.

    :param url: its address, which may carry a signature
    :param scene: the name of its scene
    :param task_id: the task that made it
    :param number: its number among those of the task, from 1
    :param stem: what its file is named, without extension
    """

    url: str
    scene: str
    task_id: str
    number: int
    stem: str


class PictureCopier:
    """Copies pictures into a folder; several threads may at the same time.

    :param hook: asks Aidge for addresses, and fetches
    :param storage: where the folder is
    :param folder: its address
    :param folder_here: a folder on this machine, for files that are under way
    :param stop: ends a copy between two pieces once it is set
    """

    def __init__(
        self, hook: AidgeHook, storage: ObjectStorage, folder: str, folder_here: Path, stop: threading.Event
    ) -> None:
        self._hook = hook
        self._storage = storage
        self._folder = folder
        self._folder_here = folder_here
        self._stop = stop

    def pictures(self, stems: Mapping[Place, str]) -> Iterator[Picture]:
        """Ask for the addresses of each task when its turn has come.

        :param stems: the names of the files, see :func:`~airflow_provider_mps.services.aidge.picture_names.stems`
        :raises AidgeError: a task has fewer pictures than it is said to have
        """
        for task_id, places in groupby(stems, key=attrgetter("task_id")):
            of_task = list(places)
            for place, (url, scene) in zip(of_task, self._hook.get_addresses(task_id, len(of_task)), strict=False):
                yield Picture(url, scene, task_id, place.number, stems[place])

    def copy(self, picture: Picture) -> dict[str, Any]:
        """Fetch a picture, check that it is whole, and store it.

        :return: ``{"uri", "size", "scene"}``; in COS also ``bucket``, ``region``, ``path``, ``cos_uri`` and ``url``
        :raises AidgeError: it is not there, did not arrive whole, or is none; nothing of it is stored
        :raises TransferStoppedError: ``stop`` was set
        :raises AirflowException: the storage did not take it
        """
        file = self._fetch(picture)
        try:
            stored = self._storage.write("dest", self._folder, file.name, file)
        finally:
            file.unlink()
        return {**stored, "scene": picture.scene}

    def _fetch(self, picture: Picture) -> Path:
        try:
            return self._hook.fetch(picture.url, self._folder_here, picture.stem, self._stop)
        except AidgeError as error:
            if error.code not in _EXPIRED:
                raise
        # It has waited its turn for too long: ask for the address anew, once.
        addresses = self._hook.get_addresses(picture.task_id, picture.number)
        return self._hook.fetch(addresses[picture.number - 1].url, self._folder_here, picture.stem, self._stop)


def check_longest(storage: ObjectStorage, folder: str, stems: list[str]) -> None:
    """Make sure that the storage can hold a file of the longest name, before anything is done for it.

    :raises InvalidArgumentError: Airflow knows no such storage, or the name is too long for it
    """
    longest = max(stems, key=len, default="picture")
    storage.check("dest", arguments.beneath(folder, f"{longest}.webp"))
