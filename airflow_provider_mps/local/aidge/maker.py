"""Carries the tasks of Aidge's stand-in out: fetches the picture, makes the results and keeps them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from airflow_provider_mps.local.aidge.files import ResultFiles
from airflow_provider_mps.local.aidge.rules import MAX_PICTURE_BYTES, AidgeJob, check_picture
from airflow_provider_mps.local.aidge.tasks import AidgeTask
from airflow_provider_mps.local.pictures.download import DownloadError, download, without_query
from airflow_provider_mps.local.pictures.product_pictures import PictureError
from airflow_provider_mps.local.pictures.scene_pictures import ScenePictures
from airflow_provider_mps.local.serving.work import WorkPool


class AidgeMaker:
    """Carries tasks out, in the threads of a pool and the order of their submission.

    :param pool: does the work.
    :param pictures: makes the pictures.
    :param files: takes the pictures.
    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(self, pool: WorkPool, pictures: ScenePictures, files: ResultFiles, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._pictures = pictures
        self._files = files
        self._clock = clock

    def submit(self, task: AidgeTask) -> None:
        """Queue a task."""
        self._pool.queue(lambda: self._run(task))

    def _run(self, task: AidgeTask) -> None:
        try:
            if not task.failed(0):
                self._work(task)
        except PictureError as error:
            task.failure, task.failure_inner = f"invalid input: {error}", False
        except Exception as error:  # The task ends in any case: a client that polls must see an end.
            task.failure, task.failure_inner = f"system error: {type(error).__name__}: {error}", False
        finally:
            # A picture has up to 4 MB, and thousands of tasks may be kept.
            task.job = dataclasses.replace(task.job, picture=b"")
            task.done = self._clock()

    def _work(self, task: AidgeTask) -> None:
        job = task.job
        picture = job.picture or _fetched(job)
        for number in range(job.count):
            if task.failed(number):
                continue
            try:
                data = self._pictures.make(picture, job.order, f"{task.task_id}/{number}", number)
            except PictureError as error:
                raise PictureError(f"{'imgBase64' if job.picture else 'imageFileUrl'}: {error}") from None
            self._files.save(task.task_id, number + 1, data)


def _fetched(job: AidgeJob) -> bytes:
    source = f"imageFileUrl {without_query(job.url)}"
    try:
        data = download(job.url, MAX_PICTURE_BYTES)
    except DownloadError as error:
        raise PictureError(f"{source} cannot be downloaded: {error}") from None
    try:
        check_picture(data)
    except PictureError as error:
        raise PictureError(f"{source} {error}") from None
    return data
