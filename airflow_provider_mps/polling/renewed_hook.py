"""The hook of a poller, which is replaced when somebody has edited the connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from airflow_provider_mps.polling.polled_hook import PolledHook

log = logging.getLogger(__name__)

# A connection may be edited while tasks wait, so it is read again now and then.
RENEW_SECONDS = 300.0
# And when a look is refused; many may be at once.
RENEW_PAUSE_SECONDS = 10.0


class RenewedHook:
    """The hook in use, and those before it. All times are seconds since the epoch.

    :param make_hook: gives a hook that reads the connection anew
    :param clock: gives seconds since the epoch
    :ivar hook: the one in use
    :ivar account: what the service counts its requests by; empty before :meth:`load`
    """

    def __init__(self, make_hook: Callable[[], PolledHook], clock: Callable[[], float]) -> None:
        self.hook = make_hook()
        self.account: tuple[str, ...] = ()
        self._make_hook = make_hook
        self._clock = clock
        self._old_hooks: list[PolledHook] = []
        self._is_loaded = False
        self._renewed_at = clock()
        self._refused_at = float("-inf")
        self._lock = asyncio.Lock()

    async def load(self) -> bool:
        """Read the connection once, off the event loop; tell whether this call was the one that did."""
        if self._is_loaded:
            return False
        async with self._lock:
            if self._is_loaded:
                return False
            await self.hook.aload_settings()
            self._use(self.hook)
            self._is_loaded = True
            return True

    def claim_renewal(self, now: float) -> bool:
        """Tell whether it is time to read the connection in passing; whoever is told so has to do it."""
        if now < self._renewed_at + RENEW_SECONDS:
            return False
        self._renewed_at = now
        return True

    async def renew(self, refused: PolledHook | None = None) -> bool:
        """Read the connection again.

        :param refused: the hook that was refused; None for a look in passing
        :return: whether there is another connection now than that of ``refused``
        """
        async with self._lock:
            now = self._clock()
            if refused is not None and (refused is not self.hook or now < self._refused_at + RENEW_PAUSE_SECONDS):
                return refused is not self.hook
            self._renewed_at = now
            if refused is not None:
                self._refused_at = now
            new = self._make_hook()
            try:
                await new.aload_settings()
            except Exception as error:
                log.warning("The connection could not be read again, so the known one is used: %s", error)
                return False
            if new.settings == self.hook.settings:
                return False
            # Looks may be under way with the old one.
            self._old_hooks.append(self.hook)
            self._use(new)
            return True

    def move(self, seconds: float) -> None:
        """Go on as planned after the machine's clock was set by ``seconds``."""
        self._renewed_at += seconds
        self._refused_at += seconds

    async def aclose(self) -> None:
        """Close what is open."""
        for hook in (*self._old_hooks, self.hook):
            await hook.aclose()

    def _use(self, hook: PolledHook) -> None:
        self.hook, self.account = hook, hook.identity
