"""The record of a batch once it can no longer be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.batch.record import BatchHeader, BatchRecord
from airflow_provider_mps.batch.writer import BatchWriter
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.exceptions import TencentCloudError

OLD = Record("key", "body", "account", 1, intent=1.0, task_id="of the try before", accepted=2.0)
NEW = replace(OLD, intent=3.0, task_id=None, accepted=None, replaced=("of the try before",))


class FullStore:
    """Takes the pages of the beginning, and no more."""

    prefix = "/batch"

    def __init__(self) -> None:
        self.header = BatchHeader()
        self.is_full = False

    def read_claim(self) -> str:
        return "mine"

    def read_header(self) -> BatchHeader:
        return self.header

    def write_header(self, header: BatchHeader) -> None:
        self.header = header

    def write_pages(self, owner: str, records: Mapping[int, Any], ends: Mapping[int, Any]) -> None:
        if self.is_full:
            raise TencentCloudError("COS", "PutObject", self.prefix, "InternalError", "no")


def test_what_cannot_be_written_is_known_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_writer, "GATHER_SECONDS", 0.005)
    store, tokens = FullStore(), ["a", "b"]
    record = BatchRecord(BatchHeader(writer="mine"), records=dict.fromkeys(tokens, OLD))
    writer: Any = BatchWriter(store, record, tokens)  # type: ignore[arg-type]
    writer.__enter__()
    store.is_full = True
    # The second one comes when the writing has ended already.
    for token in tokens:
        with pytest.raises(TencentCloudError):
            writer.put_record(token, NEW).result(5)
        # Else the task of the try before would be waited for in its place.
        assert record.record(token) == NEW
    with pytest.raises(TencentCloudError):
        writer.__exit__(None, None, None)
