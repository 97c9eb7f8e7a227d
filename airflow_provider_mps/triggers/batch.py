"""Wait in the triggerer for all picture tasks of a batch."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_mps.batch.record import BatchHeader, BatchRecord, UnreadablePageError
from airflow_provider_mps.batch.store import BatchStore
from airflow_provider_mps.batch.writer import BatchWriter
from airflow_provider_mps.clients.async_client import off_the_loop
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.events import batch_event
from airflow_provider_mps.core.polling import Finished, deadline_of
from airflow_provider_mps.core.progress import REPORT_SECONDS, Counts, Progress
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.polling.poller import Poller
from airflow_provider_mps.polling.shared import PollTarget, shared_poller

# Waits that begin in one turn of the event loop.
AT_ONCE = 100


class PictureBatchTrigger(BaseTrigger):
    """Waits for all tasks of a batch, keeps their results in the batch's record, then fires one event.

    Which tasks these are, and what they come to, is in COS (``batch.store``): arguments and event stay small.

    :param record_prefix: COS prefix of the record (str)
    :param record_bucket: its bucket (str or None for the connection's)
    :param record_region: its region (str or None for the connection's)
    :param tencentcloud_conn_id: Airflow connection of type ``tencentcloud`` with the bucket (str or None)
    :param poll_interval: seconds between looks (float)
    :param timeout: seconds from its submission for which a task is waited for (float)
    :param until: when the ``execution_timeout`` of the Airflow task ends, seconds since the epoch (float or None)
    :param total: how many pictures the batch has (int), for the log
    """

    service: ClassVar[ServiceProfile]

    def __init__(
        self,
        record_prefix: str,
        record_bucket: str | None,
        record_region: str | None,
        tencentcloud_conn_id: str | None,
        poll_interval: float,
        timeout: float,
        until: float | None,
        total: int,
    ) -> None:
        super().__init__()
        self.record_prefix = record_prefix
        self.record_bucket = record_bucket
        self.record_region = record_region
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.until = until
        self.total = total

    @property
    @abstractmethod
    def target(self) -> PollTarget:
        """Whom to ask about the tasks."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "record_prefix": self.record_prefix,
                "record_bucket": self.record_bucket,
                "record_region": self.record_region,
                "tencentcloud_conn_id": self.tencentcloud_conn_id,
                "poll_interval": self.poll_interval,
                "timeout": self.timeout,
                "until": self.until,
                "total": self.total,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event."""
        hook = CosHook(self.tencentcloud_conn_id, self.record_bucket, self.record_region)
        try:
            await hook.aload_settings()
            await self._wait(BatchStore(hook, self.record_prefix, self.service))
        except ServiceError as error:
            yield TriggerEvent(batch_event(self.record_prefix, error))
        except UnreadablePageError:
            # The task reads it too, and says what is wrong with it.
            yield TriggerEvent(batch_event(self.record_prefix))
        else:
            yield TriggerEvent(batch_event(self.record_prefix))

    async def _wait(self, store: BatchStore) -> None:
        # Over threads: the client of COS blocks, and ten thousand items take a while to read.
        record = await off_the_loop(_read, store)
        async with _writing(store, record) as writer, shared_poller(self.target) as poller:
            reporter = asyncio.create_task(self._report(record))
            waits: list[asyncio.Task[None]] = []
            try:
                for token, known in record.asked_for().items():
                    if known.task_id is None or _is_over(record, known.task_id):
                        continue
                    waits.append(asyncio.create_task(self._wait_for_one(poller, writer, token, known)))
                    if len(waits) % AT_ONCE == 0:
                        # Ten thousand at once would stop the event loop for all other triggers.
                        await asyncio.sleep(0)
                await asyncio.gather(*waits)
            finally:
                for task in (reporter, *waits):
                    task.cancel()

    async def _wait_for_one(self, poller: Poller, writer: BatchWriter, token: str, known: Record) -> None:
        task_id, now = known.task_id or "", time.time()
        deadline = deadline_of(known.waits_from or now, self.timeout, self.until)
        end = await poller.wait(task_id, deadline=deadline, interval=self.poll_interval, since=known.accepted or now)
        writer.put_end(token, task_id, end)

    async def _report(self, record: BatchRecord) -> None:
        progress = Progress()
        while True:
            task_ids = {known.task_id for known in record.asked_for().values() if known.task_id}
            ends = [end for task_id in task_ids if (end := record.ends.get(task_id)) is not None]
            finished = sum(isinstance(end, Finished) and end.state.result is not None for end in ends)
            counts = Counts(self.total, len(task_ids), finished, len(ends) - finished)
            self.log.info("%s", progress.line(counts, time.monotonic()))
            await asyncio.sleep(REPORT_SECONDS)


def _read(store: BatchStore) -> BatchRecord:
    header = store.read_header()
    return BatchRecord(BatchHeader()) if header is None else store.read(header)


def _is_over(record: BatchRecord, task_id: str) -> bool:
    # A task that was too late in an earlier try may be done by now.
    return isinstance(record.ends.get(task_id), Finished)


@asynccontextmanager
async def _writing(store: BatchStore, record: BatchRecord) -> AsyncIterator[BatchWriter]:
    """Keep the ends; what is not written when the triggerer dies is looked up again."""
    writer = await off_the_loop(BatchWriter, store, record)
    await off_the_loop(writer.__enter__)
    try:
        yield writer
    finally:
        await off_the_loop(writer.__exit__, None, None, None)
