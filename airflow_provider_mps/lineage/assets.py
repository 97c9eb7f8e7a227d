"""Assets in COS, ``cos://bucket/key``: functions that Airflow finds by ``asset-uris`` of the provider's description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mps.core.datasets import dataset_of, from_uri, in_uri
from airflow_provider_mps.core.redaction import url_secrets

if TYPE_CHECKING:
    from urllib.parse import SplitResult


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Return the address by which Airflow knows an asset, whichever way it is written.

    Buckets have small letters. A connection (``cos://conn_id@bucket/key``) says how somebody comes there, and is no
    part of it.

    :param uri: without a slash at its end, as Airflow passes it
    :raises ValueError: it names no bucket, or carries a credential
    """
    userinfo, _, bucket = uri.netloc.rpartition("@")
    if ":" in userinfo or url_secrets(uri.geturl()):
        raise ValueError("The address of an asset carries a credential: give cos://bucket/key, without a signature")
    if not bucket:
        raise ValueError("The address of an asset has to name its bucket: cos://name-1250000000/pictures/cup.png")
    return uri._replace(netloc=bucket.lower())


def create_asset(*, bucket: str, key: str, extra: dict[str, Any] | None = None) -> Any:
    """Return an object or a folder in COS as an asset, for hook lineage.

    :param bucket: with its APPID (str)
    :param key: with or without a leading slash (str)
    :param extra: of the asset (dict), default none
    """
    from airflow.providers.common.compat.sdk import Asset

    return Asset(uri=f"cos://{bucket}/{in_uri(key).lstrip('/')}", extra=extra)


def convert_asset_to_openlineage(asset: Any, lineage_context: Any) -> Any:
    """Return an asset in COS as a dataset of OpenLineage: namespace ``cos://bucket``, name the key.

    :param asset: with an address that :func:`sanitize_uri` has returned
    :param lineage_context: the hook that has reported it; not looked at
    :return: None for an address without a bucket
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset

    found = dataset_of(asset.uri)
    return None if found is None else Dataset(namespace=found.namespace, name=from_uri(found.name))
