"""Carries tasks out: fetches the pictures, makes the new one and stores it."""

from __future__ import annotations

import json
from collections.abc import Callable

from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.cos.store import ObjectStore
from airflow_provider_mps.local.pictures.download import DownloadError, download, without_query
from airflow_provider_mps.local.pictures.product_pictures import PictureError, Pictures
from airflow_provider_mps.local.pictures.scores import measured
from airflow_provider_mps.local.pictures.wrong_pictures import spoil
from airflow_provider_mps.local.serving.work import WorkPool
from airflow_provider_mps.local.tencentcloud.errors import MpsTaskFailure
from airflow_provider_mps.local.tencentcloud.rules import Source
from airflow_provider_mps.local.tencentcloud.several import part
from airflow_provider_mps.local.tencentcloud.tasks import Task

MAX_INPUT_BYTES = 20 * 1024 * 1024
_CONTENT_TYPES = {"JPEG": "image/jpeg", "JPG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
# The documentation shows this number with an ErrMsg; which numbers there are it does not say.
_ERR_CODE = 40000
_NOT_READABLE = "SourceFileError.DownloadNotAccessible"


class Worker:
    """Carries tasks out, in the threads of a pool and the order of their submission.

    :param pool: does the work.
    :param store: holds the inputs in COS and takes the results.
    :param pictures: makes the pictures.
    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(self, pool: WorkPool, store: ObjectStore, pictures: Pictures, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._store = store
        self._pictures = pictures
        self._clock = clock

    def submit(self, task: Task) -> None:
        """Queue a task."""
        self._pool.queue(lambda: self._run(task))

    def _run(self, task: Task) -> None:
        try:
            if task.failure is None:
                self._work(task)
        except MpsTaskFailure as failure:
            task.failure = failure
        except PictureError as error:
            task.failure = MpsTaskFailure(_ERR_CODE, "SourceFileError", str(error))
        except Exception as error:  # The task ends in any case: a client that polls must see an end.
            task.failure = MpsTaskFailure(50000, "InternalError", f"{type(error).__name__}: {error}")
        finally:
            task.done = self._clock()

    def _work(self, task: Task) -> None:
        job, subject = task.job, self._fetch(task.job.subject)
        if job.assessed:
            task.text = task.text or json.dumps(measured(subject, job.assessed))
            return
        if job.fusion:
            background = self._fetch(job.background) if job.background else None
            # Without a seed every task of the same words looks different.
            seed: int | str = task.task_id if job.seed is None else job.seed
            made = [self._pictures.fuse(subject, background, job.prompt, seed, job.format, job.image_size, job.quality)]
        elif (count := len(job.paths)) > 1:
            parts = (part(subject, number, count) for number in range(count))
            made = [self._pictures.encode(piece, job.format, job.quality) for piece in parts]
        else:
            made = [self._pictures.encode(subject, job.format, job.quality)]
        if task.wrong is not None:
            made = [spoil(data, subject, task.wrong, job.format, job.quality) for data in made]
        headers = {"Content-Type": _CONTENT_TYPES.get(job.format, "application/octet-stream")}
        for path, data in zip(job.paths, made, strict=True):
            self._store.put(job.bucket, path[1:], [data], headers)

    def _fetch(self, source: Source) -> bytes:
        return self._download(source.url) if source.url else self._read(source)

    def _read(self, source: Source) -> bytes:
        try:
            self._store.check_bucket(source.bucket, source.region)
            data = self._store.read(source.bucket, source.key, MAX_INPUT_BYTES + 1)
        except CosRefusal as error:
            raise MpsTaskFailure(_ERR_CODE, _NOT_READABLE, f"{source}: {error.message}") from None
        return _checked(data, source)

    def _download(self, url: str) -> bytes:
        source = Source(url=without_query(url))
        try:
            data = download(url, MAX_INPUT_BYTES)
        except DownloadError as error:
            raise MpsTaskFailure(_ERR_CODE, _NOT_READABLE, f"{source}: {error}") from None
        return _checked(data, source)


def _checked(data: bytes, source: Source) -> bytes:
    if len(data) > MAX_INPUT_BYTES:
        raise MpsTaskFailure(_ERR_CODE, "SourceFileError", f"{source}: larger than {MAX_INPUT_BYTES // 2**20} MB")
    return data
