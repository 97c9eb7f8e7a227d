"""The threads that carry tasks out, and how a task spends its time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# How much of its time a task waits before it is worked on, as far as anybody sees.
WAITING_SHARE = 0.2


class WorkPool:
    """A small pool of threads, which takes work in the order of its submission.

    :param threads: how many tasks are worked on at once.
    """

    def __init__(self, threads: int = 2) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="mps-local-task")

    def queue(self, work: Callable[[], None]) -> None:
        """Queue some work; it has to catch its errors itself."""
        self._pool.submit(work)

    def stop(self) -> None:
        """Drop what is queued and wait for what is under way."""
        self._pool.shutdown(wait=True, cancel_futures=True)
