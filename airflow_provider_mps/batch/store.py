"""Keeps the record of a batch in COS, where every worker and triggerer that can use the result can reach it too.

Trigger arguments, XComs and Airflow's state store hold small values only; a bucket holds ten thousand items, on every
version of Airflow, through retries and clears.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256

from airflow_provider_mps.batch import record as batch_record
from airflow_provider_mps.batch.record import BatchHeader, BatchRecord, RecordPage, UnreadablePageError
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.cos_address import split_address
from airflow_provider_mps.core.polling import WaitOutcome
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.storage.parallel import threads

# Requests to COS at the same time.
AT_ONCE = 16

_JSON = "application/json"
_NOT_PLAIN = re.compile(r"[^\w.-]+")


def batch_prefix(record_dir: str, task: TaskKey) -> str:
    """Return the COS prefix of the record of an Airflow task.

    :param record_dir: COS folder
    :param task: whose record it is
    """
    dag_id, task_id = (_NOT_PLAIN.sub("_", part) for part in task[:2])
    digest = sha256("\n".join(task.ids).encode()).hexdigest()[:16]
    return f"{record_dir.rstrip('/')}/{dag_id}/{task_id}/{digest}"


class BatchStore:
    """Reads and writes the pages of a batch's record.

    :param hook: of the bucket
    :param prefix: COS prefix, see :func:`batch_prefix`
    :param service: whose tasks it is about
    """

    def __init__(self, hook: CosHook, prefix: str, service: ServiceProfile) -> None:
        self._hook = hook
        self._service = service
        self.prefix = prefix

    def at(self, address: str) -> BatchStore:
        """Return the store of another batch of the same service, in the same region.

        :param address: of its record, as ``str()`` gives it
        """
        _, bucket, path = split_address(address)
        hook = CosHook(self._hook.tencentcloud_conn_id, bucket, self._hook.cos_region)
        return BatchStore(hook, path.rstrip("/"), self._service)

    def read_header(self) -> BatchHeader | None:
        """Return the header; None if nothing was ever submitted.

        :raises TencentCloudError: COS did not answer
        :raises TencentCloudPermanentError: COS refused
        :raises UnreadablePageError: this version cannot read it
        """
        data = self._hook.read_object(f"{self.prefix}/batch.json")
        return None if data is None else batch_record.read_header(data)

    def read(self, header: BatchHeader) -> BatchRecord:
        """Return all that is known.

        :raises TencentCloudError: COS did not answer
        :raises UnreadablePageError: a page is missing, or this version cannot read it
        """
        record = BatchRecord(header)
        if header.base is None:
            return record
        if self._hook.read_object(self._key("records", header.base, header.pages)) is not None:
            raise UnreadablePageError(f"there are more pages than the {header.pages} that the header tells of")
        pages = range(header.pages)
        keys = [self._key(kind, header.base, page) for page in pages for kind in ("records", "ends")]
        with threads(AT_ONCE, "mps-batch-pages") as pool:
            found = pool.map(self._read_page, keys)
            for page, records, ends in zip(pages, found, found, strict=False):
                record.add_page(
                    page, _own(batch_record.read_records(records)), batch_record.read_ends(ends, self._service)
                )
        return record

    def write_header(self, header: BatchHeader) -> None:
        """Write the header."""
        self._hook.write_object(f"{self.prefix}/batch.json", batch_record.write_header(header), _JSON)

    def read_claim(self) -> str | None:
        """Return the id of the process that works on the batch; None if there is none.

        It is apart from the header, so that neither who takes the batch nor who loses it can undo what the other says.

        :raises UnreadablePageError: this version cannot read it
        """
        data = self._hook.read_object(f"{self.prefix}/claim.json")
        return None if data is None else batch_record.read_claim(data)

    def write_claim(self, writer: str | None) -> None:
        """Say who works on the batch."""
        self._hook.write_object(f"{self.prefix}/claim.json", batch_record.write_claim(writer), _JSON)

    def write_pages(
        self, owner: str, records: Mapping[int, RecordPage], ends: Mapping[int, Mapping[str, WaitOutcome]]
    ) -> None:
        """Write pages of records and of ends, several at once.

        :param owner: id of the process that has these pages
        """
        pages = [(self._key("records", owner, page), batch_record.write_records(it)) for page, it in records.items()]
        pages += [
            (self._key("ends", owner, page), batch_record.write_ends(it, self._service)) for page, it in ends.items()
        ]
        with threads(AT_ONCE, "mps-batch-pages") as pool:
            # Taken one by one, so that the first error is raised.
            for _ in pool.map(lambda page: self._hook.write_object(page[0], page[1], _JSON), pages):
                pass

    def _read_page(self, key: str) -> bytes:
        data = self._hook.read_object(key)
        if data is None:
            raise UnreadablePageError(f"{key} is missing")
        return data

    def __str__(self) -> str:
        return f"cos://{self._hook.bucket_name}{self.prefix}/"

    def _key(self, kind: str, owner: str, page: int) -> str:
        return f"{self.prefix}/{owner}/{kind}-{page:05d}.json"


def _own(page: RecordPage) -> RecordPage:
    """Return a page of records, each of which is about the request that it stands for: else another would be paid."""
    for token, record in page.records.items():
        if record.fingerprint.token != token:
            raise UnreadablePageError(f"the record of {token!r:.40} is about another request")
    return page
