"""The record of a submission, and what a try of an Airflow task does about it.

The services have no client token, so a submission whose answer was not recorded may have been accepted and is paid for.
The record is written twice: the intent before the request, the id of the task after its answer. Whatever dies in
between, the next try finds either nothing sent, or an id, or a doubt. MPS has a list of tasks that resolves it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from airflow_provider_mps.core.airflow_task import AirflowTry
from airflow_provider_mps.core.errors import ServiceError, says_no_such_task
from airflow_provider_mps.core.fingerprint import Fingerprint
from airflow_provider_mps.core.tasks import TaskState

RECORD_VERSION = 1
# How long a submission may go on sending its request after it wrote down its intent: six attempts with their waits.
SENDING_SECONDS = 300.0
# TaskIds that a record remembers as not to be taken again; each try adds one at the most.
MAX_REPLACED = 20


class UnreadableRecordError(ValueError):
    """There is a record, but not one that this version can read."""


@dataclass(frozen=True)
class Record:
    """What is known of the submission of an Airflow task; kept through retries and clears.

    :param key: see :class:`Fingerprint`
    :param body: see :class:`Fingerprint`
    :param account: see :class:`Fingerprint`
    :param max_tries: ``max_tries`` of the task instance; it grows when a person clears the task, and only then
    :param intent: when the request was about to be sent, seconds since the epoch; None if it certainly was not executed
    :param task_id: the service's id of the task; None while it is not known
    :param accepted: when the service accepted the task, seconds since the epoch
    :param delivered: whether the Airflow task has returned its result
    :param replaced: TaskIds of earlier submissions of the same Airflow task
    :param loose: see :class:`Fingerprint`
    :param ahead: how far the service's clock was ahead of the one that ``intent`` is on, in seconds; None if not known
    :param cleared: when the first try after a clear took the task up, seconds since the epoch; None before any
    :param request_id: the service's id of the submission, which its support asks for; empty if not known
    """

    key: str
    body: str
    account: str
    max_tries: int
    intent: float | None = None
    task_id: str | None = None
    accepted: float | None = None
    delivered: bool = False
    replaced: tuple[str, ...] = ()
    loose: str = ""
    ahead: float | None = None
    cleared: float | None = None
    request_id: str = ""

    @property
    def task_ids(self) -> tuple[str, ...]:
        """TaskIds of all submissions that are known."""
        return self.replaced if self.task_id is None else (*self.replaced, self.task_id)

    @property
    def waits_from(self) -> float | None:
        """When waiting counts from, seconds since the epoch: a person who clears the task lets it wait anew."""
        return self.accepted if self.cleared is None else self.cleared

    @property
    def fingerprint(self) -> Fingerprint:
        """The request that the record is about."""
        return Fingerprint(self.key, self.body, self.account, self.loose)

    def is_signed_anew(self, fingerprint: Fingerprint, max_tries: int) -> bool:
        """Tell whether a request is the one on record, and differs in what may be a signature only.

        Nothing that Airflow tries again by itself has another picture; what a person has cleared may well have.
        """
        is_same = bool(self.loose) and (self.key, self.loose) == (fingerprint.key, fingerprint.loose)
        return is_same and self.body != fingerprint.body and self.max_tries == max_tries

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain JSON."""
        return {"version": RECORD_VERSION, **asdict(self), "replaced": list(self.replaced)}

    @classmethod
    def from_json(cls, value: Any) -> Record | None:
        """Read what :meth:`to_json` wrote; None for something else."""
        if not isinstance(value, Mapping) or value.get("version") != RECORD_VERSION:
            return None
        fields = {name: item for name, item in value.items() if name != "version"}
        try:
            record = cls(**{**fields, "replaced": tuple(fields["replaced"])})
            if not isinstance(fields["replaced"], list | tuple):
                return None
        except (KeyError, TypeError):
            return None
        return record if _is_sound(record) else None


