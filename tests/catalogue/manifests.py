"""What the tests of manifests share."""

from __future__ import annotations

from typing import Any

from airflow_provider_mps.catalogue.errors import ManifestError
from airflow_provider_mps.catalogue.items.wanted import Wanted, wanted_items
from airflow_provider_mps.catalogue.manifest.read import read_rows
from airflow_provider_mps.catalogue.manifest.text import MAX_BYTES
from airflow_provider_mps.catalogue.rows import BadRow
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults

STORAGE = StorageDefaults("shop-1250000000", "ap-guangzhou")
LOOKS = {
    "white": {"bg_cos_key": "/backgrounds/white.png"},
    "kitchen": {"prompt": "a bright kitchen", "version": 2},
}
PUBLISH_TO = "/shop/{sku}/{look}.{ext}"


def wanted_of(
    data: bytes, name: str = "products.csv", *, limit: int = MAX_BYTES, **given: Any
) -> tuple[list[Wanted], list[BadRow]]:
    """Read a manifest as the operator does."""
    arguments = {"looks": LOOKS, "publish_to": PUBLISH_TO, "storage": STORAGE, "name": name, **given}
    return wanted_items(read_rows(data, name, limit=limit), **arguments)


def error_of(data: bytes, name: str = "products.csv", **given: Any) -> ManifestError | None:
    """Return the error of a manifest, whether it is of its rows or of the whole; None if there is none."""
    try:
        _, bad_rows = wanted_of(data, name, **given)
    except ManifestError as error:
        return error
    return ManifestError(name, bad_rows) if bad_rows else None


def said_of(data: bytes, name: str = "products.csv", **given: Any) -> str:
    """Return what the error of a manifest says; empty if there is none."""
    return str(error_of(data, name, **given) or "")
