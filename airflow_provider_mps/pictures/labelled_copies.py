"""Pictures in COS with a label: fetched, labelled, read back, and stored by one request each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.stopping import Stop
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.pictures.labels import Label, LabelError
from airflow_provider_mps.pictures.labels.note import content_tag, note_of
from airflow_provider_mps.pictures.labels.settings import LabelSettings
from airflow_provider_mps.services.tencentcloud.codes import CHANGED, outcome_of_cos
from airflow_provider_mps.services.tencentcloud.objects import LABEL_NOTE, ObjectStat
from airflow_provider_mps.services.tencentcloud.words import Service

if TYPE_CHECKING:
    from airflow_provider_mps.hooks.cos import CosHook

LABEL_UNREADABLE = "LabelUnreadable"
"""Code of a picture that cannot be labelled, or whose label cannot be read back."""
MAX_BYTES = 100_000_000
"""The largest picture that is labelled: each worker holds one, and its labelled copy."""
_PRECONDITION = 412


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture that was labelled, and whose label was read back.

    :param data: it
    :param headers: what was stored with it before, and the note
    """

    data: bytes
    headers: dict[str, str]

    def store(self, hook: CosHook, key: str, bucket: str, headers: dict[str, str]) -> ObjectStat:
        """Store it by one request: under the key is what was there before, or all of this.

        :param hook: for the region of the bucket
        :param headers: what is stored in place of what was stored with the picture
        :return: what is under the key now
        """
        return hook.put_object(key, self.data, {**self.headers, **headers}, bucket)


def labelled(
    hook: CosHook,
    bucket: str,
    stat: ObjectStat,
    settings: LabelSettings,
    label: Label,
    stop: Stop | None = None,
    *,
    source: str | None = None,
) -> LabelledPicture:
    """Fetch a picture and label it.

    :param hook: for its region
    :param bucket: its bucket
    :param stat: what COS says of it
    :param settings: how to label it
    :param label: what to say of it
    :param stop: ends the transfer between two pieces
    :param source: tag of what it was made from; default its own
    :raises LabelError: it cannot be labelled
    :raises ServiceError: COS did not answer or refused; with code ``PreconditionFailed`` the picture is another than
        the one that was looked at
    """
    if stat.size > MAX_BYTES:
        raise LabelError(f"it has {stat.size:,} bytes, and up to {MAX_BYTES:,} are labelled")
    found = hook.get_object(stat.key, bucket, stop)
    if content_tag(found.stat) != content_tag(stat):
        said = f"the ETag is {found.stat.etag}, not {stat.etag}"
        outcome = outcome_of_cos(CHANGED, _PRECONDITION)
        failed = ServiceError(Service.COS, "GetObject", f"cos://{bucket}{stat.key}", CHANGED, said, "", outcome)
        raise airflow_error(failed)
    from airflow_provider_mps.clients.cos import digest_of

    made = settings.apply(found.data, label)
    note = note_of(found.stat, digest_of(made), settings.form_of(label))
    if source is not None:
        note = note._replace(source=source)
    return LabelledPicture(made, {**found.headers, LABEL_NOTE: str(note)})