def intend(
    record: Record | None, fingerprint: Fingerprint, *, max_tries: int, now: float, ahead: float | None = None
) -> Record:
    """Return the record for a submission that is about to be sent.

    :param ahead: see :class:`Record`
    """
    replaced = given_up(record).replaced if record else ()
    parts = {name: getattr(fingerprint, name) for name in ("key", "body", "account", "loose")}
    return Record(**parts, max_tries=max_tries, intent=now, replaced=replaced, ahead=ahead)


def not_sent(record: Record) -> Record:
    """Return the record after a submission that certainly was not executed."""
    return replace(record, intent=None)


def given_up(record: Record) -> Record:
    """Return the record once the result of its task does not count any more: the request is sent again."""
    return replace(record, intent=None, task_id=None, accepted=None, replaced=record.task_ids[-MAX_REPLACED:])


def accepted(record: Record, task_id: str, since: float, request_id: str = "") -> Record:
    """Return the record after the service has accepted the submission.

    :param since: when that was, seconds since the epoch
    :param request_id: see :class:`Record`
    """
    return replace(record, task_id=task_id, accepted=since, request_id=request_id)


def joined(record: Record, *, max_tries: int, now: float) -> Record:
    """Return the record once a try has taken up its task: a clear before that is dealt with, and waiting begins anew.

    :param now: seconds since the epoch
    """
    cleared = record.cleared if record.max_tries == max_tries else now
    return replace(record, max_tries=max_tries, delivered=False, cleared=cleared)


def delivered(record: Record) -> Record:
    """Return the record once the Airflow task has its result."""
    return replace(record, delivered=True)


@dataclass(frozen=True)
class Submit:
    """Send the request; ``why`` is for the log."""

    why: str


@dataclass(frozen=True)
class Join:
    """Look at a task that is known, then decide.

    :param record: the record that names it
    :param is_cleared: whether a person has cleared the Airflow task since
    :param other_account: whether the credentials have changed since
    :param service: whose task it is
    :param why: for the log
    """

    record: Record
    task_id: str
    is_cleared: bool
    other_account: bool
    service: str = field(kw_only=True)
    why: str = "which an earlier try has submitted"

    def __str__(self) -> str:
        return f"{self.service} task {self.task_id}"


@dataclass(frozen=True)
class LookUp:
    """Look whether the request was accepted.

    :param fingerprint: the request that may have been accepted
    :param since: when it was sent at the earliest, seconds since the epoch; None for as long as the service remembers
    :param until: since when certainly nobody sends it, seconds since the epoch
    :param sent_before: when it was sent at the latest, as far as that is known after a deferral too
    :param counts_from: when the time to wait began, seconds since the epoch
    :param is_planned: whether another process would come to the same question
    :param finished_count: whether a finished task is an answer; after a clear only one that still runs is
    :param newest_wins: whether an older submission of the same request may be found too
    :param not_these: TaskIds that are known to be others
    :param is_loose: whether a request that differs in what may be a signature only counts as well
    :param ahead: how far the service's clock was ahead of the one that ``since`` is on, in seconds; None if not known
    :param why: for the log
    """

    fingerprint: Fingerprint
    since: float | None
    until: float
    sent_before: float
    counts_from: float
    why: str
    is_planned: bool = True
    finished_count: bool = True
    newest_wins: bool = False
    not_these: tuple[str, ...] = ()
    is_loose: bool = False
    ahead: float | None = None

    @property
    def tokens(self) -> str:
        """The pattern of the token in the path of the picture."""
        return self.fingerprint.loose_tokens if self.is_loose else self.fingerprint.token


@dataclass(frozen=True)
class Joined:
    """The task is ours and is waited for, or is done: nothing is submitted."""

    state: TaskState


Plan = Submit | Join | LookUp


