"""Keys that are renewed while a hook is at work: temporary credentials live for half an hour, a batch for longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from airflow_provider_mps.clients.async_client import off_the_loop
from airflow_provider_mps.core.errors import ServiceError

_T = TypeVar("_T")

# Many calls are refused together, and the connection is read once for all of them.
PAUSE_SECONDS = 1.0
# For so long after the service took the keys, a refusal of them is no verdict: the connection may follow in a moment.
GRACE_SECONDS = 120.0
# A call waits for its turn, and the keys may be renewed once more in that time.
SENDS = 3


class KeyRenewal:
    """Whether other keys have come; used by many threads and event loops at once.

    A call that was refused for its keys was not executed, so it goes out again when there are others.

    :param read_again: reads the connection anew, puts its keys in use, and says whether they are others than before
    :param is_about_keys: tells whether an error says that the keys were refused; default: by the table of its service
    :param refused: gives the error for a refusal of keys that nobody has renewed; default: as it is
    :param clock: gives seconds that never go back
    """

    def __init__(
        self,
        read_again: Callable[[], bool],
        is_about_keys: Callable[[ServiceError], bool] = lambda error: error.rule.about_keys,
        refused: Callable[[ServiceError], ServiceError] = lambda error: error,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_again = read_again
        self._is_about_keys = is_about_keys
        self._refused = refused
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._accepted_at = float("-inf")
        self._has_just_renewed = False
        self.generation = 0
        """How often the keys have been renewed; to be noted before a call."""

    def call(self, send: Callable[[], _T]) -> _T:
        """Return what a call returns, made with the keys of now.

        :param send: makes the call; takes the keys itself
        """
        sends = 0
        while True:
            generation, sends = self.generation, sends + 1
            try:
                answer = send()
            except ServiceError as error:
                if not self._is_about_keys(error):
                    raise
                if sends == SENDS or not self.is_due(generation):
                    raise self._refused(error) from None
            else:
                self.accepted()
                return answer

    async def acall(self, send: Callable[[], Awaitable[_T]]) -> _T:
        """Return what a call returns; the async twin of :meth:`call`."""
        sends = 0
        while True:
            generation, sends = self.generation, sends + 1
            try:
                answer = await send()
            except ServiceError as error:
                if not self._is_about_keys(error):
                    raise
                if sends == SENDS or not await off_the_loop(self.is_due, generation):
                    raise self._refused(error) from None
            else:
                self.accepted()
                return answer

    def accepted(self) -> None:
        """Note that the service has taken the keys just now."""
        self._accepted_at = self._clock()

    def is_due(self, generation: int) -> bool:
        """Tell whether there are other keys than those that a call was refused with.

        :param generation: what :attr:`generation` was before the call
        """
        with self._lock:
            if generation != self.generation:
                return True
            if self._clock() < self._read_at + PAUSE_SECONDS:
                # A call that was under way when others were renewed may still have gone out with the old ones.
                return self._has_just_renewed
            self._read_at = self._clock()
            self._has_just_renewed = self._read_again()
            if not self._has_just_renewed:
                return False
            self.generation += 1
            return True

    @property
    def may_come(self) -> bool:
        """Whether the keys were taken a moment ago, so that their successors may be on their way."""
        return self._clock() < self._accepted_at + GRACE_SECONDS
