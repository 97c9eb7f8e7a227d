"""Labels pictures in COS, several at once: each is looked at, and what is labelled as it is to be is left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome as Answered
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.cos_regions import hooks_of
from airflow_provider_mps.pictures.label_jobs import LabelJob, LabelStep, step_for
from airflow_provider_mps.pictures.labelled_copies import LABEL_UNREADABLE, labelled
from airflow_provider_mps.pictures.labels import LabelError, SigningError
from airflow_provider_mps.pictures.labels.note import read_note
from airflow_provider_mps.pictures.labels.settings import LabelSettings
from airflow_provider_mps.services.tencentcloud.objects import ObjectStat
from airflow_provider_mps.storage.failing import ErrorCount, while_it_changes
from airflow_provider_mps.storage.parallel import in_parallel


@dataclass(frozen=True, slots=True)
class Labelled:
    """What came of a picture.

    :param stat: the labelled one; None where there is none
    :param bucket: its bucket
    :param region: its region
    :param is_changed: whether it was labelled now
    :param error: why there is none: ``{"Code", "Message", "RequestId"}``
    :param is_final: whether another try would fail in the same way
    """

    stat: ObjectStat | None = None
    bucket: str = ""
    region: str = ""
    is_changed: bool = False
    error: dict[str, str] | None = None
    is_final: bool = False


class Labeller:
    """Labels pictures.

    :param settings: how
    :param hook_for: gives the hook for a region
    :param region: region of ``dest``; None for that of the connection
    :param log: takes lines for the log
    :ivar done: what came of each job, by its index, also when :meth:`run` fails
    """

    def __init__(
        self, settings: LabelSettings, hook_for: Callable[[str | None], CosHook], region: str | None, log: Any
    ) -> None:
        self._settings = settings
        self._hook_for = hook_for
        self._region = region
        self._log = log
        self._errors = ErrorCount()
        self._stop = threading.Event()
        self._hooks: dict[str | None, CosHook] = {}
        self.done: dict[int, Labelled] = {}

    def run(self, jobs: Sequence[LabelJob], max_workers: int, stop: threading.Event) -> None:
        """Label all; raise once COS has failed for so many that it would for all.

        :param max_workers: how many at once; each holds a picture, and its labelled copy
        :param stop: set when the task is at its end
        """
        self._stop = stop
        self._hooks = hooks_of({self._region, *(job.region for job in jobs)}, self._hook_for)
        in_parallel(
            self._carry,
            enumerate(jobs),
            total=len(jobs),
            max_workers=max_workers,
            done="Labelled",
            log_line=self._log.info,
            stop=stop,
        )

    def labelled(self, jobs: Sequence[LabelJob]) -> list[LabelJob]:
        """Return those of the jobs whose labelled picture is there."""
        return [jobs[index] for index, one in sorted(self.done.items()) if one.stat is not None]

    def _carry(self, numbered: tuple[int, LabelJob]) -> None:
        index, job = numbered
        try:
            self.done[index] = while_it_changes(partial(self._once, job))
        except LabelError as error:
            self._log.warning("%s was not labelled: %s: %s", job, LABEL_UNREADABLE, error)
            told = {"Code": LABEL_UNREADABLE, "Message": f"{job}: {error}", "RequestId": ""}
            self.done[index] = Labelled(error=told, is_final=not isinstance(error, SigningError))
        except ServiceError as error:
            self._log.warning("%s was not labelled: %s", job, error)
            self._errors.add(error)
            told = {"Code": error.code, "Message": error.message, "RequestId": error.request_id}
            self.done[index] = Labelled(error=told, is_final=error.outcome is Answered.REFUSED)

    def _once(self, job: LabelJob) -> Labelled:
        hook, to_hook = self._hooks[job.region], self._hooks[job.region if job.is_in_place else self._region]
        bucket, to_bucket = job.bucket or hook.bucket_name, job.to_bucket or to_hook.bucket_name
        picture = hook.stat_object(job.key, bucket)
        there = picture if job.is_in_place else to_hook.stat_object(job.to_key, to_bucket)
        label = self._settings.label(job.maker, job.produce_id)
        form, is_drawn = self._settings.form_of(label), self._settings.visible is not None
        step = step_for(job, picture, there, form, is_drawn=is_drawn)
        region = to_hook.region_name
        if step is LabelStep.NONE:
            return Labelled(there, to_bucket, region)
        if picture is None:
            told = {"Code": PICTURE_GONE, "Message": f"{job} is not there any more", "RequestId": ""}
            return Labelled(error=told, is_final=True)
        if step is LabelStep.OTHER:
            self._log.warning("%s is left as it is: another picture is there than the one on record", job)
            return Labelled(None, to_bucket, region)
        known = read_note(picture) if job.is_in_place else None
        source = None if known is None else known.source
        made = labelled(hook, bucket, picture, self._settings, label, self._stop, source=source)
        return Labelled(made.store(to_hook, job.to_key, to_bucket, {}), to_bucket, region, is_changed=True)
