"""What the local service shows in a browser: a page of its objects, tasks and pictures, and each of them by itself.

Objects are shown without a signature, as the service is on loopback and has no account of its own to protect. They may
be anything, a page with scripts too, so they are shown in a sandbox.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from itertools import islice

from PIL import Image, ImageOps

from airflow_provider_mps.local.aidge.tasks import AidgeTask
from airflow_provider_mps.local.backend import Backend
from airflow_provider_mps.local.cos.store import ObjectInfo
from airflow_provider_mps.local.pictures.download import without_query
from airflow_provider_mps.local.serving.errors import CosError
from airflow_provider_mps.local.serving.page import BucketTable, ObjectRow, Picture, TaskRow, page, path_of
from airflow_provider_mps.local.serving.wire import Reply, json_reply
from airflow_provider_mps.local.tencentcloud.tasks import Task

MAX_TASKS, MAX_OBJECTS, MAX_PICTURES = 100, 200, 48
MAX_SHOWN_BYTES = 64 * 1024 * 1024
_THUMBNAIL_SIDE = 320
_MAX_PIXELS = 64_000_000
_SAFE = [
    ("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
]
# A page in the sandbox could not follow its own links.
_PAGE = [("Content-Security-Policy", _SAFE[0][1].removeprefix("sandbox; ")), *_SAFE[1:]]


class Browse:
    """Answers what a browser asks for.

    :param backend: the service's state.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._folders: dict[str, Callable[[str], Awaitable[Reply]]] = {
            "objects": self._object,
            "thumbnails": self._thumbnail,
            "results": self._result,
        }

    def serves(self, name: str) -> bool:
        """Say whether a path below the service's own interface is the page or something that it shows."""
        return name == "" or name.partition("/")[0] in self._folders

    async def handle(self, name: str) -> Reply:
        """Answer one request."""
        if not name:
            html = await asyncio.to_thread(self._page)
            return Reply(200, [("Content-Type", "text/html; charset=utf-8"), *_PAGE], html)
        folder, _, rest = name.partition("/")
        try:
            return await self._folders[folder](rest)
        except CosError as error:
            return json_reply({"error": error.message}, error.status)

    def _page(self) -> bytes:
        backend, now = self._backend, self._backend.clock()
        every: list[Task | AidgeTask] = [*backend.tasks.all(), *backend.aidge.tasks.all()]
        every.sort(key=lambda task: -task.created)
        tasks = [_mps_row(task, now) if isinstance(task, Task) else _aidge_row(task, now) for task in every[:MAX_TASKS]]
        pictures = [picture for task in every[:MAX_TASKS] for picture in self._made_by(task, now)]
        buckets = [self._bucket(name, region) for name, region in backend.store.buckets.items()]
        return page(pictures[:MAX_PICTURES], tasks, len(every), buckets)

    def _made_by(self, task: Task | AidgeTask, now: float) -> list[Picture]:
        if isinstance(task, Task):
            bucket, key = task.job.bucket, task.job.path[1:]
            if task.status(now) != "FINISH" or task.failure or self._backend.store.find(bucket, key) is None:
                return []
            return [Picture(path_of("thumbnails", bucket, key), path_of("objects", bucket, key), task.job.path)]
        if task.status(now) != "finished":
            return []
        numbers = [number for number in range(1, task.job.count + 1) if not task.failed(number - 1)]
        scene = task.job.order.scene.name
        addresses = [path_of("results", task.task_id, f"{number}.jpg") for number in numbers]
        return [Picture(address, address, scene) for address in addresses]

    def _bucket(self, name: str, region: str) -> BucketTable:
        objects = sorted(self._backend.store.all(name), key=lambda info: -info.modified)
        return BucketTable(name, region, [_object_row(info) for info in islice(objects, MAX_OBJECTS)], len(objects))

    async def _object(self, rest: str) -> Reply:
        info, data = await asyncio.to_thread(self._read, rest)
        content_type = info.headers.get("Content-Type", "").strip()
        if not content_type.isprintable() or not content_type.isascii():
            content_type = ""
        return Reply(200, [("Content-Type", content_type or "application/octet-stream"), *_SAFE], data)

    async def _thumbnail(self, rest: str) -> Reply:
        _, data = await asyncio.to_thread(self._read, rest)
        small = await asyncio.to_thread(_shrunk, data)
        return Reply(200, [("Content-Type", "image/jpeg"), *_SAFE], small)

    async def _result(self, rest: str) -> Reply:
        task_id, _, file = rest.partition("/")
        number = file.removesuffix(".jpg")
        task = self._backend.aidge.tasks.get(task_id)
        if task is None or not (number.isascii() and number.isdigit()):
            raise CosError(404, "NoSuchKey", "no such result")
        path = self._backend.aidge.files.file(task.task_id, int(number))
        if not path.is_file():
            raise CosError(404, "NoSuchKey", "no such result")
        return Reply(200, [("Content-Type", "image/jpeg"), *_SAFE], await asyncio.to_thread(path.read_bytes))

    def _read(self, rest: str) -> tuple[ObjectInfo, bytes]:
        bucket, _, key = rest.partition("/")
        info, file = self._backend.store.open(bucket, key)
        with file:
            if info.size > MAX_SHOWN_BYTES:
                raise CosError(413, "TooLarge", f"more than {MAX_SHOWN_BYTES // 2**20} MB are not shown here")
            return info, file.read()


def _mps_row(task: Task, now: float) -> TaskRow:
    job, failure = task.job, task.failure
    ended = task.status(now) == "FINISH"
    # The query of an address may be a signature.
    subject = without_query(job.subject.url) if job.subject.url else str(job.subject)
    what = f"{subject} → {job.path}" + (f" ({job.prompt})" if job.prompt else "")
    said = f"{failure.err_msg}: {failure.message}" if ended and failure else ""
    return TaskRow(
        "MPS", task.task_id, task.status(now), task.created, task.finish - task.created if ended else None, what, said
    )


def _aidge_row(task: AidgeTask, now: float) -> TaskRow:
    ended = task.status(now) in ("finished", "failed")
    seconds = max(task.seconds, (task.done or 0.0) - task.created) if ended else None
    what = f"{task.job.count} in the scene {task.job.order.scene.name}"
    return TaskRow("Aidge", task.task_id, task.status(now), task.created, seconds, what, task.failure if ended else "")


def _object_row(info: ObjectInfo) -> ObjectRow:
    content_type = info.headers.get("Content-Type", "").strip()
    thumbnail = path_of("thumbnails", info.bucket, info.key) if content_type.startswith("image/") else ""
    address = path_of("objects", info.bucket, info.key)
    return ObjectRow(address, thumbnail, info.key, info.size, content_type, info.modified)


def _shrunk(data: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > _MAX_PIXELS:
                raise ValueError("too many pixels")
            picture.draft("RGB", (_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
            small = ImageOps.exif_transpose(picture)
            small.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
            small = small.convert("RGBA")
            canvas = Image.new("RGB", small.size, "white")
            canvas.paste(small, (0, 0), small)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise CosError(415, "NoPicture", "not a picture that can be shown") from None
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
