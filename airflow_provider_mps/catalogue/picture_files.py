"""Files with pictures: what batches have written, and steps after them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airflow_provider_mps.catalogue.lines import PictureLine, picture_lines
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines


def read_pictures(files: Files, paths: Iterable[str]) -> Iterator[PictureLine]:
    """Give the lines of some files with pictures.

    :param files: reaches the storage
    :param paths: their addresses
    :raises FileNotFoundError: there is no such file
    :raises UnreadableLinesError: a file cannot be read
    :raises ArgumentError: a line is none of pictures; the message names the file and the line's number
    """
    for path in paths:
        # The folder is in the log, and the name says what a person looks for.
        yield from picture_lines(read_lines(files, path), f"pictures: {bare_url(path).rpartition('/')[2]}")
