"""What the local service shows in a browser: a page of its objects, tasks and pictures, and each of them by itself.

All is shown without a signature, as the service is on loopback and has no account of its own to protect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from airflow_provider_mps.local.serving.page import page
from airflow_provider_mps.local.serving.showcase import SANDBOX, NotShown, Showcase
from airflow_provider_mps.local.serving.wire import HttpReply, json_reply

MAX_TASKS, MAX_PICTURES = 100, 48
# A page in the sandbox could not follow its own links.
_PAGE = [("Content-Security-Policy", SANDBOX[0][1].removeprefix("sandbox; ")), *SANDBOX[1:]]


class Browse:
    """Answers what a browser asks for.

    :param showcases: what the services show.
    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(self, showcases: Sequence[Showcase], clock: Callable[[], float]) -> None:
        self._showcases = showcases
        self._clock = clock
        self._folders = {name: folder for one in showcases for name, folder in one.folders().items()}

    def serves(self, name: str) -> bool:
        """Say whether a path below the service's own interface is the page or something that it shows."""
        return name == "" or name.partition("/")[0] in self._folders

    async def handle(self, name: str) -> HttpReply:
        """Answer one request."""
        if not name:
            html = await asyncio.to_thread(self._page)
            return HttpReply(200, [("Content-Type", "text/html; charset=utf-8"), *_PAGE], html)
        folder, _, rest = name.partition("/")
        try:
            return await self._folders[folder](rest)
        except NotShown as error:
            return json_reply({"error": str(error)}, error.status)

    def _page(self) -> bytes:
        now = self._clock()
        every = [task for one in self._showcases for task in one.tasks()]
        every.sort(key=lambda task: -task.created)
        latest = every[:MAX_TASKS]
        pictures = [picture for task in latest for picture in task.pictures(now)]
        buckets = [bucket for one in self._showcases for bucket in one.buckets()]
        return page(pictures[:MAX_PICTURES], [task.row(now) for task in latest], len(every), buckets)
