"""Talk to Tencent Cloud COS: fetch and store objects, whole or not at all."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from airflow_provider_mps.clients.parts import part_of, remove_left_behind
from airflow_provider_mps.core.contenttypes import picture_type
from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.core.errors import ServiceError, no_verdict
from airflow_provider_mps.core.outcomes import Outcome, Transport
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.redaction import redact_urls
from airflow_provider_mps.core.stopping import Stop
from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.hooks.cos_objects import CosObjectsHook
from airflow_provider_mps.hooks.lineage import report_copy
from airflow_provider_mps.services.tencentcloud.answers import cos_object
from airflow_provider_mps.services.tencentcloud.codes import ALREADY_EXISTS
from airflow_provider_mps.services.tencentcloud.integrity import evidence
from airflow_provider_mps.services.tencentcloud.objects import (
    ObjectStat,
    WholeObject,
    headers_of_head,
    stat_of_head,
)
from airflow_provider_mps.services.tencentcloud.words import Service

# What the usual file systems take.
MAX_FILE_NAME_BYTES = 255


class CosHook(CosObjectsHook):
    """Downloads and uploads COS objects and verifies each by size and CRC64.

    Objects that COS keeps no CRC64 of, old ones and copies of such, are verified by their size and, where their ETag is
    one, by their MD5; the log says so.

    A request that was refused for good raises :class:`~airflow_provider_mps.exceptions.TencentCloudPermanentError`,
    which Airflow does not retry; anything else is tried again inside, 6 times in all, and then raises
    :class:`~airflow_provider_mps.exceptions.TencentCloudError`.

    :param tencentcloud_conn_id: Airflow connection of type ``tencentcloud`` (str); None reads the environment alone
    :param bucket: bucket with its APPID (str); default: the connection's ``cos_bucket``, ``TENCENTCLOUD_COS_BUCKET``
    :param region: region of the bucket (str); default: the connection's ``cos_region``, ``TENCENTCLOUD_COS_REGION``,
        ``ap-guangzhou``
    """

    # Whoever stores thousands of files tells of them in sums.
    logs_each = True
    # Tasks of this package report what they read and write themselves.
    reports_lineage = True

    def download_file(
        self, key: str, local_path: str | Path, bucket: str | None = None, stop: Stop | None = None
    ) -> Path:
        """Fetch an object into a file that is whole or absent.

        The object is written beside its destination, checked against what COS says of it, and renamed. On failure
        nothing new is left but the folder, and a file that was there before stays as it was.
        A symbolic link at the destination is replaced, not followed.

        :param key: key of the object
        :param local_path: file to make or to replace; its folder is made if need be
        :param bucket: another bucket than the hook's
        :param stop: ends the transfer between two pieces once it is set (``threading.Event``); default none
        :return: ``local_path``
        :raises TransferStoppedError: ``stop`` was set
        """
        from airflow_provider_mps.clients import cos

        path, bucket, key = _destination(local_path), self._bucket(bucket), self._key(key)
        target = f"cos://{bucket}{key}"

        def fetch() -> Path:
            client = self.get_conn()
            path.parent.mkdir(parents=True, exist_ok=True)
            if left := remove_left_behind(path.parent):
                self.log.info("Removed %s left behind in %s", counted(left, "part"), path.parent)
            with part_of(path, "cos") as (part, file):
                stored, arrived = cos.fetch(client, bucket, key, file, stop)
                self._verify("GetObject", target, stored, arrived)
                file.flush()
                part.replace(path)
            self.log.info("Fetched %s to %s (%d bytes, %s)", target, path, arrived.size, evidence(stored))
            return path

        found = self._resend("GetObject", target, fetch, stop)
        self._report(target, str(path))
        return found

    def upload_file(self, local_path: str | Path, key: str, bucket: str | None = None) -> dict[str, Any]:
        """Store a file as an object and verify what COS keeps.

        :param local_path: file to read
        :param key: key of the object; an object that is there already is replaced
        :param bucket: another bucket than the hook's
        :return: ``{"bucket", "region", "path", "cos_uri", "url"}``
        """
        from airflow_provider_mps.clients import cos

        path, bucket, key = Path(str(local_path)), self._bucket(bucket), self._key(key)
        if not path.is_file():
            raise InvalidArgumentError(f"local_path: expected a file that exists, got {redact_urls(str(local_path))!r}")
        target = f"cos://{bucket}{key}"

        def store() -> dict[str, Any]:
            client = self.get_conn()
            with path.open("rb") as file:
                stored, sent = cos.store(client, bucket, key, file, content_type_of(path.name, key))
            self._verify("PutObject", target, stored, sent)
            # What is uploaded may be a temporary file, and a log page shows the beginning.
            if self.logs_each:
                self.log.info("Stored %s (%d bytes, %s) from %s", target, sent.size, evidence(stored), path)
            return cos_object(bucket, self._region(), key)

        found = self._resend("PutObject", target, store)
        self._report(str(path), target)
        return found

    def read_object(self, key: str, bucket: str | None = None) -> bytes | None:
        """Return the bytes of a small object, verified; None if there is no such object.

        :param key: key of the object
        :param bucket: another bucket than the hook's
        """
        file = BytesIO()
        return file.getvalue() if self.fetch_object(key, file, bucket) else None

    def fetch_object(self, key: str, file: BinaryIO, bucket: str | None = None) -> bool:
        """Fetch an object into an open file, which holds nothing of use after an error, and verify it.

        :param key: key of the object
        :param file: is emptied first, and stands at its end afterwards
        :param bucket: another bucket than the hook's
        :return: False if there is no such object
        """
        from airflow_provider_mps.clients import cos

        place = self._place(key, bucket)

        def fetch() -> bool:
            file.seek(0)
            file.truncate()
            try:
                stored, arrived = cos.fetch(self.get_conn(), place.bucket, place.key, file)
            except Exception as error:
                if cos.translate("GetObject", str(place), error).code == "NoSuchKey":
                    return False
                raise
            self._verify("GetObject", str(place), stored, arrived)
            if stored.crc64 is None:
                self.log.info("Read %s (%d bytes, %s)", place, arrived.size, evidence(stored))
            return True

        return self._resend("GetObject", str(place), fetch)

    def write_object(
        self, key: str, data: bytes, content_type: str | None, bucket: str | None = None, *, overwrite: bool = True
    ) -> bool:
        """Store a small object, and verify what COS keeps; see :meth:`store_object`.

        :param key: key of the object
        :param data: its bytes
        :param content_type: MIME type (str or None)
        :param bucket: another bucket than the hook's
        :param overwrite: False lets an object that is there stay as it is
        :return: whether the object is the one that was written here; False only with ``overwrite=False``
        """
        return self.store_object(key, BytesIO(data), content_type, bucket, overwrite=overwrite)

    def store_object(
        self,
        key: str,
        file: BinaryIO,
        content_type: str | None = None,
        bucket: str | None = None,
        *,
        overwrite: bool = True,
    ) -> bool:
        """Store an open file, from its beginning, and verify what COS keeps.

        :param key: key of the object
        :param file: up to 5 GB; it may be read several times
        :param content_type: MIME type (str), default none
        :param bucket: another bucket than the hook's
        :param overwrite: False lets an object that is there stay as it is, also when many write at once
            (``x-cos-forbid-overwrite``, https://cloud.tencent.com/document/product/436/7749). An object that was made
            here is known by a mark in its metadata, ``x-cos-meta-writer``, when the answer was lost on its way
        :return: whether the object is the one that was written here; False only with ``overwrite=False``
        :raises TencentCloudPermanentError: with ``overwrite=False``, the bucket has or had versioning, where COS
            replaces objects all the same (code ``BucketHasVersions``)
        """
        from airflow_provider_mps.clients import cos, cos_objects

        place = self._place(key, bucket)
        writer = None if overwrite else uuid4().hex

        def write() -> bool:
            client = self.get_conn()
            file.seek(0)
            try:
                stored = cos.store(client, place.bucket, place.key, file, content_type, writer)
            except Exception as error:
                failed = cos.translate("PutObject", str(place), error)
                if writer is None or failed.code != ALREADY_EXISTS:
                    raise
                found = cos_objects.look(client, place)
                if found is None:
                    raise no_verdict(failed, "it was removed meanwhile") from None
                return found.writer == writer
            self._verify("PutObject", str(place), *stored)
            return True

        return self._resend("PutObject", str(place), write)

    def get_object(self, key: str, bucket: str | None = None, stop: Stop | None = None) -> WholeObject:
        """Return an object with its content, verified, and with the headers that were stored with it.

        :param key: key of the object
        :param bucket: another bucket than the hook's
        :param stop: ends the transfer between two pieces once it is set (``threading.Event``); default none
        :raises TransferStoppedError: ``stop`` was set
        :raises TencentCloudError: there is no such object (code ``NoSuchKey``), or COS did not answer
        """
        from airflow_provider_mps.clients import cos

        place = self._place(key, bucket)

        def get() -> WholeObject:
            file = BytesIO()
            stored, arrived, headers = cos.fetch_with_headers(self.get_conn(), place.bucket, place.key, file, stop)
            self._verify("GetObject", str(place), stored, arrived)
            stat = stat_of_head(place.key, headers)
            if stat is None:
                said = "the answer names neither size nor ETag"
                raise ServiceError(
                    Service.COS, "GetObject", str(place), Transport.NOT_VERIFIABLE, said, "", Outcome.UNKNOWN
                )
            return WholeObject(file.getvalue(), stat, headers_of_head(headers))

        return self._resend("GetObject", str(place), get, stop)

    def put_object(self, key: str, data: bytes, headers: Mapping[str, str], bucket: str | None = None) -> ObjectStat:
        """Store an object by one request, with headers, and verify what COS keeps.

        Under ``key`` there is at any time the object from before or the whole new one.

        :param key: key of the object; one that is there already is replaced
        :param data: its bytes
        :param headers: what is stored with it: ``Content-Type``, ``Cache-Control``, ``x-cos-meta-*`` and the like
        :param bucket: another bucket than the hook's
        :return: what is under the key now
        :raises TencentCloudError: it was not stored whole, or another has replaced it meanwhile (code ``NotWhole``)
        """
        from airflow_provider_mps.clients import cos, cos_objects

        place = self._place(key, bucket)

        def put() -> ObjectStat:
            client = self.get_conn()
            stored, sent = cos.store(client, place.bucket, place.key, BytesIO(data), None, headers=headers)
            self._verify("PutObject", str(place), stored, sent)
            found = cos_objects.look(client, place)
            if found is None:
                raise ServiceError(
                    Service.COS, "PutObject", str(place), Transport.NOT_WHOLE, "it is not there", "", Outcome.UNKNOWN
                )
            self._verify("PutObject", str(place), found.digest, sent)
            return found.stat

        return self._resend("PutObject", str(place), put)

    def _report(self, source: str, to: str) -> None:
        """Report to Airflow's hook lineage what was copied from where to where."""
        if self.reports_lineage:
            report_copy(self, source, to, self.log)

    def head_object(self, key: str, bucket: str | None = None) -> Digest:
        """Return size and CRC64 of an object.

        :raises TencentCloudError: there is no such object (code ``NoSuchResource``), or COS did not answer
        """
        from airflow_provider_mps.clients import cos

        bucket, key = self._bucket(bucket), self._key(key)
        return self._resend("HeadObject", f"cos://{bucket}{key}", lambda: cos.head(self.get_conn(), bucket, key))


def content_type_of(name: str, key: str) -> str | None:
    """Return the content type of a file by its name, or else by its key; None if neither says."""
    for candidate in (name, key):
        if found := picture_type(candidate):
            return found
        guessed, packing = mimetypes.guess_type(candidate.rpartition("/")[2])
        if guessed and packing is None:
            return guessed
    return None


def _destination(local_path: str | Path) -> Path:
    """Return the path of a file that can be made, as far as that shows beforehand."""
    path = Path(local_path)
    if len(path.name.encode()) > MAX_FILE_NAME_BYTES:
        raise InvalidArgumentError(
            f"local_path: expected a file name of at most {MAX_FILE_NAME_BYTES} bytes: {path.name!r}"
        )
    if str(local_path).endswith("/") or path.is_dir():
        raise InvalidArgumentError(f"local_path: expected a file, got the folder {str(local_path)!r}")
    blocking = next((parent for parent in path.parents if parent.exists()), path.parent)
    if blocking.exists() and not blocking.is_dir():
        raise InvalidArgumentError(f"local_path: {str(blocking)!r} is a file, so it cannot hold {str(path)!r}")
    return path
