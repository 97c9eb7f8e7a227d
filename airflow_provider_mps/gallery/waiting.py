"""How long, and how many, requests of pages wait for what is afar: none of it in the event loop of the API server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from fastapi import HTTPException, Response

_T = TypeVar("_T")

# Of a body; the server waits between two of them until the browser has taken what came before.
_PIECE = 256 * 1024


class Threads:
    """A few threads that are for waiting.

    :param count: how many
    :param seconds: after which nobody waits any more; what has not begun by then never does
    :param words: what is said then
    """

    def __init__(self, count: int, seconds: float, words: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="mps-gallery")
        self._seconds, self._words = seconds, words

    async def __call__(self, call: Callable[[], _T]) -> _T:
        """Return what a call returns.

        :raises HTTPException: 504, it takes too long
        """
        waited = asyncio.get_running_loop().run_in_executor(self._pool, call)
        try:
            return await asyncio.wait_for(waited, self._seconds)
        except TimeoutError:
            raise HTTPException(504, self._words) from None


class Places:
    """How many large answers there are at once, from when they are asked for until the last byte is taken.

    :param most: how many
    :param seconds: after which one that is not taken is given up
    """

    def __init__(self, most: int, seconds: float) -> None:
        self.free, self._seconds = most, seconds

    def take(self) -> None:
        """Take a place.

        :raises HTTPException: 503, there is none
        """
        if self.free == 0:
            words = "Many whole pictures are on their way at this moment: try again in a minute"
            raise HTTPException(503, words, {"Retry-After": "60"})
        self.free -= 1

    def leave(self) -> None:
        """Leave it."""
        self.free += 1

    def response(self, response: Response) -> Response:
        """Return a response that leaves its place when it has been sent."""
        return _Sent(self, self._seconds, response)


class _Sent(Response):
    def __init__(self, places: Places, seconds: float, response: Response) -> None:
        super().__init__(response.body, response.status_code, dict(response.headers))
        self._places, self._seconds = places, seconds

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                for begin in range(0, len(self.body), _PIECE):
                    piece = self.body[begin : begin + _PIECE]
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        finally:
            self._places.leave()
