"""What is known of an item of a catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.services.tencentcloud.answers import cos_object

# Runs that an item is remembered to have been planned by in vain.
MAX_FORMER = 10


class Writer(NamedTuple):
    """The Airflow task that has written to the record."""

    dag_id: str
    run_id: str
    task_id: str

    def is_same_run(self, other: Writer | TaskKey) -> bool:
        """Tell whether both are tasks of one DAG run."""
        return (self.dag_id, self.run_id) == (other.dag_id, other.run_id)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A run is going to make an item, so that no other one does meanwhile.

    :param fingerprint: of what it is made from
    :param run: who reserved it
    :param at: when, seconds since the epoch
    :param forced: whether it makes it whatever is known of it: that is still wanted if the run dies
    :param former: who had reserved it before, and never said what came of it; the newest first. What they were to make
        may have been another picture
    """

    fingerprint: str
    run: Writer
    at: float
    forced: bool = False
    former: tuple[Writer, ...] = ()

    def before(self, later: Reservation) -> Reservation:
        """Return the reservation of whoever plans it next, who remembers this one."""
        all_former = (self.run, *self.former)
        former = tuple(other for other in all_former if not other.is_same_run(later.run))
        return replace(later, former=former[:MAX_FORMER])


@dataclass(frozen=True, slots=True)
class Made:
    """The last picture that was made of an item, and paid for.

    :param fingerprint: of what it was made from
    :param bucket: bucket of the picture
    :param region: its region
    :param path: its key, with a leading ``/``
    :param task_id: the service's id of the task that made it; None where it is not known
    :param at: when that came on record, seconds since the epoch
    """

    fingerprint: str
    bucket: str
    region: str
    path: str
    task_id: str | None
    at: float

    @property
    def picture(self) -> dict[str, Any]:
        """The picture as results have it: ``{"bucket", "region", "path", "cos_uri", "url"}``."""
        return cos_object(self.bucket, self.region, self.path)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the last try to make an item has failed.

    :param fingerprint: of what it was to be made from
    :param code: code of the error
    :param message: the service's words
    :param request_id: id of the request that was refused; empty where there is none
    :param task_id: the service's id of the task; None where none was accepted
    :param is_final: whether the same request would fail again
    :param at: when that came on record, seconds since the epoch
    """

    fingerprint: str
    code: str
    message: str
    request_id: str
    task_id: str | None
    is_final: bool
    at: float


@dataclass(frozen=True, slots=True)
class Publication:
    """What is under the final key of an item.

    :param fingerprint: of what the picture was made from
    :param final: where it is, ``cos://bucket/key``
    :param etag: its ETag
    :param size: its size in bytes
    :param at: when that came on record, seconds since the epoch
    """

    fingerprint: str
    final: str
    etag: str
    size: int
    at: float


@dataclass(frozen=True, slots=True)
class Rejection:
    """Which pictures of an item the check has rejected.

    :param fingerprint: of what they were made from
    :param pictures: what tells each from the others, see :func:`~airflow_provider_mps.catalogue.lines.picture_id`; the
        newest last
    :param codes: why, of the newest
    :param at: when that came on record, seconds since the epoch
    """

    fingerprint: str
    pictures: tuple[str, ...]
    codes: tuple[str, ...]
    at: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the service that made a picture says of it, for which it is paid.

    :param picture: which picture of the item
    :param attributes: what it was asked for scores of last, in order
    :param runs: who has asked that and has no answer on record; the newest first
    :param answered: the attributes that it has answered about, in order
    :param scores: its scores of these, by attribute, as far as they could be read
    :param said: how its answer begins, where there is no score of an attribute to be read; else empty
    :param at: when that came on record, seconds since the epoch
    """

    picture: str
    attributes: tuple[str, ...]
    runs: tuple[Writer, ...]
    answered: tuple[str, ...]
    scores: Mapping[str, float] = field(hash=False)
    said: str
    at: float


@dataclass(frozen=True, slots=True)
class Announcement:
    """A final key under which a picture may be, as a run was about to put one there.

    :param final: the final key, ``cos://bucket/key``
    :param at: when that came on record, seconds since the epoch
    """

    final: str
    at: float


@dataclass(frozen=True, slots=True)
class ItemState:
    """What is known of an item.

    :param since: since when it has been wanted without being made, as no run was allowed to pay for it, seconds since
        the epoch; None if it is not waiting
    :param planned: who is going to make it
    :param made: its last picture
    :param failed: why there is no newer one
    :param rejected: which pictures of it are not right; None since one was published
    :param publishing: where it is about to be published
    :param published: what is published of it
    :param opinion: what the service says of its last picture, where it was asked
    """

    since: float | None = None
    planned: Reservation | None = None
    made: Made | None = None
    failed: Failure | None = None
    rejected: Rejection | None = None
    publishing: Announcement | None = None
    published: Publication | None = None
    opinion: Opinion | None = None

    @property
    def final(self) -> str | None:
        """The final key under which a picture of it is, or may be; None where there certainly is none."""
        known = self.published or self.publishing
        return None if known is None else known.final


NOTHING = ItemState()
