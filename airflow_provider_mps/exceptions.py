"""Errors as Airflow sees them: what it retries, and what it does not (!). Each survives pickling::

    AirflowException
    |- PassingError            TencentCloudError, AidgeError: a call may succeed later
    |- PermanentError!         TencentCloudPermanentError, AidgePermanentError: it was refused for good
    |- TaskFailedError         MpsTaskFailedError, AidgeTaskFailedError: the service's task came to nothing
    |  `- TaskRefusedError!    MpsTaskRefusedError, AidgeTaskRefusedError: and would again
    |- TaskTimeoutError        MpsTimeoutError, AidgeTimeoutError: it was not done at the deadline
    |- SubmissionInDoubtError  MpsInDoubtError, AidgeInDoubtError!: perhaps accepted, nothing submitted again
    |- MpsBatchFailedError     too many pictures of a batch failed
    |  `- MpsBatchRefusedError!  and would again
    |- MpsBatchRecordError!, MpsBatchTakenOverError, TransferStoppedError, TriggerEventError
    |- AidgeTooFewImagesError!
    `- InvalidArgumentError!   an argument cannot be used; a ValueError too
    AirflowTaskTimeout
    `- TaskExecutionTimeoutError  MpsExecutionTimeoutError, AidgeExecutionTimeoutError

Which classes the errors of a service have is in ``error_table``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowTaskTimeout

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import ServiceError, TooManyFailedError
from airflow_provider_mps.core.outcomes import NO_RESULT
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.services import profile_of
from airflow_provider_mps.core.tasks import TaskFailure
from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.services.profiles import AIDGE, MPS


class PassingError(ServiceError, AirflowException):
    """A call did not succeed now, and may later: Airflow retries the task."""


class PermanentError(ServiceError, AirflowFailException):
    """A call was refused for good: Airflow does not retry the task."""


class TencentCloudError(PassingError):
    """A call did not succeed now, and may later: Airflow retries the task."""


class TencentCloudPermanentError(PermanentError):
    """A call was refused for good (credentials, permission, invalid parameter): Airflow does not retry the task."""


class AidgeError(PassingError):
    """A call to Aidge did not succeed now, and may later: Airflow retries the task."""


class AidgePermanentError(PermanentError):
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

    service: ClassVar[str]
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
    """The task failed, and the same request would fail again; Airflow does not retry."""

    _NEXT = "The same request would end the same way: the task fails without retries."


class TaskTimeoutError(AirflowException):
    """A service's task was not done at the deadline.

    :param task_id: the service's id of the task
    :param timeout: seconds waited for
    :param last_seen: what the last look showed
    """

    service: ClassVar[str]

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

    service: ClassVar[str]

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

    service = MPS.name


class MpsTaskRefusedError(TaskRefusedError, MpsTaskFailedError):
    """MPS finished the task without a result, and would end the same request the same way: Airflow does not retry."""


class MpsTimeoutError(TaskTimeoutError):
    """The MPS task was not done at the deadline."""

    service = MPS.name


class MpsExecutionTimeoutError(TaskExecutionTimeoutError):
    """The MPS task was not done when ``execution_timeout`` of its Airflow task had passed; Airflow retries it."""

    service = MPS.name


class AidgeTaskFailedError(TaskFailedError):
    """Aidge finished the task without a picture."""

    service = AIDGE.name


class AidgeTaskRefusedError(TaskRefusedError, AidgeTaskFailedError):
    """Aidge finished the task without a picture, and the same request would fail again; Airflow does not retry."""


class AidgeTimeoutError(TaskTimeoutError):
    """The Aidge task was not done at the deadline."""

    service = AIDGE.name


class AidgeExecutionTimeoutError(TaskExecutionTimeoutError):
    """The Aidge task was not done when ``execution_timeout`` of its Airflow task had passed; Airflow retries it."""

    service = AIDGE.name


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


class SubmissionInDoubtError(AirflowException):
    """Whether a submission has been accepted is not known; nothing was submitted."""


class AidgeInDoubtError(SubmissionInDoubtError, AirflowFailException):
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


class MpsInDoubtError(SubmissionInDoubtError):
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


class MpsBatchFailedError(TooManyFailedError, AirflowException):
    """More pictures of a batch failed than ``max_failed`` allows; Airflow retries those that may succeed.

    :param failed: how many have no picture
    :param total: how many there are
    :param max_failed: how many may fail
    :param summary: which, and why
    """

    def __str__(self) -> str:
        count = f"{self.failed:,} of {counted(self.total, 'picture')} failed (max_failed={self.max_failed})"
        return f"{count}: {self.summary}. {self._NEXT}"

    _NEXT = "The others are kept: a retry submits only what may still succeed, and waits for what still runs."


class MpsBatchRefusedError(MpsBatchFailedError, AirflowFailException):
    """More pictures failed than ``max_failed`` allows, and each would fail again; Airflow does not retry."""

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
            f"The record of the batch {self.prefix} cannot be read: {self.reason.rstrip('.')}. Nothing was "
            "submitted. If all of that batch may be paid for again, remove that folder and clear the task."
        )


def _too_late(service: str, task_id: str, limit: str, kind: LimitKind, last_seen: str, joins: str = "") -> str:
    profile = profile_of(service)
    advice = profile.late_advice if kind is LimitKind.TIMEOUT else profile.ended_advice
    return f"{not_done(service, task_id, limit, last_seen)} {joins or advice}"


def not_done(service: str, task_id: str, limit: str, last_seen: str) -> str:
    """Say that a task was waited for in vain, without what can be done about it."""
    return (
        f"{service} task {task_id} was not done within {limit} (last seen: {last_seen}). It may still run at {service} "
        "and is paid for."
    )


class TriggerEventError(AirflowException):
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
