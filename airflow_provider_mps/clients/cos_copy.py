"""A copy inside of COS: its source is looked at before, the copy after it, and the two are compared."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_mps.clients.cos import Client, translate
from airflow_provider_mps.clients.cos_objects import ObjectPlace, StoredObject, copy, look
from airflow_provider_mps.core.errors import ServiceError, no_verdict
from airflow_provider_mps.core.outcomes import Outcome, Transport
from airflow_provider_mps.services.tencentcloud.codes import ALREADY_EXISTS, CHANGED, outcome_of_cos
from airflow_provider_mps.services.tencentcloud.integrity import copy_difference
from airflow_provider_mps.services.tencentcloud.objects import ObjectStat
from airflow_provider_mps.services.tencentcloud.words import Service

_CONFLICT, _NOT_FOUND, _PRECONDITION = 409, 404, 412


class CosCopy:
    """Copies one object, and again if need be: what an answer that was lost had copied counts.

    :param source: what is copied
    :param to: where to
    :param headers: what is to be stored with the copy in place of what the source has
    :param if_match: the ETag that the source must have; None for any
    :param overwrite: whether an object that is there gives way
    """

    def __init__(
        self, source: ObjectPlace, to: ObjectPlace, headers: Mapping[str, str], if_match: str | None, *, overwrite: bool
    ) -> None:
        self._source = source
        self._to = to
        self._headers = headers
        self._if_match = None if if_match is None else if_match.strip('"')
        self._overwrite = overwrite
        self._sent = False

    def run(self, source_client: Client, client: Client) -> ObjectStat:
        """Copy once.

        :raises ServiceError: there is no copy, or it is not what the source is
        """
        found = look(source_client, self._source)
        if found is None:
            raise _failed(self._source, "NoSuchKey", "there is no such object to copy", _NOT_FOUND)
        if self._if_match not in (None, found.stat.etag):
            raise _failed(self._source, CHANGED, f"the ETag is {found.stat.etag}, not {self._if_match}", _PRECONDITION)
        if not self._overwrite and (there := look(client, self._to)) is not None:
            if self._sent and copy_difference(found.digest, there.digest) is None:
                return there.stat
            raise _failed(self._to, ALREADY_EXISTS, "there is an object under the key of the copy", _CONFLICT)
        self._send(client, found)
        made = look(client, self._to)
        wrong = "it is not there" if made is None else copy_difference(found.digest, made.digest)
        if made is None or wrong:
            said = f"the copy of {self._source}: {wrong}"
            raise ServiceError(Service.COS, "CopyObject", str(self._to), Transport.NOT_WHOLE, said, "", Outcome.UNKNOWN)
        return made.stat

    def _send(self, client: Client, found: StoredObject) -> None:
        self._sent = True
        headers = {**found.headers, **self._headers} if self._headers else None
        failed = None
        try:
            copy(client, self._source, self._to, found.stat.etag, headers, overwrite=self._overwrite)
        except Exception as error:
            failed = translate("CopyObject", str(self._to), error)
        if failed is None:
            return
        if failed.code == CHANGED and self._if_match is None:
            raise no_verdict(failed, "the source has changed since it was looked at")
        raise failed


def _failed(place: ObjectPlace, code: str, said: str, status: int) -> ServiceError:
    return ServiceError(Service.COS, "CopyObject", str(place), code, said, "", outcome_of_cos(code, status))
