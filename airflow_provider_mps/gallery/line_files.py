"""Files with the lines of a catalogue, as the API server reads them: with a limit, and from object storages alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from airflow_provider_mps.gallery.sources import Connections, may_lead
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines
from airflow_provider_mps.storage.locations import CosLocation, Locations

MAX_FILE_BYTES = 48 * 1024 * 1024
"""No larger file is fetched: it stays in memory while it is read. A line takes 1 to 2 KB."""
MAX_LINES = 100_000
"""No more lines of a file are read."""


class NotReadError(Exception):
    """A file is not read; the message says why, for people."""


def lines_of_file(address: str, connections: Connections) -> Iterator[Mapping[str, Any]]:
    """Yield the lines of a file.

    :param address: as the task has told it
    :param connections: of that task
    :raises NotReadError: it is elsewhere than in an object storage over a connection of the task, or is too large
    :raises FileNotFoundError: there is none
    """
    if not may_lead(address, connections):
        raise NotReadError(
            "Files are read from object storages alone, with a connection that the task itself has used: it is on the "
            "disk of a worker, or elsewhere, or names another connection"
        )
    size = _size(address, connections)
    if size > MAX_FILE_BYTES:
        raise NotReadError(f"It has {size:,} bytes, and at most {MAX_FILE_BYTES:,} are read")
    lines = read_lines(Files(connections.storage, connections.cos), address)
    yield from islice(lines, MAX_LINES)
    if next(lines, None) is not None:
        raise NotReadError(f"It has more than {MAX_LINES:,} lines, and those after are not read")


def _size(address: str, connections: Connections) -> int:
    location = Locations(connections.storage, connections.cos).file("address", address)
    if not isinstance(location, CosLocation):
        return int(location.stat().st_size)
    found = location.hook.stat_object(location.key)
    if found is None:
        raise FileNotFoundError(f"There is no file {address}")
    return found.size
