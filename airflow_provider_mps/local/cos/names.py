"""How requests name a bucket: by their host, or, where they were signed for an address, by nothing but their key."""

from __future__ import annotations

import re
from typing import NamedTuple

from airflow_provider_mps.local.cos.store import ObjectStore
from airflow_provider_mps.local.serving.wire import Request

_HOST = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9-]*-\d+)\.cos\.(?P<region>[a-z0-9-]+)\.(myqcloud\.com|tencentcos\.cn)(:\d+)?"
)
# Names the bucket of a link without one; it is not signed.
BUCKET = "bucket"


class BucketPlace(NamedTuple):
    """A bucket and its region."""

    bucket: str
    region: str


def of_host(host: str) -> BucketPlace | None:
    """Return the bucket that a host such as ``name-1250000000.cos.ap-guangzhou.myqcloud.com`` is; None for others."""
    match = _HOST.fullmatch(host.lower())
    return BucketPlace(match["bucket"], match["region"]) if match else None


def is_link(request: Request) -> bool:
    """Say whether a request is a presigned link to this service's own address.

    The SDK makes such a link where the configuration has an IP and a port, and the link then names no bucket.
    """
    is_own = request.scope["raw_path"].startswith(b"/_local/")
    return not is_own and request.method in ("GET", "HEAD") and "q-signature" in request.query


def of_link(request: Request, store: ObjectStore) -> BucketPlace | None:
    """Return the bucket that a link without one means: the one it adds, else the first that holds the key."""
    if named := request.query.get(BUCKET):
        return BucketPlace(named, store.buckets.get(named, ""))
    try:
        key = request.path[1:]
    except UnicodeDecodeError:
        key = ""
    found = next((bucket for bucket in store.buckets if store.find(bucket, key)), next(iter(store.buckets), ""))
    return BucketPlace(found, store.buckets[found]) if found else None
