"""One async client for all calls of an event loop, and what must not block that loop."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

_T = TypeVar("_T")


class AsyncClientHolder:
    """For hooks that are async context managers: the client is made at the first call, and closed with the hook."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._async_client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    @abstractmethod
    async def _close(self, client: Any) -> None:
        """Close a client."""

    async def aclose(self) -> None:
        """Close the async client."""
        if self._async_client is not None:
            client, self._async_client = self._async_client, None
            await self._close(client)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        """Let one task of this event loop in after the other; what belongs to another loop is forgotten."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # The client of another loop is of no use in this one, and only that loop could close it.
            self._loop, self._lock, self._async_client = loop, asyncio.Lock(), None
        async with self._lock:
            yield

    async def _made(self, make: Callable[[], Any]) -> Any:
        """Return the client; to be called by one at a time."""
        if self._async_client is None:
            # Off the event loop: what is imported takes long, and CA certificates are read from disk.
            self._async_client = await asyncio.to_thread(make)
        return self._async_client


async def off_the_loop(call: Callable[..., _T], *args: Any) -> _T:
    """Await a blocking call. In the triggerer it may ask the supervisor, which works from asgiref's threads only."""
    from asgiref.sync import sync_to_async

    return await sync_to_async(call, thread_sensitive=False)(*args)
