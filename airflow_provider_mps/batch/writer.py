"""Writes the record of a batch while it is worked on: many items change at once, and few requests tell COS of all."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TypeVar
from uuid import uuid4

from airflow_provider_mps.batch.record import BatchHeader, BatchRecord, RecordPage, UnreadablePageError
from airflow_provider_mps.batch.store import BatchStore
from airflow_provider_mps.core.airflow_task import Instance
from airflow_provider_mps.core.polling import WaitOutcome
from airflow_provider_mps.core.steps import Log
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.exceptions import MpsBatchRecordError, MpsBatchTakenOverError

_T = TypeVar("_T")

# What nobody waits for is written this often.
LAZY_SECONDS = 5.0
# What somebody waits for is held back this long, so that one request tells of several items.
GATHER_SECONDS = 0.05
# How long a process that lost its batch to another may go on without noticing; the other one waits for longer.
CHECK_SECONDS = 5.0
TAKE_OVER_SECONDS = 10.0
# Who finds nobody at work waits for this long, for another one that starts in the same moment.
START_SECONDS = 1.0
# What is under way when a task is ended gets this long to come to its end.
GRACE_SECONDS = 15.0


def take_over(store: BatchStore, instance: Instance, *, may_be_new: bool) -> BatchRecord:
    """Become the one who works on a batch.

    Another process may still do so: one that Airflow has given up, or one that has started in the same moment. It stops
    when it notices, and what it wrote until then is read. Of several that start, the last one goes on.

    :param instance: the task instance
    :param may_be_new: whether this may be the first try of a run; what was delivered to a run of the same name that was
        deleted does not count then
    :return: all that is known
    :raises UnreadablePageError: a page is missing or cannot be read
    :raises MpsBatchTakenOverError: another process has taken the batch meanwhile
    """
    before, claimed = store.read_header(), store.read_claim()
    mine = uuid4().hex[:16]
    store.write_claim(mine)
    is_busy = claimed is not None or (before is not None and before.writer is not None)
    time.sleep(TAKE_OVER_SECONDS if is_busy else START_SECONDS)
    header = store.read_header()
    if not is_busy and header != before:
        # Who started just before is at work already.
        time.sleep(TAKE_OVER_SECONDS)
        header = store.read_header()
    if store.read_claim() != mine:
        raise MpsBatchTakenOverError(store.prefix)
    is_new, header = header is None, header or BatchHeader()
    record = store.read(header)
    # Only what is sound says whose it is, so it was read before.
    if may_be_new and header.delivered_to is not None and instance.is_of_another_run(header.delivered_to):
        header = BatchHeader()
        record = BatchRecord(header)
    record.superseded = frozenset(
        writer for writer in (claimed, before.writer if before else None, header.writer) if writer is not None
    )
    record.header = replace(header, writer=mine)
    record.is_new = is_new
    return record


def read_ended(stores: Sequence[BatchStore]) -> list[BatchRecord]:
    """Return what is known of batches of runs that have ended, none of which submits anything from then on.

    A process may still work on one all the same: it stops when it notices, and what it wrote until then is read.

    :raises MpsBatchRecordError: a page is missing or cannot be read
    :raises MpsBatchTakenOverError: another process has begun to work on one
    """
    mine = uuid4().hex[:16]
    busy = [store for store in stores if _readable(store, store.read_claim) is not None]
    for store in busy:
        store.write_claim(mine)
    if busy:
        time.sleep(TAKE_OVER_SECONDS)
    found = [_readable(store, partial(_known, store)) for store in stores]
    for store in busy:
        if store.read_claim() != mine:
            raise MpsBatchTakenOverError(str(store))
        store.write_claim(None)
    return found


def _known(store: BatchStore) -> BatchRecord:
    header = store.read_header()
    return store.read(header or BatchHeader())


def _readable(store: BatchStore, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except UnreadablePageError as error:
        raise MpsBatchRecordError(str(store), str(error)) from None


def give_up(store: BatchStore, header: BatchHeader) -> None:
    """Say that nobody writes the records any more, unless another process has taken over.

    :param header: what is known of the batch now
    """
    if store.read_claim() != header.writer:
        return
    before = store.read_header()
    if header.base is not None and before is not None and before.writer == header.writer:
        store.write_header(replace(header, writer=None))
    store.write_claim(None)


def close(store: BatchStore, header: BatchHeader, log: Log) -> None:
    """Do the same at the end of a try, which it must not make fail."""
    try:
        give_up(store, header)
    except Exception as error:
        log.warning("The record of the batch could not be closed (%s); a clear would return it again", error)


class BatchWriter:
    """Writes pages that have changed, in a thread of its own. Used by many threads at once.

    :param store: where the pages are
    :param record: what is known; it is kept up to date
    :param tokens: the items that are worked on; None where only ends are written, to the pages that are there
    """

    def __init__(self, store: BatchStore, record: BatchRecord, tokens: Sequence[str] | None = None) -> None:
        self.record = record
        self._store = store
        self._writes_records = tokens is not None
        self._changed = threading.Condition()
        if tokens is not None:
            record.ask_for(tokens)
        self._owner = (record.header.base if tokens is None else record.header.writer) or ""
        self._records: set[int] = set()
        self._ends: set[int] = set()
        self._tokens = record.tokens_by_page()
        self._task_ids: dict[int, set[str]] = defaultdict(set)
        for token, known in record.records.items():
            for task_id in known.task_ids:
                if task_id in record.ends:
                    self._task_ids[record.page_of[token]].add(task_id)
        self._waiting: list[Future[None]] = []
        self._is_closing = False
        self._checked_at = float("-inf")
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mps-batch-record", daemon=True)

    def __enter__(self) -> BatchWriter:
        if self._writes_records:
            # All pages, so that one that is missing later is known to be lost.
            pages = range(self.record.header.pages)
            self._store.write_pages(
                self._owner,
                {page: self._page_of_records(page) for page in pages},
                {page: self._page_of_ends(page) for page in pages},
            )
            self.check()
            self.record.header = replace(self.record.header, base=self._owner)
            self._store.write_header(self.record.header)
            # What was known before that says nothing: another process may have taken the batch while it was written.
            self._checked_at = float("-inf")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        # Whoever ends the task does not wait for a COS that does not answer.
        self._thread.join(None if error is None else GRACE_SECONDS)
        failed = self._error
        with self._changed:
            # Whoever comes late must not wait for a thread that has ended.
            self._error = failed or RuntimeError("the record of the batch is closed")
            late, self._waiting = self._waiting, []
        for written in late:
            written.set_exception(self._error)
        if failed is not None and error is None:
            raise failed

    @property
    def is_checked(self) -> bool:
        """Whether :meth:`check` has nothing to do."""
        return not self._writes_records or time.monotonic() < self._checked_at + CHECK_SECONDS

    def check(self) -> None:
        """Make sure, if that was not done just now, that the batch is still this process's own.

        :raises MpsBatchTakenOverError: another try works on it
        """
        if self.is_checked:
            return
        asked_at = time.monotonic()
        mine = self.record.header
        if self._store.read_claim() != mine.writer:
            raise MpsBatchTakenOverError(self._store.prefix)
        if mine.base == mine.writer:
            self._check_header(mine)
        self._checked_at = asked_at

    def _check_header(self, mine: BatchHeader) -> None:
        header = self._store.read_header()
        if header is not None and header.writer == mine.writer:
            return
        if header is None or header.writer not in self.record.superseded:
            raise MpsBatchTakenOverError(self._store.prefix)
        # Who had the batch before wrote it late, and so it names pages that do not count any more.
        self._store.write_header(mine)

    def put_record(self, token: str, record: Record) -> Future[None]:
        """Keep the record of an item.

        :return: is done once COS has it, or with the error that COS does not take it, or that another try works on the
            batch; nothing more is to be submitted then
        """
        written: Future[None] = Future()
        # Once it is asked for it is written, whoever still waits: it says what was sent.
        written.set_running_or_notify_cancel()
        with self._changed:
            # Also where it can no longer be written: what was known before is no more what is asked for.
            self.record.put(token, record)
            if (error := self._error) is None:
                self._records.add(self.record.page_of[token])
                self._waiting.append(written)
                self._changed.notify_all()
        if error is not None:
            written.set_exception(error)
        return written

    def put_end(self, token: str, task_id: str, end: WaitOutcome) -> None:
        """Keep how waiting for an item ended; it is written before long."""
        with self._changed:
            page = self.record.page_of[token]
            self.record.ends[task_id] = end
            self._task_ids[page].add(task_id)
            self._ends.add(page)

    def _run(self) -> None:
        waiting: list[Future[None]] = []
        lazy_at = time.monotonic() + LAZY_SECONDS
        try:
            while True:
                with self._changed:
                    wait = max(0.0, lazy_at - time.monotonic())
                    if self._changed.wait_for(lambda: bool(self._waiting) or self._is_closing, wait):
                        self._changed.wait_for(lambda: self._is_closing, GATHER_SECONDS)
                    is_last, waiting, self._waiting = self._is_closing, self._waiting, []
                    is_lazy = is_last or time.monotonic() >= lazy_at
                    records = {page: self._page_of_records(page) for page in self._records}
                    ends = {page: self._page_of_ends(page) for page in self._ends} if is_lazy else {}
                    self._records.clear()
                    self._ends -= ends.keys()
                if is_lazy:
                    lazy_at = time.monotonic() + LAZY_SECONDS
                self.check()
                self._store.write_pages(self._owner, records, ends)
                while waiting:
                    waiting.pop().set_result(None)
                with self._changed:
                    if is_last and not self._records and not self._ends:
                        return
        except BaseException as error:
            with self._changed:
                self._error = error
                waiting += self._waiting
                self._waiting = []
            for written in waiting:
                written.set_exception(error)

    def _page_of_records(self, page: int) -> RecordPage:
        records, left_out = self.record.records, self.record.left_out
        tokens = [token for token in self._tokens.get(page, ()) if token in records]
        return RecordPage({token: records[token] for token in tokens}, frozenset(left_out.intersection(tokens)))

    def _page_of_ends(self, page: int) -> dict[str, WaitOutcome]:
        return {task_id: self.record.ends[task_id] for task_id in self._task_ids[page]}
