"""What went wrong in a call to a service, in words for the person on call."""

from __future__ import annotations

from airflow_provider_mps.core.redaction import excerpt
from airflow_provider_mps.core.vocabulary import Action, Service
from airflow_provider_mps.services.aidge import codes as aidge_codes
from airflow_provider_mps.services.aidge.words import AidgeAction
from airflow_provider_mps.services.tencentcloud import codes
from airflow_provider_mps.services.tencentcloud.codes import NO_SUCH_TASK, Outcome

# What is paid for, and has no client token.
PAID = frozenset({Action.PROCESS_IMAGE, AidgeAction.GENERATE})


class ServiceError(Exception):
    """A call to a service did not succeed.

    :param service: the service's name as people know it: ``MPS``, ``COS`` or ``Aidge``
    :param action: what was tried, such as ``ProcessImage``
    :param target: on what: a task id or a picture's address without credentials; may be empty
    :param code: the service's error code, or a code of this package for transport errors
    :param message: the service's words
    :param request_id: the service's RequestId; empty when no answer came
    :param outcome: what the error says about the request
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
        message = excerpt(message)
        super().__init__(service, action, target, code, message, request_id, outcome)
        self.service = service
        self.action = action
        self.target = target
        self.code = code
        self.message = message
        self.request_id = request_id
        self.outcome = Outcome(outcome)

    def __str__(self) -> str:
        return f"{self.told}. {self.next_step}"

    @property
    def told(self) -> str:
        """The error without what happens next, for whoever goes on all the same."""
        target = f" for {self.target}" if self.target else ""
        request_id = f" (RequestId {self.request_id})" if self.request_id else ""
        said = self.message.rstrip(".")
        return f"{self.service} {self.action}{target}: {self.code}: {said}{request_id}"

    @property
    def hint(self) -> str:
        """What the person on call can do about it; empty where nothing is known."""
        return _hint_for(self.service, self.action, self.code)

    @property
    def next_step(self) -> str:
        """What happens next, for the person who reads the log."""
        hint = self.hint
        if self.outcome is Outcome.REFUSED:
            return f"{hint} This will not change by itself: the task fails without retries.".lstrip()
        if self.outcome is Outcome.NOT_EXECUTED:
            return f"{hint} The request was not executed; the task may be retried safely.".lstrip()
        if self.action in PAID:
            return f"{hint} The request may have been executed: look for the picture before paying again.".lstrip()
        return f"{hint} This may pass; the task may be retried.".lstrip()


def may_resend(action: str, outcome: Outcome) -> bool:
    """Say whether the same request may be sent again at once.

    What is paid for and has no client token goes out again only if it certainly was not executed.
    """
    if outcome is Outcome.REFUSED:
        return False
    return action not in PAID or outcome is Outcome.NOT_EXECUTED


def not_sent(error: ServiceError) -> ServiceError:
    """Return the error for a request that could not even be made, so that it was certainly not executed."""
    if error.outcome is not Outcome.UNKNOWN:
        return error
    code, outcome = codes.Transport.NOT_SENT, Outcome.NOT_EXECUTED
    return ServiceError(error.service, error.action, error.target, code, error.message, "", outcome)


def no_verdict(error: ServiceError, why: str) -> ServiceError:
    """Return the error for a look that was refused for a reason that may pass.

    :param why: the reason, for the message
    """
    message, outcome = f"{error.message.rstrip('.')} ({why})", Outcome.NOT_EXECUTED
    return ServiceError(error.service, error.action, error.target, error.code, message, error.request_id, outcome)


def says_no_such_task(error: ServiceError) -> bool:
    """Tell whether an error can mean that the service does not know the task that was asked for."""
    if error.service == Service.AIDGE:
        return aidge_codes.says_no_such_task(error.action, error.code)
    return error.code in NO_SUCH_TASK


def told(look: object) -> str:
    """Say in a few words what a look at a task showed, a state or an error."""
    return look.told if isinstance(look, ServiceError) else str(look)


def _hint_for(service: str, action: str, code: str) -> str:
    if service == Service.AIDGE:
        return aidge_codes.hint_for(action, code)
    rule = codes.rule_for(code)
    return rule.hint if rule else ""
