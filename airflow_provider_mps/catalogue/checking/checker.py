"""Checks pictures where they are in COS, a few at a time in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.checking.jobs import CheckJob
from airflow_provider_mps.catalogue.plan.sources import CosSource
from airflow_provider_mps.core.progress import and_more
from airflow_provider_mps.core.steps import Log
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.cos_regions import hooks_of
from airflow_provider_mps.pictures.check import Bounds, Checked, Verdict, check_picture
from airflow_provider_mps.pictures.check.findings import SUBJECT_CODES
from airflow_provider_mps.storage.parallel import in_parallel


class Looked(NamedTuple):
    """What was found out about a result.

    :param checked: about its best picture: the first that is right, else the first
    :param which: of its pictures that is, from 0
    """

    checked: Checked
    which: int

    def first(self, outputs: Sequence[Any]) -> list[Any]:
        """Return the outputs of the result with this one first: that is the one that is published."""
        return [outputs[self.which], *outputs[: self.which], *outputs[self.which + 1 :]]


class Checker:
    """Reads pictures, with what they are made from, and checks them.

    :param conn_id: Airflow connection for COS; None for the environment
    :param bounds: how much a picture may differ
    :param max_workers: how many at once; each holds one picture and what it is compared with
    :param log: of the Airflow task
    """

    def __init__(self, conn_id: str | None, bounds: Bounds, max_workers: int, log: Log) -> None:
        self._conn_id = conn_id
        self._bounds = bounds
        self._max_workers = max_workers
        self._log = log
        self._hooks: dict[str, CosHook] = {}
        # Looks of one product follow each other, and many products have one background.
        self._source = lru_cache(maxsize=max_workers + 1)(self._read_source)
        self._missing: dict[str, None] = {}

    def look(self, jobs: Sequence[CheckJob], stop: threading.Event) -> list[Looked | None]:
        """Return what was found out about each; None for one whose picture is not there.

        :param stop: set when the task is at its end
        :raises TencentCloudError: COS does not answer, or refuses
        """
        new = {place.region for job in jobs for place in _places(job)} - self._hooks.keys()
        self._hooks |= hooks_of(new, lambda region: CosHook(self._conn_id, region=region))
        try:
            return in_parallel(
                self._look,
                jobs,
                total=len(jobs),
                max_workers=self._max_workers,
                done="Checked",
                log_line=self._log.info,
                stop=stop,
            )
        finally:
            self._source.cache_clear()
            self._tell_missing()

    def _look(self, job: CheckJob) -> Looked | None:
        first: Looked | None = None
        for index, place in enumerate(job.pictures):
            data = self._read(place)
            if data is None:
                continue
            subject = job.subject and self._source(job.subject)
            background = job.background and self._source(job.background)
            checked = check_picture(data, subject=subject, background=background, asked=job.asked, bounds=self._bounds)
            if job.subject is not None and subject is None:
                checked = _without_subject(checked, job.subject)
            if checked.verdict is not Verdict.REJECTED:
                return Looked(checked, index)
            first = first or Looked(checked, index)
        return first

    def _read_source(self, place: CosSource) -> bytes | None:
        data = self._read(place)
        if data is None:
            self._missing[str(place)] = None
        return data

    def _tell_missing(self) -> None:
        if self._missing:
            first, more = next(iter(self._missing)), and_more(len(self._missing) - 1)
            self._log.warning("Not there any more, so no result is compared with it: %s%s", first, more)
        self._missing.clear()

    def _read(self, place: CosSource) -> bytes | None:
        return self._hooks[place.region].read_object(place.key, place.bucket)


def _without_subject(checked: Checked, subject: CosSource) -> Checked:
    """Return what was found out, and say which subject is not where it was when the picture was made."""
    words = f"the subject {subject!s:.300} is not there any more"
    return replace(
        checked,
        findings=tuple(
            replace(one, words=words) if one.code in SUBJECT_CODES and one.verdict is Verdict.NOT_CHECKED else one
            for one in checked.findings
        ),
    )


def _places(job: CheckJob) -> list[CosSource]:
    return [*job.pictures, *(place for place in (job.subject, job.background) if place is not None)]
