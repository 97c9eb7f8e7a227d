"""Run an event loop beside the thread that Airflow interrupts."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowException

_T = TypeVar("_T")

# What is under way when a task is ended gets this long to come to its end.
GRACE_SECONDS = 15.0


class LoopThread:
    """Runs one coroutine in an event loop of another thread.

    Airflow ends a task by an exception out of a signal, which comes up in the main thread. An event loop there would
    take it for the error of whatever it just ran, and go on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_cancelled = False

    def run(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Return what the coroutine returns.

        :raises AirflowException: it was cancelled
        """
        result: Future[_T] = Future()
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(self._run, make, result), name="mps-loop", daemon=True)
        thread.start()
        try:
            return result.result()
        except asyncio.CancelledError:
            raise AirflowException("The batch was stopped. What was submitted is on record.") from None
        finally:
            self.cancel()
            thread.join(GRACE_SECONDS)

    def cancel(self) -> None:
        """End the coroutine, if it still runs; may be called from any thread."""
        with self._lock:
            self._is_cancelled = True
            if self._loop is not None and self._task is not None:
                self._loop.call_soon_threadsafe(self._task.cancel)

    def _run(self, make: Callable[[], Coroutine[Any, Any, _T]], result: Future[_T]) -> None:
        try:
            result.set_result(asyncio.run(self._main(make)))
        except BaseException as error:
            result.set_exception(error)

    async def _main(self, make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        with self._lock:
            if self._is_cancelled:
                raise asyncio.CancelledError
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            return await make()
        finally:
            with self._lock:
                self._loop = None
