"""What went wrong in a call to a service, in words for the person on call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mps.core import pages
from airflow_provider_mps.core.outcomes import CodeRule, Outcome, Transport
from airflow_provider_mps.core.redaction import excerpt
from airflow_provider_mps.core.services import is_free, profile_of

_FIELDS = ("service", "action", "target", "code", "message", "request_id", "outcome")
_NOTHING_KNOWN = CodeRule(Outcome.UNKNOWN, "none")


class ServiceError(Exception):
    """A call to a service did not succeed.

    :param service: the service's name as people know it, such as ``MPS``
    :param action: what was tried, such as ``ProcessImage``
    :param target: on what: a task id or a picture's address without credentials; may be empty
    :param code: the service's error code, or a code of this package for transport errors
    :param message: the service's words; of a page of HTML its words, and that it is none of the service
    :param request_id: the service's RequestId; empty when no answer came
    :param outcome: what the error says about the request
    :raises UnknownServiceError: no profile has this name
    """

    def __init__(
        self,
        service: str,
        action: str,
        target: str,
        code: str,
        message: str,
        request_id: str = "",
        outcome: Outcome = Outcome.UNKNOWN,
    ) -> None:
        # Of an unknown service nothing could be said, and it would show only where the error is told.
        profile_of(service)
        message = excerpt(pages.from_between(message) if pages.is_page(message) else message)
        super().__init__(service, action, target, code, message, request_id, outcome)
        self.service = service
        self.action = action
        self.target = target
        self.code = code
        self.message = message
        self.request_id = request_id
        self.outcome = Outcome(outcome)

    def __str__(self) -> str:
        return f"{self.summary}. {self.advice}"

    @property
    def summary(self) -> str:
        """The error without what happens next, for whoever goes on all the same."""
        target = f" for {self.target}" if self.target else ""
        request_id = f" (RequestId {self.request_id})" if self.request_id else ""
        said = self.message.rstrip(".")
        return f"{self.service} {self.action}{target}: {self.code}: {said}{request_id}"

    @property
    def hint(self) -> str:
        """What the person on call can do about it; empty where nothing is known."""
        known = profile_of(self.service).hint(self.action, self.code)
        return known or (pages.HINT if self.message.startswith(pages.NOT_THE_SERVICE) else "")

    @property
    def rule(self) -> CodeRule:
        """All that is known of the code.

        :raises UnknownServiceError: nothing is known of the service
        """
        return profile_of(self.service).code_rule(self.code) or _NOTHING_KNOWN

    @property
    def advice(self) -> str:
        """What happens next, for the person who reads the log."""
        hint = self.hint
        if self.outcome is Outcome.REFUSED:
            return f"{hint} This will not change by itself: the task fails without retries.".lstrip()
        if self.outcome is Outcome.NOT_EXECUTED:
            return f"{hint} The request was not executed; the task may be retried safely.".lstrip()
        if not is_free(self.action):
            return f"{hint} The request may have been executed: look for the picture before paying again.".lstrip()
        return f"{hint} This may pass; the task may be retried.".lstrip()


def may_resend(action: str, outcome: Outcome) -> bool:
    """Say whether the same request may be sent again at once.

    What is paid for and has no client token goes out again only if it certainly was not executed, and so does an action
    that no service is known to have.
    """
    if outcome is Outcome.REFUSED:
        return False
    return outcome is Outcome.NOT_EXECUTED or is_free(action)


def not_sent(error: ServiceError) -> ServiceError:
    """Return the error for a request that could not even be made, so that it was certainly not executed."""
    if error.outcome is not Outcome.UNKNOWN:
        return error
    code, outcome = Transport.NOT_SENT, Outcome.NOT_EXECUTED
    return ServiceError(error.service, error.action, error.target, code, error.message, "", outcome)


def no_verdict(error: ServiceError, why: str) -> ServiceError:
    """Return the error for a look that was refused for a reason that may pass.

    :param why: the reason, for the message
    """
    message, outcome = f"{error.message.rstrip('.')} ({why})", Outcome.NOT_EXECUTED
    return ServiceError(error.service, error.action, error.target, error.code, message, error.request_id, outcome)


def says_no_such_task(error: ServiceError) -> bool:
    """Tell whether an error can mean that the service does not know the task that was asked for."""
    return profile_of(error.service).no_such_task(error.action, error.code)


def describe_look(look: object) -> str:
    """Say in a few words what a look at a task showed, a state or an error."""
    return look.summary if isinstance(look, ServiceError) else str(look)


def error_to_json(error: ServiceError) -> dict[str, str]:
    """Return an error as plain JSON."""
    return {name: str(getattr(error, name)) for name in _FIELDS}


def error_from_json(value: Any) -> ServiceError:
    """Read what :func:`error_to_json` wrote.

    :raises TypeError: it is something else
    :raises ValueError: its outcome is not known here
    :raises UnknownServiceError: its service is not known here
    """
    if not isinstance(value, Mapping) or not all(isinstance(part, str) for part in value.values()):
        raise TypeError(f"an error is a dict of texts: {value!r}")
    if set(value) != set(_FIELDS):
        raise TypeError(f"an error has {', '.join(_FIELDS)}: {value!r}")
    return ServiceError(**{**value, "outcome": Outcome(value["outcome"])})


class TooManyFailedError(Exception):
    """More pictures have failed than ``max_failed`` allows.

    :param failed: how many have
    :param total: how many there are
    :param max_failed: how many may
    :param summary: which, and why
    """

    def __init__(self, failed: int, total: int, max_failed: int, summary: str) -> None:
        super().__init__(failed, total, max_failed, summary)
        self.failed = failed
        self.total = total
        self.max_failed = max_failed
        self.summary = summary
