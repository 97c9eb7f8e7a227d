"""Buckets and objects, kept in a folder on disk."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from airflow_provider_mps.local.cos.crc64 import crc64
from airflow_provider_mps.local.cos.errors import CosRefusal

MAX_KEY_BYTES = 850


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What is known of a stored object.

    :param bucket: the bucket's name, APPID included.
    :param key: the key, without a leading slash.
    :param size: bytes.
    :param etag: MD5 in hex, or ``<hex>-<parts>`` after a multipart upload; without quotes.
    :param crc64: CRC-64/ECMA of the content; ``None`` for an object from before COS kept one, and for its copies.
    :param modified: seconds since the epoch.
    :param headers: headers stored with the object, such as ``Content-Type`` and ``x-cos-meta-*``.
    """

    bucket: str
    key: str
    size: int
    etag: str
    crc64: int | None
    modified: float
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObjectListing:
    """One page of a bucket's keys: the objects, the common prefixes, and where the next page begins."""

    objects: list[ObjectInfo]
    prefixes: list[str]
    next_marker: str
    truncated: bool


class ObjectWriter:
    """Takes an object's bytes piece by piece; nothing is visible before :meth:`ObjectStore.commit`.

    :param path: a new temporary file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.crc64 = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._file = path.open("xb")

    def write(self, piece: bytes) -> None:
        """Append ``piece``."""
        self._file.write(piece)
        self._md5.update(piece)
        self.crc64 = crc64(piece, self.crc64)
        self.size += len(piece)

    def close(self) -> bytes:
        """End the content and return its MD5 digest."""
        self._file.close()
        return self._md5.digest()

    def discard(self) -> None:
        """Remove what was written."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class ObjectStore:
    """Objects of the known buckets. Safe for use from several threads.

    A key never becomes a file name: files are named by a hash of bucket and key, so no key leaves the folder.

    :param root: the folder; it is made when missing, and what it holds is served again.
    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(self, root: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._objects = root / "objects"
        self._temporary = root / "tmp"
        self._lock = threading.Lock()
        self.buckets: dict[str, str] = {}
        self._index: dict[str, dict[str, ObjectInfo]] = {}
        for folder in (self._objects, self._temporary):
            folder.mkdir(parents=True, exist_ok=True)
        for leftover in self._temporary.iterdir():
            leftover.unlink()
        for sidecar in self._objects.glob("*.json"):
            info = ObjectInfo(**json.loads(sidecar.read_text("utf-8")))
            self._index.setdefault(info.bucket, {})[info.key] = info

    def add_bucket(self, name: str, region: str) -> None:
        """Make a bucket known; one that exists keeps its objects."""
        with self._lock:
            self.buckets[name] = region
            self._index.setdefault(name, {})

    def check_bucket(self, name: str, region: str) -> None:
        """Raise :class:`CosRefusal` (404 NoSuchBucket) unless the bucket exists in that region."""
        if self.buckets.get(name) != region:
            raise CosRefusal(404, "NoSuchBucket", "The specified bucket does not exist.")

    def writer(self) -> ObjectWriter:
        """Begin a new content."""
        return ObjectWriter(self._temporary / uuid.uuid4().hex)

    def commit(
        self,
        writer: ObjectWriter,
        bucket: str,
        key: str,
        headers: Mapping[str, str],
        etag: str = "",
        *,
        has_crc64: bool = True,
        overwrite: bool = True,
    ) -> ObjectInfo:
        """Make a content visible under a key, at once and whole.

        :param writer: what holds the content; it cannot be used afterwards.
        :param bucket: a known bucket.
        :param key: the key, without a leading slash.
        :param headers: headers to give back with the object.
        :param etag: an ETag in place of the MD5.
        :param has_crc64: whether the object has a CRC64.
        :param overwrite: whether an object that is there gives way.
        :return: the stored object's facts.
        :raises CosError: 400 for an empty or too long key, 409 where one is there that does not give way.
        """
        digest = writer.close()
        try:
            check_key(key)
        except CosRefusal:
            writer.discard()
            raise
        crc64 = writer.crc64 if has_crc64 else None
        info = ObjectInfo(bucket, key, writer.size, etag or digest.hex(), crc64, self._clock(), dict(headers))
        data, sidecar = self._files(bucket, key)
        with self._lock:
            if not overwrite and self.find(bucket, key) is not None:
                writer.discard()
                raise CosRefusal(409, "FileAlreadyExists", "The object you specified already exists.")
            writer.path.replace(data)
            sidecar.write_text(json.dumps(asdict(info)), "utf-8")
            self._index.setdefault(bucket, {})[key] = info
        return info

    def put(
        self,
        bucket: str,
        key: str,
        pieces: Iterable[bytes],
        headers: Mapping[str, str] | None = None,
        *,
        has_crc64: bool = True,
    ) -> ObjectInfo:
        """Store a content that is at hand; see :meth:`commit`."""
        writer = self.writer()
        for piece in pieces:
            writer.write(piece)
        headers = headers or {"Content-Type": "application/octet-stream"}
        return self.commit(writer, bucket, key, headers, has_crc64=has_crc64)

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        """Look an object up."""
        return self._index.get(bucket, {}).get(key)

    def open(self, bucket: str, key: str) -> tuple[ObjectInfo, BinaryIO]:
        """Open an object for reading; it stays readable when it is replaced meanwhile.

        :raises CosError: 404 NoSuchKey.
        """
        with self._lock:
            info = self.find(bucket, key)
            if info is None:
                raise CosRefusal(404, "NoSuchKey", "The specified key does not exist.")
            return info, self._files(bucket, key)[0].open("rb")

    def read(self, bucket: str, key: str, limit: int | None = None) -> bytes:
        """Read an object, at most ``limit`` bytes of it; raises :class:`CosRefusal` (404 NoSuchKey)."""
        _, file = self.open(bucket, key)
        with file:
            return file.read(-1 if limit is None else limit)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        with self._lock:
            if self._index.get(bucket, {}).pop(key, None) is not None:
                for file in self._files(bucket, key):
                    file.unlink(missing_ok=True)

    def all(self, bucket: str) -> list[ObjectInfo]:
        """Return the facts of all objects of a bucket, in no order."""
        with self._lock:
            return [*self._index.get(bucket, {}).values()]

    def list(
        self, bucket: str, *, prefix: str = "", marker: str = "", delimiter: str = "", limit: int
    ) -> ObjectListing:
        """List keys in order.

        :param bucket: a known bucket.
        :param prefix: only keys that begin so.
        :param marker: only keys after this one.
        :param delimiter: keys that hold it after the prefix are shown once, as their common prefix.
        :param limit: at most so many objects and prefixes together.
        :return: one page.
        """
        with self._lock:
            objects = dict(self._index.get(bucket, {}))
        keys = sorted(objects)
        found: list[ObjectInfo] = []
        prefixes: list[str] = []
        last = marker
        for key in keys[bisect_right(keys, marker) :]:
            common = _common_prefix(key, prefix, delimiter)
            if not key.startswith(prefix) or (common and (common in prefixes[-1:] or common == marker)):
                continue
            if len(found) + len(prefixes) >= limit:
                return ObjectListing(found, prefixes, last, truncated=True)
            last = common or key
            if common:
                prefixes.append(common)
            else:
                found.append(objects[key])
        return ObjectListing(found, prefixes, "", truncated=False)

    def _files(self, bucket: str, key: str) -> tuple[Path, Path]:
        name = hashlib.sha256(f"{bucket}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()
        return self._objects / f"{name}.bin", self._objects / f"{name}.json"


def check_key(key: str) -> None:
    """Raise :class:`CosRefusal` (400) unless ``key`` can name an object."""
    if not key:
        raise CosRefusal(400, "InvalidURI", "The object key is empty.")
    if len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        raise CosRefusal(400, "KeyTooLong", f"The object key is longer than {MAX_KEY_BYTES} bytes.")


def _common_prefix(key: str, prefix: str, delimiter: str) -> str:
    if not delimiter or not key.startswith(prefix):
        return ""
    end = key.find(delimiter, len(prefix))
    return key[: end + len(delimiter)] if end >= 0 else ""
