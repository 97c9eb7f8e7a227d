"""What was asked of the service, in order: the witness of tests."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.local.serving.texts import MASK, masked

MAX_RECORDS = 200_000

_SECRET_FIELDS = frozenset({"S3SecretId", "S3SecretKey"})


@dataclass(slots=True)
class JournalRecord:
    """One request to MPS, STS, COS or Aidge. It never holds a secret key, a token or an ``Authorization`` value,
    and of the addresses in its body no signature and no password.

    :param action: such as ``ProcessImage`` or ``GetObject``; for Aidge the API path, or ``GetResult`` for a download.
    :param n: the request's number, from 1.
    :param time: when its body had arrived, seconds since the epoch.
    :param secret_id: who signed, for Aidge the API key name; empty when that could not be verified.
    :param code: the error code of the answer; empty for success.
    :param http_status: the HTTP status of the answer; 0 when the connection was reset.
    :param body: the parsed request body; for COS the bucket, the key and the range, for Aidge
        without the bytes of pictures.
    :param task_id: the task that was created or asked for; empty without one.
    :param executed: whether the request was carried out, whatever the client saw of it.
    :param fault: the kind of the fault that decided the answer; empty without one.
    :param token_present: whether a session token travelled.
    :param region: the ``X-TC-Region`` header or the region in the COS host.
    :param host: the ``Host`` header.
    :param user_agent: the ``User-Agent`` header.
    :param trial: whether the request draws on the trial quota.
    """

    action: str
    n: int = 0
    time: float = 0.0
    secret_id: str = ""
    code: str = ""
    http_status: int = 200
    body: Any = None
    task_id: str = ""
    executed: bool = False
    fault: str = ""
    token_present: bool = False
    region: str = ""
    host: str = field(default="")
    user_agent: str = field(default="")
    trial: bool = False


class Journal:
    """The records of the latest requests, at most 200,000.

    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._records: deque[JournalRecord] = deque(maxlen=MAX_RECORDS)
        self._open: set[int] = set()
        self._count = 0

    def open(self, action: str, headers: Mapping[str, str]) -> JournalRecord:
        """Begin the record of a request; it has to enter the journal by :meth:`add`, however the request ends."""
        record = JournalRecord(
            action=action,
            time=self._clock(),
            token_present=bool(headers.get("x-tc-token") or headers.get("x-cos-security-token")),
            region=headers.get("x-tc-region", ""),
            host=headers.get("host", ""),
            user_agent=headers.get("user-agent", ""),
        )
        with self._lock:
            self._open.add(id(record))
        return record

    def add(self, record: JournalRecord) -> None:
        """Enter a record and give it its number, unless the journal was cleared since it began."""
        record.body = _clean(record.body)
        with self._lock:
            if id(record) not in self._open:
                return
            self._open.remove(id(record))
            self._count += 1
            record.n = self._count
            self._records.append(record)

    @property
    def under_way(self) -> int:
        """How many requests have begun and are not answered yet."""
        with self._lock:
            return len(self._open)

    def records(self, action: str | None = None) -> list[JournalRecord]:
        """Return the records of one action, or all, in order."""
        with self._lock:
            return [record for record in self._records if action is None or record.action == action]

    def clear(self) -> None:
        """Forget all requests, those under way too; numbers go on."""
        with self._lock:
            self._records.clear()
            self._open.clear()


def _clean(value: Any) -> Any:
    """Copy a request body without what would let a reader of the journal act as its sender."""
    if isinstance(value, dict):
        return {name: MASK if name in _SECRET_FIELDS else _clean(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, str):
        return masked(value)
    return value
