"""Which pictures there are to label, in what tasks have returned, and what is left to do: decisions alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.cos_address import CosAddress
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.pictures.labels.aigc import LabelError
from airflow_provider_mps.pictures.labels.note import content_tag, read_note
from airflow_provider_mps.services.profiles import AIDGE, MPS
from airflow_provider_mps.services.tencentcloud.objects import ObjectStat


@dataclass(frozen=True, slots=True)
class LabelJob:
    """A picture to label.

    :param bucket: its bucket; None for that of the connection
    :param region: its region; None for that of the connection
    :param key: its key
    :param to_bucket: bucket of the labelled picture; None for that of the connection
    :param to_key: its key
    :param produce_id: what the service calls the picture
    :param maker: the service that has made it
    :param etag: that it must have; None for any
    """

    bucket: str | None
    region: str | None
    key: str
    to_bucket: str | None
    to_key: str
    produce_id: str
    maker: ServiceProfile
    etag: str | None = None

    @property
    def is_in_place(self) -> bool:
        """Whether the labelled picture takes the place of the one without."""
        return (self.bucket, self.key) == (self.to_bucket, self.to_key)

    def __str__(self) -> str:
        return f"cos://{self.bucket or ''}{self.key}"


class LabelStep(StrEnum):
    """What there is to do about a picture."""

    NONE = "none"
    """It is labelled as it is to be."""
    LABEL = "label"
    GONE = "gone"
    """It is not there any more."""
    OTHER = "other"
    """Another picture is there, of which nothing is known."""


def jobs_of(result: Mapping[str, Any], dest: CosAddress | None) -> list[LabelJob]:
    """Return what there is to label of a result: its pictures in COS, in their order.

    :param result: of a task, or an entry of a batch; one with ``Error`` has none
    :param dest: folder for the labelled pictures; None for in place
    :raises ArgumentError: an output cannot be used
    """
    outputs = result.get("Outputs")
    if not isinstance(outputs, list):
        raise ArgumentError(f"pictures: expected a result with its Outputs, got {result!r:.80}")
    if result.get("Error"):
        return []
    task_id = str(result.get("TaskId") or "")
    found: list[LabelJob] = []
    for output in outputs:
        if not isinstance(output, Mapping) or not (output.get("path") or output.get("content")):
            arguments.fail("pictures", output, "outputs with the path of a COS object")
        if output.get("path"):
            found.append(_job(output, task_id, len(found), dest))
    return found


def _job(output: Mapping[str, Any], task_id: str, number: int, dest: CosAddress | None) -> LabelJob:
    key = arguments.cos_key("pictures", output["path"])
    bucket, region = (str(output[name]) if output.get(name) else None for name in ("bucket", "region"))
    # Each picture of a task is one by itself.
    produce_id = (task_id if number == 0 else f"{task_id}-{number + 1}") if task_id else key.rpartition("/")[2]
    to = (bucket, key)
    if dest is not None:
        folder = dest.path.rstrip("/")
        to = (dest.bucket or bucket, arguments.cos_key("dest", arguments.beneath(folder, key.removeprefix("/"))))
    return LabelJob(bucket, region, key, *to, produce_id, maker_of(task_id))


def maker_of(task_id: str) -> ServiceProfile:
    """Return the service that a task is of: an id of digits alone is one of Aidge."""
    return AIDGE if task_id.isascii() and task_id.isdigit() else MPS


def check_places(jobs: Iterable[LabelJob]) -> None:
    """Check, before anything is labelled, that no two pictures would be one object.

    :raises ArgumentError: two would
    """
    taken: dict[tuple[str | None, str], LabelJob] = {}
    for job in jobs:
        other = taken.setdefault((job.to_bucket, job.to_key), job)
        if (other.bucket, other.key) != (job.bucket, job.key):
            raise ArgumentError(f"dest: {other} and {job} would both be {job.to_key}; label them apart")


def step_for(
    job: LabelJob, picture: ObjectStat | None, there: ObjectStat | None, form: str, *, is_drawn: bool
) -> LabelStep:
    """Say what is left to do.

    :param job: the picture
    :param picture: what is under its key; None if nothing is
    :param there: what is under the key of the labelled picture, which in place is the same
    :param form: of the label that it is to have
    :param is_drawn: whether a mark is drawn
    :raises LabelError: it is marked perhaps, and would be so twice
    """
    if picture is None:
        return LabelStep.GONE
    note = None if there is None else read_note(there)
    if job.is_in_place:
        if note is not None and note.form == form:
            return LabelStep.NONE
        if note is not None and is_drawn:
            raise LabelError("it is labelled in another way, and may be marked: label what it was made from, with dest")
    elif note is not None and (note.source, note.form) == (content_tag(picture), form):
        return LabelStep.NONE
    return LabelStep.OTHER if job.etag not in (None, picture.etag) else LabelStep.LABEL
