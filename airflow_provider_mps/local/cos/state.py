"""The state of COS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from airflow_provider_mps.local.cos.multipart import Multipart
from airflow_provider_mps.local.cos.store import ObjectStore
from airflow_provider_mps.local.pictures.sample_pictures import SAMPLES, read_sample
from airflow_provider_mps.local.serving.accounts import Accounts


class CosState:
    """The state of COS.

    :param folder: where objects are kept.
    :param buckets: regions by bucket name.
    :param accounts: who may call.
    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(
        self, folder: Path, buckets: Mapping[str, str], accounts: Accounts, clock: Callable[[], float]
    ) -> None:
        self.accounts = accounts
        self.store = ObjectStore(folder, clock)
        self.multipart = Multipart(self.store)
        # Buckets with versioning, of whose versions only the newest is kept here.
        self.versioned: set[str] = set()
        for name, region in buckets.items():
            self.add_bucket(name, region)

    def add_bucket(self, name: str, region: str) -> None:
        """Make a bucket known and put the samples into it, unless it has them."""
        self.store.add_bucket(name, region)
        for sample, content_type in SAMPLES.items():
            if self.store.find(name, f"samples/{sample}") is None:
                self.store.put(name, f"samples/{sample}", [read_sample(sample)], {"Content-Type": content_type})
