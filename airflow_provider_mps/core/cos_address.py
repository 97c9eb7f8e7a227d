"""Addresses of objects in COS: ``cos://bucket/key``, ``cos:///key`` and ``cos://conn_id@bucket/key``."""

from __future__ import annotations

from typing import Any, NamedTuple

from airflow_provider_mps.core import arguments

SCHEME = "cos"


class CosAddress(NamedTuple):
    """An object or a folder in COS.

    :param conn_id: Airflow connection that the address names; None for that of whoever reads it
    :param bucket: with its APPID; None for that of the connection
    :param path: what follows the bucket, with a leading slash; not checked
    """

    conn_id: str | None
    bucket: str | None
    path: str

    def __str__(self) -> str:
        conn_id = "" if self.conn_id is None else f"{self.conn_id}@"
        return f"{SCHEME}://{conn_id}{self.bucket or ''}{self.path}"


def is_cos(address: str) -> bool:
    """Tell whether an address is one of COS."""
    scheme, mark, _ = address.partition("://")
    return bool(mark) and scheme.lower() == SCHEME


def split_address(address: str) -> CosAddress:
    """Take an address of COS apart; nothing of it is checked.

    :param address: one of which :func:`is_cos` says that it is one
    """
    # Not urlsplit: a key may hold what begins a query or a fragment elsewhere.
    place, _, path = address.partition("://")[2].partition("/")
    conn_id, at, bucket = place.rpartition("@")
    return CosAddress(conn_id if at else None, bucket or None, f"/{path}")


def cos_address(name: str, value: Any) -> CosAddress:
    """Take an address apart, and check its connection and its bucket.

    :param name: the argument that has it, for messages
    :raises ArgumentError: it is none, or has a user and a password in it
    """
    if not isinstance(value, str) or not is_cos(value):
        arguments.fail(name, value, "an address such as 'cos://name-1250000000/pictures/cup.png'")
    found = split_address(value)
    if found.conn_id is not None and (not found.conn_id.strip() or ":" in found.conn_id):
        arguments.fail(name, value, "the id of an Airflow connection before @, as in 'cos://conn_id@name-1250000000/'")
    return found if found.bucket is None else found._replace(bucket=arguments.bucket(name, found.bucket))


def object_address(name: str, value: Any) -> CosAddress:
    """Take the address of an object apart, with its key checked.

    :raises ArgumentError: it is none of an object
    """
    address = cos_address(name, value)
    return address._replace(path=arguments.cos_key(name, address.path))


def cos_folder(name: str, value: Any) -> CosAddress:
    """Take the address of a folder in COS, or its path alone, apart; the bucket is None where none is named.

    :raises ArgumentError: it is none, or it names a connection
    """
    text = arguments.text(name, value)
    address = cos_address(name, text if is_cos(text) else f"{SCHEME}:///{text.lstrip('/')}")
    if address.conn_id is not None or (not is_cos(text) and "://" in text):
        arguments.fail(name, value, "a COS folder such as '/previous/' or 'cos://name-1250000000/previous/'")
    inner = address.path.rstrip("/")
    return address._replace(path=arguments.cos_key(name, inner) if inner else "")
