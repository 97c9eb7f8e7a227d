"""Names of what tasks read and write, as lineage knows it: a storage, and a path in it; never a credential."""

from __future__ import annotations

import os
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from airflow_provider_mps.core.cos_address import is_cos, split_address
from airflow_provider_mps.core.identity import unsigned_folders
from airflow_provider_mps.core.redaction import MASK, url_secrets

FILE = "file"
ROOT = "/"
# An address that is longer is none: a picture in Base64.
_LONGEST = 2048
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
        if self.namespace == FILE:
            return f"{FILE}://{self.name}"
        return f"{self.namespace}/{self.name.lstrip('/')}"

    @property
    def ascii_uri(self) -> str:
        """The same where nothing but ASCII is taken."""
        return quote(self.uri, safe=_PRINTABLE)


_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


def dataset_of(address: str) -> Dataset | None:
    """Return what an address names; None where it names no storage, such as ``cos:///key``.

    What a connection adds to an address, and all that may be a signature, is no part of the name.

    :param address: of an object, a file or a folder, or a path on the disk
    """
    if not address.strip() or len(address) > _LONGEST:
        return None
    scheme, mark, rest = address.partition("://")
    scheme = _SAME.get(scheme.lower(), scheme.lower())
    if not mark or scheme == FILE:
        path = rest if mark else address
        return Dataset(FILE, os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111
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
    for secret in url_secrets(f"{scheme}://{host}{path}"):
        path = path.replace(secret, MASK)
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
    return Dataset(f"cos://{found.bucket.lower()}", key or ROOT)