def plan(record: Record | None, fingerprint: Fingerprint, attempt: AirflowTry) -> Plan:
    """Decide how a try begins.

    :param record: the record of earlier tries, if there is one
    :param fingerprint: what this try asks for
    :param attempt: which try this is
    """
    if record is None or record.key != fingerprint.key:
        return _plan_without_record(fingerprint, attempt)
    is_signed_anew = record.is_signed_anew(fingerprint, attempt.max_tries)
    is_changed = record.body != fingerprint.body and not is_signed_anew
    if is_changed and (record.task_id or record.intent is not None):
        replaced = f"{attempt.service} task {record.task_id}" if record.task_id else "the submission of the earlier try"
        why = f"what is asked for has changed since {replaced}, which does not count any more"
        if record.loose and record.loose == fingerprint.loose:
            why += "; the address differs in what may be a signature only, but the task was cleared since"
        return Submit(why)
    if record.task_id is not None:
        return Join(
            record,
            record.task_id,
            is_cleared=record.max_tries != attempt.max_tries,
            other_account=record.account != fingerprint.account,
            service=attempt.service,
            why=f"{Join.why}; the address differs in what may be a signature only" if is_signed_anew else Join.why,
        )
    if record.intent is None:
        return Submit("the request of the earlier try was certainly not executed")
    return LookUp(
        record.fingerprint,
        record.intent,
        until=attempt.now,
        sent_before=max(attempt.began, record.intent + SENDING_SECONDS),
        counts_from=record.intent if record.max_tries == attempt.max_tries else attempt.began,
        why="a submission is on record without its answer",
        not_these=record.replaced,
        ahead=record.ahead,
    )


def after_look(
    join: Join, look: TaskState | ServiceError, *, accepts_final_failure: bool = False
) -> Joined | Submit | ServiceError:
    """Decide what a look at the known task means.

    :param accepts_final_failure: whether a failure that would come again is the end, unless a person wants it tried
    :return: what to do; an error that was no answer comes back as it is
    """
    if isinstance(look, ServiceError):
        if says_no_such_task(look) and join.other_account:
            return Submit(f"the credentials have changed, and the account does not know {join}")
        if says_no_such_task(look) and join.is_cleared:
            return Submit(f"the task was cleared, and {join.service} does not know {join} any more")
        return look
    if look.failure is not None and accepts_final_failure and look.failure.is_final and not join.is_cleared:
        return Joined(look)
    if look.failure is not None:
        return Submit(f"{join} failed ({look.failure})")
    if look.result is not None and join.is_cleared and join.record.delivered:
        return Submit(f"the task was cleared after it had returned {join}")
    return Joined(look)


def _plan_without_record(fingerprint: Fingerprint, attempt: AirflowTry) -> Submit | LookUp:
    if attempt.try_number <= 1 and not attempt.has_submitted:
        return Submit("first try")
    if attempt.is_cleared:
        return LookUp(
            fingerprint,
            None,
            until=attempt.now,
            sent_before=attempt.began,
            counts_from=attempt.began,
            why="the task was cleared, and a picture that is still being made would be joined",
            finished_count=False,
        )
    if attempt.keeps_records and not attempt.has_submitted:
        return Submit("no earlier try came as far as submitting")
    # A clear of the whole run sets its beginning anew, and so says nothing of the tries before.
    was_cleared = attempt.max_tries != attempt.retries
    return LookUp(
        fingerprint,
        None if was_cleared else attempt.run_began,
        until=attempt.now,
        sent_before=attempt.began,
        counts_from=attempt.began,
        why="earlier tries left no record",
        newest_wins=True,
        # Nor does it say whether a person has put another picture there.
        is_loose=not was_cleared,
    )


def _is_sound(record: Record) -> bool:
    texts = (record.key, record.body, record.account, record.loose, record.request_id)
    numbers = (record.intent, record.accepted, record.ahead, record.cleared)
    return (
        all(isinstance(text, str) for text in (*texts, *record.replaced))
        and isinstance(record.max_tries, int)
        and not isinstance(record.max_tries, bool)
        and isinstance(record.delivered, bool)
        and isinstance(record.task_id, str | None)
        and all(number is None or _is_finite(number) for number in numbers)
        and (record.task_id is None or record.accepted is not None)
    )


def _is_finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
