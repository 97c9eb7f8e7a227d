"""What a batch has read and written, for lineage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.lineage.addresses import given_addresses, made_addresses
from airflow_provider_mps.lineage.reporting import ReportsLineage

if TYPE_CHECKING:
    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.batch.items import Item


class BatchLineage(ReportsLineage):
    """For batches: pictures of the requests and of the results, and the files that they are in."""

    requests: Any

    def item_addresses(self, item: Item) -> Iterable[str]:
        """Give the addresses of what a picture is made from."""
        return given_addresses(item.subject)

    def lineage_inputs(self) -> Iterable[str]:
        """Give the address of the file with the requests, and those of their pictures."""
        if isinstance(self.requests, str | Mapping):
            yield from given_addresses(self.requests)
        for item in self.lineage_notes.seen or ():
            yield from self.item_addresses(item)

    def lineage_outputs(self, result: Any) -> Iterable[str]:
        """Give the address of the file with the entries, and those of the pictures that were made."""
        if isinstance(result, Mapping):
            yield from made_addresses(result)
        # What failed is no result.
        ends = (end for _, end in sorted(self.lineage_notes.ends.items()))
        yield from made_addresses([end for end in ends if isinstance(end, Mapping)])
