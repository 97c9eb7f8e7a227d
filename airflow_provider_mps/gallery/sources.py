"""Where a picture of a run is, and which connection leads there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.shown import text_or_none
from airflow_provider_mps.core.cos_address import is_cos, split_address
from airflow_provider_mps.core.gallery_paths import STORAGES, picture_id
from airflow_provider_mps.services.aidge.words import DEFAULT_AIDGE_CONN_ID
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

_NAMED = re.compile(r"://([^/@\s]{1,250})@")


class Connections(NamedTuple):
    """Which connections a task has used.

    :param cos: for COS; None for the environment
    :param aidge: for Aidge
    :param storage: for other object storages; None for none
    :param named: those that addresses in the task's fields name, as ``cos://conn_id@bucket/key`` does
    """

    cos: str | None = DEFAULT_CONN_ID
    aidge: str = DEFAULT_AIDGE_CONN_ID
    storage: str | None = None
    named: frozenset[str] = frozenset()


class CosPicture(NamedTuple):
    """A picture in COS.

    :param bucket: None for that of the connection
    :param region: None for that of the connection
    :param key: with a leading slash
    :param conn_id: Airflow connection; None for the environment
    """

    bucket: str | None
    region: str | None
    key: str
    conn_id: str | None

    @property
    def address(self) -> str:
        """What it is known by in the run."""
        return f"cos://{self.bucket or ''}{self.key}"


class StoredPicture(NamedTuple):
    """A picture in another object storage.

    :param address: as Airflow's ``ObjectStoragePath`` takes it
    :param conn_id: Airflow connection; None for none
    """

    address: str
    conn_id: str | None


class AidgePicture(NamedTuple):
    """A picture that Aidge keeps; its address of the moment is asked for with the id of its task.

    :param task_id: of Aidge
    :param number: among the pictures of the task, from 1
    :param conn_id: Airflow connection
    """

    task_id: str
    number: int
    conn_id: str

    @property
    def address(self) -> str:
        """What it is known by in the run."""
        return f"aidge:{self.task_id}/{self.number}"


Source = CosPicture | StoredPicture | AidgePicture


def id_of(source: Source) -> str:
    """Return what a picture is asked for by in a run, where tasks may have used several connections."""
    is_anywhere = isinstance(source, StoredPicture) or (isinstance(source, CosPicture) and source.bucket is None)
    return picture_id(f"{source.conn_id} {source.address}" if is_anywhere else source.address)


def connections_of(fields: Mapping[str, Any]) -> Connections:
    """Return the connections of a task.

    :param fields: its rendered fields; empty where Airflow has them no more
    """
    default = Connections()
    cos = fields.get("tencentcloud_conn_id", default.cos)
    aidge = fields.get("aidge_conn_id")
    storage = fields.get("dest_conn_id") or fields.get("conn_id")
    return Connections(
        cos if isinstance(cos, str) or cos is None else default.cos,
        aidge if isinstance(aidge, str) and aidge else default.aidge,
        storage if isinstance(storage, str) else None,
        _named(fields),
    )


def _named(value: Any) -> frozenset[str]:
    found: set[str] = set()
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            found.update(_NAMED.findall(one))
        elif isinstance(one, Mapping):
            rest += one.values()
        elif isinstance(one, list | tuple):
            rest += one
    return frozenset(found)


def may_lead(address: str, connections: Connections) -> bool:
    """Tell whether the API server goes to an address: in an object storage, over no connection but the task's own.

    Whoever can write an XCom, or a row of a manifest, names addresses; that is no right to use any connection.
    """
    scheme, mark, rest = address.partition("://")
    if not mark or (scheme.lower() not in STORAGES and not is_cos(address)):
        return False
    # One storage within another, as fsspec has it; a key of COS may hold colons.
    if "::" in rest and not is_cos(address):
        return False
    conn_id, at, _ = rest.partition("/")[0].rpartition("@")
    own = connections.cos if is_cos(address) else connections.storage
    return not at or conn_id == own or conn_id in connections.named


def source_at(address: Any, connections: Connections, region: str | None = None) -> Source | None:
    """Return the picture at an address; None where the API server does not go, see :func:`may_lead`."""
    if not isinstance(address, str) or not may_lead(address, connections):
        return None
    if is_cos(address):
        found = split_address(address)
        return CosPicture(found.bucket, region, found.path, found.conn_id or connections.cos)
    return StoredPicture(address, connections.storage)


def source_of_output(output: Any, connections: Connections) -> Source | None:
    """Return the picture of an output of a result; None if it has none that can be shown.

    :param output: ``{"bucket", "region", "path", "cos_uri"}``, or ``{"uri"}``
    """
    if not isinstance(output, Mapping):
        return None
    bucket, region, key = (output.get(name) for name in ("bucket", "region", "path"))
    region = text_or_none(region)
    if isinstance(bucket, str) and bucket and isinstance(key, str) and key:
        return CosPicture(bucket, region, key if key.startswith("/") else f"/{key}", connections.cos)
    return source_at(output.get("cos_uri") or output.get("uri"), connections, region)


def source_of_key(request: Mapping[str, Any], prefix: str, connections: Connections) -> Source | None:
    """Return the picture in COS that a request names.

    :param prefix: of the arguments, ``subject`` or ``bg``
    """
    key, bucket, region = (request.get(f"{prefix}_cos_{part}") for part in ("key", "bucket", "region"))
    if not isinstance(key, str) or not key:
        return None
    key = key if key.startswith("/") else f"/{key}"
    return CosPicture(text_or_none(bucket), text_or_none(region), key, connections.cos)
