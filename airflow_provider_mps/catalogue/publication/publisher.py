"""Publishes pictures: looks at what is there, and has COS do what is left, for many at once."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from airflow_provider_mps.catalogue.publication.steps import (
    Headers,
    Job,
    Outcome,
    Place,
    Step,
    finals_in_use,
    headers_for,
    is_of_another,
    is_outdated,
    step_for,
)
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.words import LineService
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome as Answered
from airflow_provider_mps.core.steps import Log
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.cos_regions import hooks_of
from airflow_provider_mps.pictures.labelled_copies import LABEL_UNREADABLE, LabelledPicture, labelled
from airflow_provider_mps.pictures.labels import Label, LabelError, SigningError
from airflow_provider_mps.pictures.labels.settings import LabelSettings
from airflow_provider_mps.services.profiles import AIDGE, MPS
from airflow_provider_mps.services.tencentcloud.objects import ObjectStat
from airflow_provider_mps.storage.failing import ErrorCount, while_it_changes
from airflow_provider_mps.storage.parallel import in_parallel

_MAKERS = {LineService.MPS: MPS, LineService.AIDGE: AIDGE}
_NOT_THERE = "NoSuchKey"


@dataclass(frozen=True)
class Target:
    """How pictures are published.

    :param conn_id: Airflow connection for COS; None for the environment
    :param region: region of the bucket with the final keys; None for that of the connection
    :param cache_control: ``Cache-Control`` of published pictures; None for that of their source
    :param labels: how they are labelled; None for copies of their sources
    """

    conn_id: str | None
    region: str | None
    cache_control: str | None
    labels: LabelSettings | None = None


class Publisher:
    """Publishes the pictures of a run.

    :param target: how
    :param record: what is known of the catalogue
    :param task: the Airflow task
    :param log: takes lines for the log
    :ivar outcomes: what came of each job, by its index, also when :meth:`run` fails; a job that was left out has none
    """

    def __init__(self, target: Target, record: CatalogueRecord, task: TaskKey, log: Log) -> None:
        self._target = target
        self._record = record
        self._task = task
        self._log = log
        self._errors = ErrorCount()
        self._hooks: dict[str | None, CosHook] = {}
        self._wanted: set[Place] = set()
        self._in_use: Mapping[str, int] = {}
        self.outcomes: dict[int, Outcome] = {}

    def run(self, jobs: Iterable[Job], *, total: int, max_workers: int, stop: threading.Event) -> None:
        """Publish all; raise once so many have failed that all would.

        :param jobs: what there is to do; taken twice
        :param total: how many that are
        :param max_workers: how many at once
        :param stop: set when the task is at its end
        :raises TencentCloudError: COS did not answer, for picture after picture
        :raises TencentCloudPermanentError: COS refused, for picture after picture
        """
        self._stop = stop
        regions = {self._target.region}
        for job in jobs:
            if job.source is not None:
                self._wanted.add(job.final)
                regions.add(job.region)
            elif not self._in_use:
                self._in_use = finals_in_use(self._record)
        self._hooks = hooks_of(regions, lambda region: CosHook(self._target.conn_id, region=region))
        in_parallel(
            self._carry,
            enumerate(jobs),
            total=total,
            max_workers=max_workers,
            done="Published",
            log_line=self._log.info,
            stop=stop,
        )

    def _carry(self, numbered: tuple[int, Job]) -> None:
        index, job = numbered
        try:
            outcome = while_it_changes(partial(self._once, job))
        except ServiceError as error:
            self._log.warning("%s was not published: %s", job.final, error)
            self._errors.add(error)
            told = {"Code": error.code, "Message": error.message, "RequestId": error.request_id}
            remedy = f"{error.service} {error.action}: {error.hint.rstrip('.')}" if error.hint else ""
            outcome = Outcome(error=told, remedy=remedy, is_final=error.outcome is Answered.REFUSED)
        except LabelError as error:
            outcome = self._unlabelled(job, error)
        if outcome is not None:
            self.outcomes[index] = outcome

    def _once(self, job: Job) -> Outcome | None:
        return self._unpublish(job) if job.source is None else self._publish(job, job.source)

    def _publish(self, job: Job, source: Place) -> Outcome | None:
        state = self._record.state(job.item)
        if is_outdated(job, state, self._task):
            self._log.warning("%s is left as it is: another run has made a newer picture of it", job.item)
            return None
        made, final = self._look(source, job.region), self._look(job.final)
        headers = headers_for(job, self._target.cache_control)
        label, form = self._label(job)
        step = step_for(job, made, final, state.published, headers, form)
        if step is Step.GONE:
            said = f"{source} is not there any more: the next plan has the picture made again"
            return Outcome(error={"Code": PICTURE_GONE, "Message": said, "RequestId": ""}, is_final=True)
        if step is Step.NONE:
            return Outcome(final, self._kept_before(job))
        try:
            if label is None:
                kept = self._keep(job, final) if step is Step.COPY else self._kept_before(job)
                return Outcome(self._copy(job, source, headers), kept)
            # Nothing is kept, nor replaced, for a picture that cannot be labelled.
            labelled = self._labelled(job, source, made, final, label)
            kept = self._keep(job, final) if step is Step.COPY else self._kept_before(job)
            return Outcome(labelled.store(self._hook, job.final.key, job.final.bucket, headers.stored), kept)
        except ServiceError as error:
            if error.code != _NOT_THERE:
                raise
            # Removed since it was looked at.
            gone = {"Code": PICTURE_GONE, "Message": error.message, "RequestId": error.request_id}
            return Outcome(error=gone, is_final=True)

    def _copy(self, job: Job, source: Place, headers: Headers) -> ObjectStat:
        return self._hook.copy_object(
            str(source),
            job.final.key,
            job.final.bucket,
            content_type=headers.content_type,
            cache_control=headers.cache_control,
            source_region=job.region,
        )

    def _label(self, job: Job) -> tuple[Label | None, str | None]:
        """Return what is to be said of a picture, and the form of that."""
        if self._target.labels is None:
            return None, None
        # Where the service's id is not known, what tells pictures of the item apart.
        label = self._target.labels.label(_MAKERS[job.service], job.task_id or job.fingerprint)
        return label, self._target.labels.form_of(label)

    def _labelled(
        self, job: Job, source: Place, made: ObjectStat | None, final: ObjectStat | None, label: Label
    ) -> LabelledPicture:
        """Label the picture: that which was made, or the one that is published where that is no more."""
        assert self._target.labels is not None  # noqa: S101
        if made is not None:
            return labelled(self._hooks[job.region], source.bucket, made, self._target.labels, label, self._stop)
        assert final is not None  # noqa: S101
        return labelled(self._hook, job.final.bucket, final, self._target.labels, label, self._stop)

    def _unlabelled(self, job: Job, error: LabelError) -> Outcome:
        self._log.warning("%s was not published: %s: %s", job.final, LABEL_UNREADABLE, error)
        told = {"Code": LABEL_UNREADABLE, "Message": f"{job.source}: {error}", "RequestId": ""}
        remedy = "have it made again (force of the plan), or publish it as it is with label=None"
        return Outcome(error=told, remedy=remedy, is_final=not isinstance(error, SigningError))

    def _unpublish(self, job: Job) -> Outcome | None:
        known = self._record.state(job.item).final
        if known is None:
            return Outcome()
        if known != str(job.final):
            self._log.warning("%s is left as it is: another run has published it elsewhere", job.item)
            return None
        if is_of_another(job, self._in_use, self._wanted):
            self._log.info("%s stays: another item is published there by now", job.final)
            return Outcome()
        final = self._look(job.final)
        kept = self._keep(job, final)
        self._hook.delete_object(job.final.key, job.final.bucket)
        return Outcome(kept=kept)

    def _keep(self, job: Job, final: ObjectStat | None) -> Place | None:
        """Keep what is under a final key; return where."""
        if job.kept is None or final is None:
            return None
        # As it was looked at: another who publishes the same may have put the new one there since.
        self._hook.copy_object(
            str(job.final), job.kept.key, job.kept.bucket, if_match=final.etag, source_region=self._target.region
        )
        return job.kept

    def _kept_before(self, job: Job) -> Place | None:
        """Return where an earlier try has kept the picture before; None if there is none."""
        return None if job.kept is None or self._look(job.kept) is None else job.kept

    def _look(self, place: Place, region: str | None = None) -> ObjectStat | None:
        hook = self._hooks[region] if region is not None else self._hook
        return hook.stat_object(place.key, place.bucket)

    @property
    def _hook(self) -> CosHook:
        return self._hooks[self._target.region]
