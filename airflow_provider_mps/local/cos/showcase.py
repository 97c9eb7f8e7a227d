"""What COS shows in the interface of the local service: its buckets and objects, and the sample pictures."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from PIL import Image, ImageOps

from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.cos.state import CosState
from airflow_provider_mps.local.cos.store import ObjectInfo
from airflow_provider_mps.local.pictures.sample_pictures import SAMPLES, read_sample
from airflow_provider_mps.local.serving.page import BucketTable, ObjectRow, path_of
from airflow_provider_mps.local.serving.showcase import SANDBOX, BadRequest, Folder, NotShown, Route, Showcase
from airflow_provider_mps.local.serving.wire import HttpReply

MAX_OBJECTS = 200
MAX_SHOWN_BYTES = 64 * 1024 * 1024
_THUMBNAIL_SIDE = 320
_MAX_PIXELS = 64_000_000


class CosShowcase(Showcase):
    """The buckets and objects of COS, and the sample pictures that new buckets begin with.

    :param state: holds them.
    """

    def __init__(self, state: CosState) -> None:
        self._state = state

    def health(self) -> dict[str, Any]:
        """Name the buckets and their regions."""
        return {"buckets": dict(self._state.store.buckets)}

    def buckets(self) -> Sequence[BucketTable]:
        """Return the buckets with their latest objects."""
        return [self._bucket(name, region) for name, region in self._state.store.buckets.items()]

    def folders(self) -> Mapping[str, Folder]:
        """Return what shows objects, thumbnails and samples."""
        return {"objects": self._object, "thumbnails": self._thumbnail, "samples": _sample}

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Return what makes a bucket."""
        return {("POST", "buckets"): self._add_bucket}

    def _bucket(self, name: str, region: str) -> BucketTable:
        objects = sorted(self._state.store.all(name), key=lambda info: -info.modified)
        return BucketTable(name, region, [_object_row(info) for info in islice(objects, MAX_OBJECTS)], len(objects))

    async def _object(self, rest: str) -> HttpReply:
        info, data = await asyncio.to_thread(self._read, rest)
        content_type = info.headers.get("Content-Type", "").strip()
        if not content_type.isprintable() or not content_type.isascii():
            content_type = ""
        return HttpReply(200, [("Content-Type", content_type or "application/octet-stream"), *SANDBOX], data)

    async def _thumbnail(self, rest: str) -> HttpReply:
        _, data = await asyncio.to_thread(self._read, rest)
        small = await asyncio.to_thread(_shrunk, data)
        return HttpReply(200, [("Content-Type", "image/jpeg"), *SANDBOX], small)

    def _read(self, rest: str) -> tuple[ObjectInfo, bytes]:
        bucket, _, key = rest.partition("/")
        try:
            info, file = self._state.store.open(bucket, key)
        except CosRefusal as error:
            raise NotShown(error.status, error.message) from None
        with file:
            if info.size > MAX_SHOWN_BYTES:
                raise NotShown(413, f"more than {MAX_SHOWN_BYTES // 2**20} MB are not shown here")
            return info, file.read()

    def _add_bucket(self, body: dict[str, Any]) -> Any:
        name, region = body.get("name"), body.get("region")
        if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*-[0-9]+", name):
            raise BadRequest("name must be a bucket name that ends with an APPID, such as name-1250000000")
        if not isinstance(region, str) or not re.fullmatch(r"[a-z0-9-]+", region):
            raise BadRequest("region must be a region name, such as ap-guangzhou")
        self._state.add_bucket(name, region)
        return {"name": name, "region": region}


async def _sample(name: str) -> HttpReply:
    if name not in SAMPLES:
        raise NotShown(404, f"no such sample; there are {', '.join(SAMPLES)}")
    return HttpReply(200, [("Content-Type", SAMPLES[name])], read_sample(name))


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
        raise NotShown(415, "not a picture that can be shown") from None
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
