"""Where the picture of an item is published: its final key."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.catalogue.items.placeholders import Template, read_template
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.cos_address import SCHEME, CosAddress, is_cos, split_address
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults, bucket_or_default

_EXPECTED = (
    "a key such as '/shop/{sku}/{look}.{ext}' or an address such as 'cos://name-1250000000/shop/{sku}/{look}.{ext}'"
)
# What the documentation of COS advises against (https://cloud.tencent.com/document/product/436/13324), and what ends
# the path of an address.
_NOT_IN_KEYS = re.compile(r"[\\`^\"{}\[\]~%#<>|*?]")
_PLAIN = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.,=@+-]*/)*[A-Za-z0-9_][A-Za-z0-9_.,=@+-]*")
_EXTENSIONS = {"jpeg": ("jpeg", "jpg"), "jpg": ("jpeg", "jpg"), "png": ("png",)}
# Placeholders that say nothing of the product.
_SAME_FOR_ALL = frozenset(("look", "ext"))
_KNOWN = frozenset(name for names in _EXTENSIONS.values() for name in names)


@dataclass(frozen=True, slots=True)
class PublishTo:
    """Makes final keys.

    :param bucket: the bucket of all of them
    :param key: without a slash at its beginning
    """

    bucket: str
    key: Template

    @property
    def prefix(self) -> str:
        """What all addresses begin with."""
        return f"{SCHEME}://{self.bucket}/{self.key.parts[0]}"

    def address(self, value_of: Callable[[str], str], extension: str) -> str:
        """Return the address of a final key, ``cos://bucket/key``.

        :param value_of: returns what a placeholder of this name stands for
        :param extension: of the picture, without a dot
        :raises UnfilledError: a placeholder cannot be filled
        :raises ArgumentError: the key cannot be used
        """
        key = unicodedata.normalize("NFC", self.key.fill(value_of))
        if not _PLAIN.fullmatch(key) or len(key) > arguments.MAX_KEY_BYTES:
            _check_unusual(key)
        ending = key.rpartition(".")[2].lower()
        if ending in _KNOWN and ending not in _EXTENSIONS[extension]:
            arguments.fail("publish_to", key, f"a key that ends in .{extension}, as the picture does")
        return f"{SCHEME}://{self.bucket}/{key}"


def _check_unusual(key: str) -> None:
    if key.startswith("/") or key.endswith("/") or "//" in key:
        arguments.fail("publish_to", key, "a key with a name between its slashes")
    if found := _NOT_IN_KEYS.search(key):
        arguments.fail("publish_to", key, f"a key without {found.group()!r}, which addresses only have encoded")
    if any(part != part.strip() for part in key.split("/")):
        arguments.fail("publish_to", key, "a key without white space beside its slashes")
    arguments.cos_key("publish_to", key)


def check_publish_to(publish_to: Any, looks: Collection[str] | None = None) -> None:
    """Check what no template will change, so that a slip shows when the DAG is read.

    :param looks: the names of the looks, as far as they are known
    :raises ArgumentError: it is no key, or several looks would have one
    """
    if not arguments.is_template(publish_to):
        _read(publish_to, looks)


def read_publish_to(publish_to: Any, looks: Collection[str], storage: StorageDefaults) -> PublishTo:
    """Return the rendered argument.

    :raises ArgumentError: it is no key, or there is no bucket for it
    """
    bucket, key = _read(publish_to, looks)
    return PublishTo(bucket_or_default("publish_to", bucket, storage, give="cos://bucket/key as publish_to"), key)


def _read(publish_to: Any, looks: Collection[str] | None) -> tuple[str | None, Template]:
    bucket, key = _parts(publish_to)
    if bucket is not None:
        arguments.bucket("publish_to", bucket)
    template = read_template("publish_to", key)
    if not {*template.names} - _SAME_FOR_ALL:
        arguments.fail("publish_to", publish_to, "a placeholder such as {sku}: all products would have one key")
    if looks is not None and len(looks) > 1 and "look" not in template.names:
        arguments.fail("publish_to", publish_to, "{look} in it: all looks of a product would have one key")
    return bucket, template


def _parts(publish_to: Any) -> tuple[str | None, str]:
    text = arguments.text("publish_to", publish_to)
    conn_id, bucket, path = split_address(text) if is_cos(text) else CosAddress(None, None, text)
    if conn_id is not None:
        raise ArgumentError("publish_to: pictures are copied with tencentcloud_conn_id: name no connection in it")
    key = path.removeprefix("/")
    if not key or "://" in key or key.startswith("/") or key.endswith("/"):
        arguments.fail("publish_to", publish_to, _EXPECTED)
    return bucket, key
