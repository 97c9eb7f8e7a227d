"""Errors as Airflow sees them: what it retries, and what it does not.

Each carries its data as attributes and survives pickling.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import Outcome, ServiceError
from airflow_provider_mps.core.results import TaskFailure


class TencentCloudError(ServiceError, AirflowException):
    """A call did not succeed now, and may later: Airflow retries the task."""


class TencentCloudPermanentError(ServiceError, AirflowFailException):
    """A call was refused for good (credentials, permission, invalid parameter): Airflow does not retry the task."""


class InvalidArgumentError(ArgumentError, AirflowFailException):
    """A rendered argument cannot be used. Nothing was sent, and Airflow does not retry the task."""


class MpsTaskFailedError(AirflowException):
    """MPS finished the task without a good result.

    :param task_id: the MPS TaskId
    :param code: ``ErrCode`` and ``ErrMsg`` of the task
    :param message: ``Message`` of the task
    """

    def __init__(self, task_id: str, code: str, message: str) -> None:
        super().__init__(task_id, code, message)
        self.task_id = task_id
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return (
            f"MPS task {self.task_id} finished without a result: {TaskFailure(self.code, self.message)}. "
            "A retry of the submitting task makes a new picture; a retry of a sensor only reads this answer again."
        )


class MpsTimeoutError(AirflowException):
    """The task was not done at the deadline.

    :param task_id: the MPS TaskId
    :param timeout: seconds waited for
    :param last_seen: what the last look showed
    """

    def __init__(self, task_id: str, timeout: float, last_seen: str) -> None:
        super().__init__(task_id, timeout, last_seen)
        self.task_id = task_id
        self.timeout = timeout
        self.last_seen = last_seen

    def __str__(self) -> str:
        return (
            f"MPS task {self.task_id} was not done after {self.timeout:g} s (last seen: {self.last_seen}). "
            "It may still run at MPS and is paid for: wait for this TaskId with MpsImageTaskSensor before making "
            "another picture, or raise timeout."
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


def airflow_error(error: ServiceError) -> TencentCloudError | TencentCloudPermanentError:
    """Return the same error in the class that makes Airflow do the right thing."""
    kind = TencentCloudPermanentError if error.outcome is Outcome.REFUSED else TencentCloudError
    return kind(error.service, error.action, error.target, error.code, error.message, error.request_id, error.outcome)
