"""Carry several files at once, and tell how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from airflow_provider_mps.core.progress import REPORT_SECONDS, Rate, paced
from airflow_provider_mps.core.vocabulary import MAX_CONNECTIONS

_Item = TypeVar("_Item")
_Done = TypeVar("_Done")

DEFAULT_WORKERS = 8
MAX_WORKERS = MAX_CONNECTIONS
# How long a task that is ended waits for the files that are under way.
GRACE_SECONDS = 10.0


class StoppableTransfer:
    """For operators whose transfers end between two pieces when their task does."""

    # Made by execute: an operator is copied and pickled before.
    _stop: threading.Event | None = None

    def on_kill(self) -> None:
        """End the transfer between two pieces."""
        if self._stop is not None:
            self._stop.set()


@contextmanager
def threads(count: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Give threads for questions: whoever ends the task does not wait for a service that does not answer.

    :param count: how many
    :param name: what their names begin with
    """
    pool = ThreadPoolExecutor(count, thread_name_prefix=name)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def in_parallel(
    carry: Callable[[_Item], _Done],
    items: Iterable[_Item],
    *,
    total: int,
    max_workers: int,
    done: str,
    log_line: Callable[[str], object],
    stop: threading.Event | None = None,
) -> list[_Done]:
    """Carry all items; after an error nothing more is begun, and what has begun is ended.

    Items are taken as they are needed, twice as many as workers ahead: one may be of use for a while only.

    :param carry: does the work for one item, in a thread
    :param items: what there is to do
    :param total: how many that are, for the log
    :param max_workers: how many at the same time
    :param done: what has been done with one, for the log, such as ``Fetched``
    :param log_line: takes a line for the log
    :param stop: set when the task is at its end, here or by the caller, so that ``carry`` breaks off what has begun
    :return: what ``carry`` returned, in the order of the items
    """
    is_over = threading.Event()
    stop = stop or threading.Event()

    def unless_over(item: _Item) -> _Done:
        # A worker takes the next item before anyone could cancel it.
        if is_over.is_set() or stop.is_set():
            raise CancelledError
        try:
            return carry(item)
        except BaseException:
            is_over.set()
            raise

    pool = ThreadPoolExecutor(max_workers, thread_name_prefix="transfer")
    source, rate = iter(items), Rate()
    begun: list[Future[_Done]] = []
    left: set[Future[_Done]] = set()
    reported = time.monotonic()
    try:
        while True:
            more = [pool.submit(unless_over, item) for item in islice(source, 2 * max_workers - len(left))]
            begun += more
            left.update(more)
            if not left:
                break
            ended, left = wait(left, REPORT_SECONDS, FIRST_COMPLETED)
            if any(future.exception() for future in ended):
                break
            if left and (now := time.monotonic()) - reported >= REPORT_SECONDS:
                reported, count = now, len(begun) - len(left)
                pace = paced(rate.per_second(count, now), max(total - count, 0), done.lower())
                log_line(f"{done} {count:,} of {total:,} files; {pace}")
        pool.shutdown(cancel_futures=True)
        return _results(begun)
    finally:
        is_over.set()
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        # What has begun removes its part of a file. (wait() takes no notice of what was cancelled before it began.)
        wait([future for future in begun if not future.cancelled()], GRACE_SECONDS)


def _results(begun: list[Future[_Done]]) -> list[_Done]:
    """Return what all came to.

    :raises Exception: what the first one that failed by itself raised
    """
    errors = [future.exception() for future in begun if not future.cancelled()]
    for error in errors:
        if error is not None and not isinstance(error, CancelledError):
            raise error
    return [future.result() for future in begun]
