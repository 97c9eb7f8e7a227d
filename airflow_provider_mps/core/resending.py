"""Read an answer of API 3.0 (https://cloud.tencent.com/document/product/862/37604), and say when to ask again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tenacity import RetryCallState, retry_if_exception, wait_random_exponential

from airflow_provider_mps.core.errors import ServiceError, may_resend
from airflow_provider_mps.core.stopping import Stop
from airflow_provider_mps.core.vocabulary import Action, Service
from airflow_provider_mps.services.tencentcloud.codes import Outcome, Transport, outcome_of

ATTEMPTS = 6
# Of what is broken where it is kept: it seldom mends itself.
ATTEMPTS_AT_BROKEN = 3
WAIT = wait_random_exponential(multiplier=0.5, max=10)


def read_response(action: str, target: str, answer: Any) -> Mapping[str, Any]:
    """Return ``Response`` of an answer.

    :raises ServiceError: the answer is an error, or not an answer of this API
    """
    response = answer.get("Response") if isinstance(answer, Mapping) else None
    if not isinstance(response, Mapping):
        raise ServiceError(Service.MPS, action, target, Transport.GARBLED, repr(answer), "", Outcome.UNKNOWN)
    error = response.get("Error")
    if error is not None:
        code = str(error.get("Code")) if isinstance(error, Mapping) else Transport.GARBLED
        message = str(error.get("Message")) if isinstance(error, Mapping) else repr(error)
        raise ServiceError(
            Service.MPS, action, target, code, message, str(response.get("RequestId") or ""), outcome_of(code)
        )
    return response


class Accepted(NamedTuple):
    """A submission that a service has accepted.

    :param task_id: the service's id of the task
    :param request_id: its id of the request, which its support asks for; empty where it gave none
    """

    task_id: str
    request_id: str = ""

    def __str__(self) -> str:
        return f"{self.task_id} (RequestId {self.request_id})" if self.request_id else self.task_id


def read_accepted(target: str, response: Mapping[str, Any]) -> Accepted:
    """Return what the answer to ProcessImage accepts.

    :raises ServiceError: it names no task, so whether one was accepted is not known
    """
    task_id, request_id = response.get("TaskId"), str(response.get("RequestId") or "")
    if not isinstance(task_id, str) or not task_id:
        raise ServiceError(Service.MPS, Action.PROCESS_IMAGE, target, Transport.GARBLED, "no TaskId", request_id)
    return Accepted(task_id, request_id)


def resend_options(action: str, warn: Callable[[str], None], end: Stop | None = None) -> dict[str, Any]:
    """Return the options of ``tenacity`` that resend a request only where :func:`may_resend` allows it.

    :param warn: takes a line for the log before each wait
    :param end: cuts a wait short once it is set; default none
    """

    def again(error: BaseException) -> bool:
        return isinstance(error, ServiceError) and may_resend(action, error.outcome)

    def stop(state: RetryCallState) -> bool:
        return state.attempt_number >= _attempts(state.outcome.exception() if state.outcome else None)

    def tell(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0
        # The code stands before what may be long: a log page does not wrap.
        attempt = f"{state.attempt_number} of {_attempts(error)}"
        code = f" with {error.code}" if isinstance(error, ServiceError) else ""
        warn(f"Attempt {attempt} failed{code}, next in {seconds:.1f} s: {error}")

    options = {
        "retry": retry_if_exception(again),
        "wait": WAIT,
        "stop": stop,
        "before_sleep": tell,
        "reraise": True,
    }
    return options if end is None else {**options, "sleep": end.wait}


def _attempts(error: BaseException | None) -> int:
    is_broken = isinstance(error, ServiceError) and error.code == Transport.BROKEN_PICTURE
    return ATTEMPTS_AT_BROKEN if is_broken else ATTEMPTS
