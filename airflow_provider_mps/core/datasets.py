"""Names of what tasks read and write, as lineage knows it: a storage, and a path in it; never a credential."""

from __future__ import annotations

import os
import re
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from airflow_provider_mps.core.cos_address import is_cos, split_address
from airflow_provider_mps.core.identity import unsigned_folders
from airflow_provider_mps.core.redaction import MASK, url_secrets

FILE = "file"
ROOT = "/"
# An address that is longer is none: a picture in Base64. The token of temporary keys is a long query, though.
_LONGEST, _LONGEST_SIGNED = 2048, 16_384
# One storage has one name, https://openlineage.io/docs/spec/naming
_SAME = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "local": FILE}


class Dataset(NamedTuple):
    """A file, an object or a folder by the naming of OpenLineage, https://openlineage.io/docs/spec/naming.

    :param namespace: the storage: ``cos://bucket``, ``https://host``, ``s3://bucket``, or ``file``
    :param name: the key; of a web server and of a disk the path, with its leading slash
    """

    namespace: str
    name: str

    @property
    def uri(self) -> str:
        """The same in one, as assets have it."""
        name = in_uri(self.name)
        if self.namespace == FILE:
            return f"{FILE}://{name}"
        return f"{self.namespace}/{name.lstrip('/')}"

    @property
    def ascii_uri(self) -> str:
        """The same where nothing but ASCII is taken."""
        return quote(self.uri, safe=_PRINTABLE)


# Airflow drops what follows them from the address of an asset, or sorts it.
_ENCODED = {"?": "%3F", "#": "%23", "%": "%25"}
_DECODED = {code: one for one, code in _ENCODED.items()}
_TO_ENCODE = re.compile(r"[?#]|%(?=3F|23|25)", re.IGNORECASE)
_TO_DECODE = re.compile(r"%(?:3F|23|25)", re.IGNORECASE)
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


def in_uri(name: str) -> str:
    """Return a key as it stands in the address of an asset, where each has its own; most stay as they are."""
    return _TO_ENCODE.sub(lambda match: _ENCODED[match.group()], name)


def from_uri(name: str) -> str:
    """Return the key that stands in the address of an asset; the other way round than :func:`in_uri`."""
    return _TO_DECODE.sub(lambda match: _DECODED[match.group().upper()], name)


def dataset_of(address: str) -> Dataset | None:
    """Return what an address names; None where it names no storage, such as ``cos:///key``.

    What a connection adds to an address, and all that may be a signature, is no part of the name.

    :param address: of an object, a file or a folder, or a path on the disk
    """
    if not address.strip() or len(address) > _LONGEST_SIGNED or len(address.partition("?")[0]) > _LONGEST:
        return None
    scheme, mark, rest = address.partition("://")
    scheme = _SAME.get(scheme.lower(), scheme.lower())
    if not mark or scheme == FILE:
        path = rest if mark else address
        whole = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111
        # A web address without its colon is a path.
        return Dataset(FILE, _masked(whole, address))
    if is_cos(address):
        return _in_cos(address)
    try:
        parts = urlsplit(f"{scheme}://{rest}")
    except ValueError:
        return None
    # Of a user, a password and a connection nothing is left.
    host = parts.netloc.rpartition("@")[2].lower() if scheme in ("http", "https") else parts.netloc.rpartition("@")[2]
    if not host or MASK in host:
        return None
    path = unsigned_folders(parts.path)
    path = _masked(path, f"{scheme}://{host}{path}")
    if scheme in ("http", "https"):
        return Dataset(f"{scheme}://{host}", path or ROOT)
    return Dataset(f"{scheme}://{host}", path.strip("/") or ROOT)


def _in_cos(address: str) -> Dataset | None:
    found = split_address(address)
    if not found.bucket:
        return None
    key = found.path.strip("/")
    if "?" in key and url_secrets(address):
        # A key may hold a question mark, and a signed address is no key.
        key = key.partition("?")[0]
    return Dataset(f"cos://{found.bucket.lower()}", _masked(key, f"cos://bucket/{key}") or ROOT)


def _masked(name: str, address: str) -> str:
    for secret in url_secrets(address):
        name = name.replace(secret, MASK)
    return name
