"""What went wrong in a call to a service, in words for the person on call."""

from __future__ import annotations

from airflow_provider_mps.core.codes import Outcome, hint_for
from airflow_provider_mps.core.redact import excerpt
from airflow_provider_mps.core.vocabulary import Action


class ServiceError(Exception):
    """A call to a service did not succeed.

    :param service: the service's name as people know it, such as ``MPS`` or ``COS``
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
        target = f" for {self.target}" if self.target else ""
        request_id = f" (RequestId {self.request_id})" if self.request_id else ""
        said = self.message.rstrip(".")
        return f"{self.service} {self.action}{target}: {self.code}: {said}{request_id}. {self.next_step}"

    @property
    def next_step(self) -> str:
        """What happens next, for the person who reads the log."""
        hint = hint_for(self.code)
        if self.outcome is Outcome.REFUSED:
            return f"{hint} This will not change by itself: the task fails without retries.".lstrip()
        if self.outcome is Outcome.NOT_EXECUTED:
            return f"{hint} The request was not executed; the task may be retried safely.".lstrip()
        if self.action == Action.PROCESS_IMAGE:
            return f"{hint} The request may have been executed: look for the picture before paying again.".lstrip()
        return f"{hint} This may pass; the task may be retried.".lstrip()


def may_resend(action: str, outcome: Outcome) -> bool:
    """Say whether the same request may be sent again at once.

    ProcessImage is paid for and has no client token, so it goes out again only if it certainly was not executed.
    """
    if outcome is Outcome.REFUSED:
        return False
    return action != Action.PROCESS_IMAGE or outcome is Outcome.NOT_EXECUTED
