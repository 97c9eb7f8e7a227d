"""The terms of MPS: it has a list of tasks, which tells what became of a submission without an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_provider_mps.core import submission
from airflow_provider_mps.core.airflow_task import AirflowTry
from airflow_provider_mps.core.clock import ServiceClock
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.fingerprint import Fingerprint
from airflow_provider_mps.core.flow import Terms
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.steps import AskClock, Flow, InDoubt, Log, PossibleTask
from airflow_provider_mps.core.submission import LookUp, Plan, Record, Submit, UnreadableRecordError
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.durable.search import Search
from airflow_provider_mps.exceptions import MpsInDoubtError
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.codes import TURN_NOT_REACHED
from airflow_provider_mps.services.tencentcloud.outputs import unique_output
from airflow_provider_mps.services.tencentcloud.payloads import describe_input
from airflow_provider_mps.services.tencentcloud.quality import asked_of
from airflow_provider_mps.services.tencentcloud.words import Action


class MpsTerms(Terms):
    """What MPS adds to the life of a submission.

    :param payload: the request body; without an ``OutputPath`` it gets one, or a folder, that nobody else asks for
    :param clock: what is known of the clock of MPS
    :param log: takes the lines for the task log
    :param accepts_final_failure: see :func:`~airflow_provider_mps.core.submission.after_look`
    """

    service = MPS
    undoes_intent = False
    without_record = "a retry would look for the task at MPS"

    def __init__(
        self, payload: Mapping[str, Any], clock: ServiceClock, log: Log, *, accepts_final_failure: bool = False
    ) -> None:
        self.what = f"ProcessImage for {describe_input(payload)}"
        self.accepts_final_failure = accepts_final_failure
        self._payload = payload
        self._clock = clock
        self._log = log
        self._search = Search(clock, payload, log)

    def begin(self, record: Record | None, fingerprint: Fingerprint, attempt: AirflowTry) -> Plan:
        """Decide how a try begins."""
        return submission.plan(record, fingerprint, attempt)

    def begin_unread(self, error: UnreadableRecordError, fingerprint: Fingerprint, attempt: AirflowTry) -> Plan:
        """Look for the task."""
        self._log.warning("%s; looking for the task at MPS instead", error)
        return submission.plan(None, fingerprint, replace(attempt, keeps_records=False, has_submitted=True))

    def find_out(self, doubt: LookUp) -> Flow[TaskState | PossibleTask | None]:
        """Look for the task of a submission in the list of tasks.

        :raises MpsInDoubtError: MPS does not say, or more tasks may be it than are looked at
        """
        return (yield from self._search.find(doubt))

    def clock_ahead(self) -> Flow[float | None]:
        """Return how far the clock of MPS is ahead, in seconds.

        Others may ask for a path that the user gave, or for the same scores, so there it has to be known to the second.
        """
        if self._payload.get("OutputPath") or asked_of(self._payload):
            ahead: float | None = yield AskClock()
            return ahead
        return self._clock.ahead

    def body(self, fingerprint: Fingerprint) -> dict[str, Any]:
        """Return the request body, with an output that tells whose it is."""
        payload = dict(self._payload)
        if not payload.get("OutputPath"):
            payload |= unique_output(payload, fingerprint.token)
        return payload

    def lost(self, error: ServiceError, doubt: LookUp) -> LookUp:
        """Look for the task."""
        self._log.warning("%s: %s", error.code, error)
        return doubt

    def out_of_time(self, doubt: InDoubt, limit: str) -> MpsInDoubtError:
        """Return the error for a task that may be ours and was waited for in vain."""
        return MpsInDoubtError(describe_input(self._payload), doubt.why, doubt.runs.not_done(limit))

    def on_this_clock(self, moment: float) -> float:
        """Return a time of MPS on the clock of this machine, seconds since the epoch."""
        return moment - (self._clock.ahead or 0.0)


class HandedOverTerms(MpsTerms):
    """The terms for a submission that a worker has handed over."""

    def begin(self, record: Record | None, fingerprint: Fingerprint, attempt: AirflowTry) -> Plan:
        """Decide how a trigger begins."""
        planned = super().begin(record, fingerprint, attempt)
        if isinstance(planned, LookUp):
            # It may have waited for its turn for hours, which is no waiting for a picture.
            return replace(planned, counts_from=attempt.now)
        return Submit("the worker has handed it over") if isinstance(planned, Submit) else planned

    def no_turn(self) -> ServiceError:
        """Return the error for a turn that did not come in time."""
        said = "its turn to be submitted did not come within execution_timeout (or a day); nothing was sent"
        target, outcome = describe_input(self._payload), Outcome.NOT_EXECUTED
        return ServiceError(MPS.name, Action.PROCESS_IMAGE, target, TURN_NOT_REACHED, said, "", outcome)
