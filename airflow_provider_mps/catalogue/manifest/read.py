"""Read a manifest: CSV, TSV, JSON or JSON Lines, packed with gzip or not."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from urllib.parse import urlsplit

from airflow_provider_mps.catalogue.manifest.json_rows import document_rows, line_rows
from airflow_provider_mps.catalogue.manifest.tables import table_rows
from airflow_provider_mps.catalogue.manifest.text import MAX_BYTES, first_character, manifest_lines, manifest_text
from airflow_provider_mps.catalogue.rows import Row

_LINES = (".jsonl", ".ndjson")


def read_rows(data: bytes, name: str, *, limit: int = MAX_BYTES) -> Iterator[Row]:
    """Return the rows of a manifest, one by one.

    The format is that of the name's ending (``.csv``, ``.tsv``, ``.json``, ``.jsonl``, ``.ndjson``; ``.gz`` behind it
    says nothing, as the file itself does), else that of its first characters. A ``.json`` with an object a line is JSON
    Lines. What stands between the cells of a ``.csv`` is what does in its header: ``,``, ``;``, a tab or ``|``.

    :param data: the file
    :param name: its address or name
    :param limit: how many bytes it may have, unpacked, default 512 MiB; a line may have 1 MiB
    :raises ManifestError: it cannot be read as a whole; when it is asked for the row that shows it. A row alone that
        cannot be read has ``bad``
    """
    ending = _ending(name)
    if ending in (".csv", ".tsv"):
        return table_rows(manifest_lines(data, name, limit), name, "\t" if ending == ".tsv" else None)
    if ending in _LINES:
        return line_rows(manifest_lines(data, name, limit), name)
    return _sniffed(data, name, limit, ending)


def _sniffed(data: bytes, name: str, limit: int, ending: str) -> Iterator[Row]:
    if ending != ".json" and first_character(data, name) not in ("[", "{"):
        yield from table_rows(manifest_lines(data, name, limit), name)
        return
    # A document may be one line of any length.
    text = manifest_text(data, name, limit)
    first, _, rest = text.lstrip().partition("\n")
    if rest.strip() and _is_object(first):
        yield from line_rows(io.StringIO(text), name)
    else:
        yield from document_rows(text, name)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _ending(name: str) -> str:
    try:
        path = urlsplit(name).path.lower() if "://" in name else name.lower()
    except ValueError:
        path = name.lower()
    file = path.removesuffix(".gz").rpartition("/")[2]
    return f".{file.rpartition('.')[2]}" if "." in file else ""
