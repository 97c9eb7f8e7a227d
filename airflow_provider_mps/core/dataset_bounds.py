"""Few names for many datasets: where there are too many, the folders that they are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from airflow_provider_mps.core.datasets import ROOT, Dataset

MOST = 50
"""How many inputs, and how many outputs, a task reports. Fifty of each are some 11,000 bytes of an event."""


class Reported(NamedTuple):
    """A dataset as it is reported.

    :param dataset: its name
    :param files: of a folder that stands for what is in it: how many those are; None for a dataset itself
    """

    dataset: Dataset
    files: int | None


class BoundedDatasets:
    """Takes any number of datasets, and keeps ``most`` names at the most.

    Where there would be more, the storage with most names has its paths shortened by a folder, all of them alike, until
    they are few enough: the deepest folders that are few. Storages beyond ``most`` are left out.

    :param most: how many names (int), at least 1
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._found: dict[Dataset, int | None] = {}
        self._depths: dict[str, int] = {}

    def add(self, dataset: Dataset) -> None:
        """Add a dataset; one that is there already counts once, unless its folder stands for it."""
        self._put(dataset, 1)
        while len(self._found) > self._most:
            self._shorten()

    def __iter__(self) -> Iterator[Reported]:
        return (Reported(dataset, files) for dataset, files in self._found.items())

    def __contains__(self, dataset: object) -> bool:
        return dataset in self._found

    def _put(self, dataset: Dataset, files: int) -> None:
        depth = self._depths.get(dataset.namespace)
        folder = dataset if depth is None else _shortened(dataset, depth)
        if folder is dataset and self._found.get(dataset) is None:
            self._found[dataset] = None
        else:
            self._found[folder] = (self._found.get(folder) or 0) + files

    def _shorten(self) -> None:
        names = Counter(dataset.namespace for dataset in self._found)
        namespace, count = names.most_common(1)[0]
        if count == 1:
            self._found.popitem()
            return
        mine = {one: files for one, files in self._found.items() if one.namespace == namespace}
        self._depths[namespace] = max(len(_parts(one.name)) for one in mine) - 1
        for dataset, files in mine.items():
            del self._found[dataset]
            self._keep(dataset, files)

    def _keep(self, dataset: Dataset, files: int | None) -> None:
        if files is None:
            self._put(dataset, 1)
            return
        folder = _shortened(dataset, self._depths[dataset.namespace])
        self._found[folder] = (self._found.get(folder) or 0) + files


def _shortened(dataset: Dataset, depth: int) -> Dataset:
    parts = _parts(dataset.name)
    if len(parts) <= depth:
        return dataset
    lead = ROOT if dataset.name.startswith(ROOT) else ""
    return dataset._replace(name=f"{lead}{'/'.join(parts[:depth])}" or ROOT)


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part]
