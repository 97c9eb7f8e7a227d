"""Errors as Airflow sees them: what it retries, and what it does not.

Each carries its data as attributes and survives pickling.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, NamedTuple

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowTaskTimeout

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.vocabulary import LimitKind, Service
from airflow_provider_mps.services.tencentcloud.answers import TaskFailure
from airflow_provider_mps.services.tencentcloud.codes import NO_RESULT, Outcome


class TencentCloudError(ServiceError, AirflowException):
    """A call did not succeed now, and may later: Airflow retries the task."""


class TencentCloudPermanentError(ServiceError, AirflowFailException):
    """A call was refused for good (credentials, permission, invalid parameter): Airflow does not retry the task."""


class AidgeError(ServiceError, AirflowException):
    """A call to Aidge did not succeed now, and may later: Airflow retries the task."""


class AidgePermanentError(ServiceError, AirflowFailException):
    """A call to Aidge was refused for good (credentials, quota, invalid input): Airflow does not retry the task."""


class TransferStoppedError(AirflowException):
    """A transfer was broken off as its task came to its end; nothing of it is left."""


class InvalidArgumentError(ArgumentError, AirflowFailException):
    """A rendered argument cannot be used. Nothing was sent, and Airflow does not retry the task."""


class TaskFailedError(AirflowException):
    """A service finished its task without a good result.

    :param task_id: the service's id of the task
    :param code: the service's code; for MPS ``ErrCode`` and ``ErrMsg`` of the task
    :param message: the service's words
    """

    service: ClassVar[Service]
    _NEXT = "A retry of the submitting task submits again; a retry of a sensor only reads this answer again."

    def __init__(self, task_id: str, code: str, message: str) -> None:
        super().__init__(task_id, code, message)
        self.task_id = task_id
        self.code = code
        self.message = message

    def __str__(self) -> str:
        failure = TaskFailure(self.code, self.message, self.service)
        said = f"{self.service} task {self.task_id} finished without a result: {str(failure).rstrip('.')}."
        next_step = "A retry looks again, and submits nothing." if self.code == NO_RESULT else self._NEXT
        return " ".join(filter(None, (said, failure.hint, next_step)))


class TaskRefusedError(TaskFailedError, AirflowFailException):
    """So it did, and would end the same request the same way: Airflow does not retry."""

    _NEXT = "The same request would end the same way: the task fails without retries."


class TaskTimeoutError(AirflowException):
    """A service's task was not done at the deadline.

    :param task_id: the service's id of the task
    :param timeout: seconds waited for
    :param last_seen: what the last look showed
    """

    service: ClassVar[Service]

    def __init__(self, task_id: str, timeout: float, last_seen: str) -> None:
        super().__init__(task_id, timeout, last_seen)
        self.task_id = task_id
        self.timeout = timeout
        self.last_seen = last_seen

    def __str__(self) -> str:
        limit = f"timeout={self.timeout:g} s"
        return _too_late(self.service, self.task_id, limit, LimitKind.TIMEOUT, self.last_seen)


class TaskExecutionTimeoutError(AirflowTaskTimeout):
    """A service's task was not done when ``execution_timeout`` of its Airflow task had passed; Airflow retries it.

    :param task_id: the service's id of the task
    :param last_seen: what the last look showed
    :param joins: what a retry does, where that is not what a retry of the submitting task does
    """

    service: ClassVar[Service]

    def __init__(self, task_id: str, last_seen: str, joins: str = "") -> None:
        super().__init__(task_id, last_seen, joins)
        self.task_id = task_id
        self.last_seen = last_seen
        self.joins = joins

    def __str__(self) -> str:
        kind = LimitKind.EXECUTION_TIMEOUT
        return _too_late(self.service, self.task_id, kind, kind, self.last_seen, self.joins)


class MpsTaskFailedError(TaskFailedError):
    """MPS finished the task without a good result."""

    service = Service.MPS


class MpsTaskRefusedError(TaskRefusedError, MpsTaskFailedError):
    """MPS finished the task without a result, and would end the same request the same way: Airflow does not retry."""


class MpsTimeoutError(TaskTimeoutError):
    """The MPS task was not done at the deadline."""

    service = Service.MPS


class MpsExecutionTimeoutError(TaskExecutionTimeoutError):
    """The MPS task was not done when ``execution_timeout`` of its Airflow task had passed; Airflow retries it."""

    service = Service.MPS


class AidgeTaskFailedError(TaskFailedError):
    """Aidge finished the task without a picture."""

    service = Service.AIDGE


class AidgeTaskRefusedError(TaskRefusedError, AidgeTaskFailedError):
    """So it did, and would end the same request the same way: Airflow does not retry."""


class AidgeTimeoutError(TaskTimeoutError):
    """The Aidge task was not done at the deadline."""

    service = Service.AIDGE


class AidgeExecutionTimeoutError(TaskExecutionTimeoutError):
    """The Aidge task was not done when ``execution_timeout`` of its Airflow task had passed; Airflow retries it."""

    service = Service.AIDGE


class AidgeTooFewImagesError(AirflowFailException):
    """There are fewer pictures than ``min_images`` asks for; those that there are have been stored. No retry.

    :param found: how many there are
    :param wanted: how many there must be
    """

    def __init__(self, found: int, wanted: int) -> None:
        super().__init__(found, wanted)
        self.found = found
        self.wanted = wanted

    def __str__(self) -> str:
        return (
            f"{counted(self.found, 'picture')} of Aidge, and min_images={self.wanted}. What there is has been stored. "
            "A retry would find no more: clear the generating task for others, or lower min_images."
        )


class AidgeInDoubtError(AirflowFailException):
    """Whether Aidge has accepted a submission is not known, and cannot be asked; Airflow does not retry.

    :param target: the product picture
    :param doubt: why it is not known
    """

    def __init__(self, target: str, doubt: str) -> None:
        super().__init__(target, doubt)
        self.target = target
        self.doubt = doubt

    def __str__(self) -> str:
        return (
            f"Aidge background generation for {self.target}: {self.doubt}. Aidge has no list of tasks, so whether it "
            "has accepted one cannot be found out. Nothing was submitted again. Look into the console of Aidge; to "
            "submit whatever was accepted, set on_doubt='resubmit' and clear the task."
        )


class MpsInDoubtError(AirflowException):
    """Whether MPS has accepted a submission could not be found out. Nothing was submitted; Airflow retries.

    :param target: the subject picture
    :param doubt: why it is not known
    :param reason: why it could not be found out
    """

    def __init__(self, target: str, doubt: str, reason: str) -> None:
        super().__init__(target, doubt, reason)
        self.target = target
        self.doubt = doubt
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"ProcessImage for {self.target}: {self.doubt}. Whether MPS has accepted it could not be found out: "
            f"{self.reason.rstrip('.')}. Nothing was submitted again. A retry asks again; it needs the permission "
            "mps:DescribeImageTasks. To submit whatever was accepted, set durable=False and clear the task."
        )


class MpsBatchFailedError(AirflowException):
    """More pictures of a batch failed than ``max_failed`` allows; Airflow retries those that may succeed.

    :param failed: how many have no picture
    :param total: how many there are
    :param max_failed: how many may fail
    :param summary: which, and why
    """

    def __init__(self, failed: int, total: int, max_failed: int, summary: str) -> None:
        super().__init__(failed, total, max_failed, summary)
        self.failed = failed
        self.total = total
        self.max_failed = max_failed
        self.summary = summary

    def __str__(self) -> str:
        count = f"{self.failed:,} of {counted(self.total, 'picture')} failed (max_failed={self.max_failed})"
        return f"{count}: {self.summary}. {self._NEXT}"

    _NEXT = "The others are kept: a retry submits only what may still succeed, and waits for what still runs."


class MpsBatchRefusedError(MpsBatchFailedError, AirflowFailException):
    """So they did, and each would fail the same way again: Airflow does not retry."""

    _NEXT = (
        "The same requests would end the same way: the task fails without retries. The others are kept: with these "
        "requests changed, a clear submits only what has no picture."
    )


class MpsBatchTakenOverError(AirflowException):
    """Another try of the Airflow task works on the batch, so this one stops.

    :param prefix: COS prefix of the record
    """

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        self.prefix = prefix

    def __str__(self) -> str:
        return f"Another try of this task works on the batch (record {self.prefix}). This one stops; nothing is lost."


class MpsBatchRecordError(AirflowFailException):
    """The record of a batch cannot be read, so what was submitted is not known; nothing is submitted.

    :param prefix: COS prefix of the record
    :param reason: what is wrong with it
    """

    def __init__(self, prefix: str, reason: str) -> None:
        super().__init__(prefix, reason)
        self.prefix = prefix
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"The record of this batch, {self.prefix}, cannot be read: {self.reason.rstrip('.')}. Nothing was "
            "submitted. If all of the batch may be paid for again, remove that folder and clear the task."
        )


_JOINS = {
    (Service.MPS, LimitKind.TIMEOUT): (
        "Raise timeout, or clear the task: unless durable=False a clear joins it and waits anew. A retry only looks "
        "once more, as nothing of timeout is left."
    ),
    (Service.MPS, LimitKind.EXECUTION_TIMEOUT): (
        "Unless durable=False a retry joins it for what is left of timeout, and a clear joins it and waits anew."
    ),
    (Service.AIDGE, LimitKind.TIMEOUT): (
        "Raise timeout, or clear the task: where Airflow keeps the state of tasks (3.3 and newer) a clear joins it "
        "and waits anew, and a retry only looks once more, as nothing of timeout is left; elsewhere a clear submits "
        "again, and on_doubt decides about a retry. If it never ends, set on_doubt='resubmit' and clear the task: that "
        "submits again."
    ),
    (Service.AIDGE, LimitKind.EXECUTION_TIMEOUT): (
        "Where Airflow keeps the state of tasks (3.3 and newer) a retry joins it for what is left of timeout, and a "
        "clear joins it and waits anew; elsewhere a clear submits again, and on_doubt decides about a retry."
    ),
}


def _too_late(service: Service, task_id: str, limit: str, kind: LimitKind, last_seen: str, joins: str = "") -> str:
    return f"{not_done(service, task_id, limit, last_seen)} {joins or _JOINS[service, kind]}"


def not_done(service: Service, task_id: str, limit: str, last_seen: str) -> str:
    """Say that a task was waited for in vain, without what can be done about it."""
    return (
        f"{service} task {task_id} was not done within {limit} (last seen: {last_seen}). It may still run at {service} "
        "and is paid for."
    )


class MpsEventError(AirflowException):
    """The triggerer reported something that this version does not know, or nothing at all."""


@contextmanager
def invalid_arguments_fail() -> Iterator[None]:
    """Turn an :class:`ArgumentError` of the core into the class that Airflow does not retry.

    In a constructor too: a mapped operator is built in the worker, where a bare ``ValueError`` would be retried.
    """
    try:
        yield
    except InvalidArgumentError:
        raise
    except ArgumentError as error:
        raise InvalidArgumentError(str(error)) from None


class _Errors(NamedTuple):
    """The classes that make Airflow do the right thing about a service."""

    passing: type[TencentCloudError | AidgeError]
    permanent: type[TencentCloudPermanentError | AidgePermanentError]


_TENCENT_CLOUD = _Errors(TencentCloudError, TencentCloudPermanentError)
_ERRORS: dict[str, _Errors] = {Service.AIDGE: _Errors(AidgeError, AidgePermanentError)}


def airflow_error(
    error: ServiceError,
) -> TencentCloudError | TencentCloudPermanentError | AidgeError | AidgePermanentError:
    """Return the same error in the class that makes Airflow do the right thing."""
    kinds = _ERRORS.get(error.service, _TENCENT_CLOUD)
    kind = kinds.permanent if error.outcome is Outcome.REFUSED else kinds.passing
    return kind(error.service, error.action, error.target, error.code, error.message, error.request_id, error.outcome)
