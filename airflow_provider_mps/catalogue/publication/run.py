"""The publication of a run: its files are read, its pictures published, and what came of it is written."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from airflow_provider_mps.catalogue.addresses import new_name, run_folder
from airflow_provider_mps.catalogue.approval.answers import Answer, decide
from airflow_provider_mps.catalogue.approval.applied import Applied
from airflow_provider_mps.catalogue.approval.candidates import candidates_of
from airflow_provider_mps.catalogue.lines import PictureLine, Published, is_rejected
from airflow_provider_mps.catalogue.picture_files import read_pictures
from airflow_provider_mps.catalogue.publication.publisher import Publisher, Target
from airflow_provider_mps.catalogue.publication.steps import (
    Job,
    Outcome,
    announced,
    check_finals,
    events_of,
    has_changed,
    job_of,
)
from airflow_provider_mps.catalogue.record.events import Event
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.catalogue.words import Kind
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError, beneath
from airflow_provider_mps.core.cos_address import CosAddress, cos_address, is_cos
from airflow_provider_mps.core.progress import and_more, counted
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import write_lines

# Of an outcome, for counts.
PUBLISHED, UNCHANGED, UNPUBLISHED = "published", "unchanged", "unpublished"
FAILED, LEFT, WITHOUT_PICTURE, REJECTED = "failed", "left", "without_picture", "rejected"
NOT_APPROVED = "not_approved"
# Kinds of failures in an error.
_SHOWN_KINDS = 3
_KINDS = (PUBLISHED, UNCHANGED, UNPUBLISHED, FAILED, LEFT, WITHOUT_PICTURE, REJECTED, NOT_APPROVED)


class Failure(NamedTuple):
    """A picture that was not published.

    :param item: its item
    :param remedy: what COS was asked for, and what can be done about it; empty where nothing is known
    :param is_final: whether a retry would end the same way
    """

    item: str
    code: str
    message: str
    remedy: str
    is_final: bool


def summary(failures: Sequence[Failure]) -> str:
    """Return what has failed in short: code and remedy first, as the log page cuts lines."""
    alike: dict[tuple[str, str], list[Failure]] = {}
    for one in failures:
        alike.setdefault((one.code, one.remedy), []).append(one)
    told = []
    for (code, remedy), found in list(alike.items())[:_SHOWN_KINDS]:
        first = found[0]
        told.append(": ".join(filter(None, (code, remedy, f"{first.item}{and_more(len(found) - 1)}", first.message))))
    if len(alike) > _SHOWN_KINDS:
        told.append(f"and {counted(len(alike) - _SHOWN_KINDS, 'kind')} more")
    return "; ".join(told)


class PublishRun:
    """Publishes the pictures of one or several files.

    :param files: reaches the storage
    :param catalogue: address of the catalogue's folder
    :param paths: addresses of files with pictures
    :param task: the Airflow task
    :param log: of the Airflow task
    """

    def __init__(self, files: Files, catalogue: str, paths: Sequence[str], task: TaskKey, log: Any) -> None:
        self._files = files
        self._catalogue = catalogue
        self._paths = paths
        self._task = task
        self._log = log
        self._store = RecordStore(files, catalogue)
        self._jobs: list[Job | None] = []
        self._before = CatalogueRecord()
        self._outcomes: dict[int, Outcome] = {}
        self._applied: Applied | None = None

    def read(
        self, keep_previous: CosAddress | None, *, unchecked: bool, answers: Sequence[Answer] | None = None
    ) -> None:
        """Read what there is to do, and check it: nothing is copied before all of it can be.

        :param keep_previous: folder for the pictures before
        :param unchecked: whether pictures are published that no check has looked at
        :param answers: what people have answered; None where nobody is asked, and all is published
        :raises InvalidArgumentError: a line cannot be used, or two want one final key
        :raises UnreadableLinesError: a file cannot be read
        :raises RecordUnreadableError: the record cannot be read
        """
        own = {"keep_previous": keep_previous} if keep_previous is not None else {}
        if is_cos(self._catalogue):
            for what in ("record", "runs"):
                own[f"the folder {what} of the catalogue"] = _folder(beneath(self._catalogue, what))
        with invalid_arguments_fail():
            if answers is not None:
                self._decide(answers)
            for line in self._lines():
                job = None if _is_left_out(line) else job_of(line, keep_previous)
                self._jobs.append(job)
                if not unchecked and job is not None and job.source is not None and "check" not in line:
                    raise ArgumentError(
                        f"pictures: no check has looked at {job.item}: give what PictureCheckOperator returns, or "
                        "publish what nobody has looked at with unchecked=True"
                    )
            check_finals((job for job in self._jobs if job is not None), own)
        self._before = self._store.read()

    def publish(self, target: Target, max_workers: int, stop: threading.Event) -> None:
        """Publish, and put on record what was published, also when it comes to an end before all is.

        :param target: how
        :param max_workers: how many at once
        :param stop: set when the task is at its end
        """
        numbered = [(index, job) for index, job in enumerate(self._jobs) if job is not None]
        self._announce()
        publisher = Publisher(target, self._before, self._task, self._log)
        try:
            publisher.run([job for _, job in numbered], total=len(numbered), max_workers=max_workers, stop=stop)
        except BaseException:
            self._outcomes = {numbered[at][0]: outcome for at, outcome in publisher.outcomes.items()}
            try:
                self._record()
            except Exception as error:
                self._log.warning("What was published is not on record, the next try puts it there: %s", error)
            raise
        self._outcomes = {numbered[at][0]: outcome for at, outcome in publisher.outcomes.items()}
        self._record()

    def write(self, try_number: int, run_began: float | None) -> tuple[str, dict[str, int], list[str]]:
        """Write the file of what came of each line.

        :param try_number: of the Airflow task
        :param run_began: when the DAG run began, seconds since the epoch
        :return: its address, how many there are of each kind, and the products of which something has changed
        """
        folder = run_folder(self._catalogue, self._task)
        address = beneath(folder, new_name(Kind.PUBLISHED, self._task, try_number))
        counts = Counter(dict.fromkeys(_KINDS, 0))
        changed: dict[str, None] = {}
        moved: list[str] = []

        def lines() -> Iterator[Mapping[str, Any]]:
            for index, line in enumerate(self._lines()):
                job, outcome = self._jobs[index], self._outcomes.get(index)
                kind = REJECTED if is_rejected(line) else self._kind(line, job, outcome, run_began)
                counts[kind] += 1
                if job is None or outcome is None:
                    yield line
                    continue
                if kind in (PUBLISHED, UNPUBLISHED):
                    changed[job.sku] = None
                if kind == PUBLISHED and line["was"] not in (None, str(job.final)):
                    moved.append(str(line["was"]))
                yield {**line, "published": _published(job, outcome, is_changed=kind in (PUBLISHED, UNPUBLISHED))}

        write_lines(self._files, address, lines())
        if moved:
            said = "%s published under another key than before; what is under the old one stays there, such as %s"
            self._log.warning(said, f"{counted(len(moved), 'picture')} {'is' if len(moved) == 1 else 'are'}", moved[0])
        return address, dict(counts), list(changed)

    def published(self) -> Iterator[tuple[str, str]]:
        """Give where each picture that is published was made, and its final address."""
        for index, outcome in sorted(self._outcomes.items()):
            job = self._jobs[index]
            if job is not None and job.source is not None and outcome.error is None:
                yield str(job.source), str(job.final)

    def failures(self) -> list[Failure]:
        """Return what has failed."""
        found = ((self._jobs[index], outcome) for index, outcome in sorted(self._outcomes.items()))
        return [
            Failure(job.item, one.error["Code"], one.error["Message"], one.remedy, one.is_final)
            for job, one in found
            if job is not None and one.error is not None
        ]

    def _kind(self, line: PictureLine, job: Job | None, outcome: Outcome | None, run_began: float | None) -> str:
        if job is None:
            return NOT_APPROVED if _is_left_out(line) else WITHOUT_PICTURE
        if outcome is None:
            return LEFT
        if outcome.error is not None:
            return FAILED
        if job.source is None:
            return UNPUBLISHED
        return PUBLISHED if has_changed(job, outcome, self._before.state(job.item), run_began) else UNCHANGED

    def _announce(self) -> None:
        """Put new final keys on record before anything is under them: who dies in between leaves nothing unknown."""

        def decide(known: CatalogueRecord) -> list[Event]:
            jobs = (job for job in self._jobs if job is not None)
            return list(filter(None, (announced(job, known.state(job.item), self._task) for job in jobs)))

        self._store.update(self._task, decide, time.time())

    def _record(self) -> None:
        def decide(known: CatalogueRecord) -> list[Event]:
            found: list[Event] = []
            for index, outcome in sorted(self._outcomes.items()):
                job = self._jobs[index]
                if job is not None:
                    found += events_of(job, outcome, known.state(job.item))
            return found

        self._store.update(self._task, decide, time.time(), self._before)

    def _decide(self, answers: Sequence[Answer]) -> None:
        candidates = list(candidates_of(read_pictures(self._files, self._paths)))
        decided = decide(candidates, answers)
        self._applied = Applied(candidates, decided.approvals)
        approved = sum(one.approved for one in decided.approvals)
        self._log.info("%s of %s approved", f"{approved:,}", counted(len(candidates), "picture"))
        if decided.strays:
            self._log.warning(
                "%s chosen of a picture that is not here: it is of another round, or was made anew since it was asked "
                "about. Nothing is approved by that",
                counted(decided.strays, "option"),
            )

    def _lines(self) -> Iterator[PictureLine]:
        """Give the lines, with what was said of each."""
        lines = read_pictures(self._files, self._paths)
        if self._applied is None:
            return lines
        applied = self._applied
        return (cast(PictureLine, applied.to(index, line)) for index, line in enumerate(lines))


def _is_left_out(line: PictureLine) -> bool:
    approval = line.get("approval")
    return approval is not None and not approval["approved"]


def _published(job: Job, outcome: Outcome, *, is_changed: bool) -> Published:
    if outcome.error is not None:
        return {"error": dict(outcome.error)}
    found: Published = {"final": str(job.final), "kept": None if outcome.kept is None else str(outcome.kept)}
    if outcome.stat is not None:
        found["size"], found["crc64"] = outcome.stat.size, outcome.stat.crc64
    found["changed"] = is_changed
    return found


def _folder(address: str) -> CosAddress:
    with invalid_arguments_fail():
        return cos_address("catalogue", address)
