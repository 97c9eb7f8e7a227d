"""Which classes the errors of a service have in Airflow; a service is put in once, and an unknown one raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.services import UnknownServiceError, profile_of
from airflow_provider_mps.exceptions import (
    AidgeError,
    AidgeExecutionTimeoutError,
    AidgePermanentError,
    AidgeTaskFailedError,
    AidgeTaskRefusedError,
    AidgeTimeoutError,
    MpsExecutionTimeoutError,
    MpsTaskFailedError,
    MpsTaskRefusedError,
    MpsTimeoutError,
    PassingError,
    PermanentError,
    TaskExecutionTimeoutError,
    TaskFailedError,
    TaskRefusedError,
    TaskTimeoutError,
    TencentCloudError,
    TencentCloudPermanentError,
)
from airflow_provider_mps.services.profiles import AIDGE, COS, CREDENTIALS, MPS, STS


class ErrorClasses(NamedTuple):
    """The classes that make Airflow do the right thing about a service.

    :param passing: a call may succeed later
    :param permanent: a call was refused for good
    :param tasks: the ends of its tasks; None for a service without tasks
    """

    passing: type[PassingError]
    permanent: type[PermanentError]
    tasks: TaskErrors | None = None


class TaskErrors(NamedTuple):
    """The classes for the ends of waiting for a task of a service."""

    failed: type[TaskFailedError]
    refused: type[TaskRefusedError]
    timeout: type[TaskTimeoutError]
    execution_timeout: type[TaskExecutionTimeoutError]


_ERRORS: dict[str, ErrorClasses] = {}


def register_errors(service: str, classes: ErrorClasses) -> None:
    """Say which classes the errors of a service have in Airflow.

    :param service: the name of its profile
    """
    _ERRORS[profile_of(service).name] = classes


def task_errors(service: str) -> TaskErrors:
    """Return the classes for the ends of waiting for a task.

    :raises UnknownServiceError: the service has no tasks, or is not known
    """
    found = _ERRORS.get(service)
    if found is None or found.tasks is None:
        raise UnknownServiceError(f"no errors of tasks of {service!r} are known here")
    return found.tasks


def airflow_error(error: ServiceError) -> PassingError | PermanentError:
    """Return the same error in the class that makes Airflow do the right thing.

    :raises UnknownServiceError: nothing is known of the service
    """
    found = _ERRORS.get(error.service)
    if found is None:
        raise UnknownServiceError(f"no errors of {error.service!r} are known here: {error.code}")
    kind = found.permanent if error.outcome is Outcome.REFUSED else found.passing
    return kind(error.service, error.action, error.target, error.code, error.message, error.request_id, error.outcome)


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Turn an error of reading an answer into the class that makes Airflow do the right thing."""
    try:
        yield
    except AirflowException:
        raise
    except ServiceError as error:
        raise airflow_error(error) from None


_TENCENT_CLOUD = ErrorClasses(TencentCloudError, TencentCloudPermanentError)
for _service in (COS.name, STS.name, CREDENTIALS.name):
    register_errors(_service, _TENCENT_CLOUD)
register_errors(
    MPS.name,
    _TENCENT_CLOUD._replace(
        tasks=TaskErrors(MpsTaskFailedError, MpsTaskRefusedError, MpsTimeoutError, MpsExecutionTimeoutError)
    ),
)
register_errors(
    AIDGE.name,
    ErrorClasses(
        AidgeError,
        AidgePermanentError,
        TaskErrors(AidgeTaskFailedError, AidgeTaskRefusedError, AidgeTimeoutError, AidgeExecutionTimeoutError),
    ),
)
