"""When a call is sent again, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenacity import RetryCallState, retry_if_exception, wait_random_exponential

from airflow_provider_mps.core.errors import ServiceError, may_resend
from airflow_provider_mps.core.outcomes import Transport
from airflow_provider_mps.core.stopping import Stop

ATTEMPTS = 6
# Of what is broken where it is kept: it seldom mends itself.
ATTEMPTS_AT_BROKEN = 3
WAIT = wait_random_exponential(multiplier=0.5, max=10)


def resend_options(action: str, warn: Callable[[str], None], end: Stop | None = None) -> dict[str, Any]:
    """Return the options of ``tenacity`` that resend a request only where :func:`may_resend` allows it.

    :param warn: takes a line for the log before each wait
    :param end: cuts a wait short once it is set; default none
    """

    def again(error: BaseException) -> bool:
        return isinstance(error, ServiceError) and may_resend(action, error.outcome) and not error.rule.is_lasting

    def stop(state: RetryCallState) -> bool:
        return state.attempt_number >= _attempts(state.outcome.exception() if state.outcome else None)

    def log_attempt(state: RetryCallState) -> None:
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
        "before_sleep": log_attempt,
        "reraise": True,
    }
    return options if end is None else {**options, "sleep": end.wait}


def _attempts(error: BaseException | None) -> int:
    is_broken = isinstance(error, ServiceError) and error.code == Transport.BROKEN_PICTURE
    return ATTEMPTS_AT_BROKEN if is_broken else ATTEMPTS
