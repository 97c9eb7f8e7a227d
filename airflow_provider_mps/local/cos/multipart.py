"""Multipart uploads: parts wait on disk until they are put together."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.cos.store import ObjectInfo, ObjectStore, ObjectWriter

MAX_PARTS = 10_000
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """A received part: its content and its ETag without quotes."""

    writer: ObjectWriter
    etag: str


@dataclass(slots=True)
class Upload:
    """An upload under way: where it goes, the headers to store with it, and its parts by number."""

    upload_id: str
    bucket: str
    key: str
    headers: dict[str, str]
    started: float
    parts: dict[int, Part] = field(default_factory=dict)


class Multipart:
    """The uploads under way in one store; they do not outlive the process.

    :param store: where completed objects go.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._uploads: dict[str, Upload] = {}

    def start(self, bucket: str, key: str, headers: Mapping[str, str], now: float) -> Upload:
        """Begin an upload."""
        upload = Upload(f"{int(now)}{secrets.token_hex(24)}", bucket, key, dict(headers), now)
        self._uploads[upload.upload_id] = upload
        return upload

    def find(self, bucket: str, key: str, upload_id: str) -> Upload:
        """Look an upload up; raises :class:`CosRefusal` (404 NoSuchUpload)."""
        upload = self._uploads.get(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise CosRefusal(404, "NoSuchUpload", "The specified multipart upload does not exist.")
        return upload

    def under_way(self, bucket: str, prefix: str) -> list[Upload]:
        """List a bucket's uploads, by key and then by beginning."""
        found = [one for one in self._uploads.values() if one.bucket == bucket and one.key.startswith(prefix)]
        return sorted(found, key=lambda one: (one.key, one.started))

    def add_part(self, upload: Upload, number: int, writer: ObjectWriter) -> Part:
        """Keep a part; one of the same number is replaced. Raises :class:`CosRefusal` for a bad number."""
        etag = writer.close().hex()
        if not 1 <= number <= MAX_PARTS:
            writer.discard()
            raise CosRefusal(400, "InvalidArgument", f"partNumber must be from 1 to {MAX_PARTS}.")
        part = Part(writer, etag)
        if replaced := upload.parts.get(number):
            replaced.writer.discard()
        upload.parts[number] = part
        return part

    def complete(self, upload: Upload, wanted: Sequence[tuple[int, str]], *, overwrite: bool = True) -> ObjectInfo:
        """Put the named parts together and store the object.

        :param upload: the upload.
        :param wanted: part numbers and ETags (without quotes), in rising order.
        :param overwrite: whether an object that is there gives way.
        :return: the stored object's facts.
        :raises CosError: 400 for a part that is missing, differs or is out of order, 409 where an object is there that
            does not give way.
        """
        numbers = [number for number, _ in wanted]
        if not wanted or numbers != sorted(set(numbers)):
            raise CosRefusal(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
        for number, etag in wanted:
            if number not in upload.parts or upload.parts[number].etag != etag.lower():
                raise CosRefusal(400, "InvalidPart", f"Part {number} could not be found or its ETag does not match.")
        writer = self._store.writer()
        for number in numbers:
            with upload.parts[number].writer.path.open("rb") as file:
                while piece := file.read(_COPY_BYTES):
                    writer.write(piece)
        digests = b"".join(bytes.fromhex(upload.parts[number].etag) for number in numbers)
        etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(numbers)}"
        info = self._store.commit(writer, upload.bucket, upload.key, upload.headers, etag, overwrite=overwrite)
        self.abort(upload)
        return info

    def abort(self, upload: Upload) -> None:
        """Forget an upload and remove its parts."""
        self._uploads.pop(upload.upload_id, None)
        for part in upload.parts.values():
            part.writer.discard()
