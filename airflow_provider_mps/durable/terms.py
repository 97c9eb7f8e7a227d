"""The terms of a service without a list of tasks: nobody can find out what became of a submission without an answer."""

from __future__ import annotations

from airflow_provider_mps.core import submission
from airflow_provider_mps.core.airflow_task import AirflowTry
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.fingerprint import Fingerprint
from airflow_provider_mps.core.flow import Terms
from airflow_provider_mps.core.steps import Flow, InDoubt, PossibleTask
from airflow_provider_mps.core.submission import LookUp, Plan, Record, Submit, UnreadableRecordError
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.exceptions import SubmissionInDoubtError


class TermsWithoutList(Terms):
    """Submits once, and raises where it is not known whether an earlier try has.

    :param what: what is submitted, on what, for the log
    """

    accepts_final_failure = True
    # Nobody can look for the task of an intent that was written all the same.
    undoes_intent = True
    without_record = "a retry would be in doubt"

    def __init__(self, what: str) -> None:
        self.what = what

    def in_doubt(self, doubt: str) -> Exception:
        """Return the error for a doubt that nobody resolves."""
        return SubmissionInDoubtError(f"{self.service} {self.what}: {doubt}. Nothing was submitted again.")

    def decide(self, doubt: str) -> Submit:
        """Say what is done in doubt.

        :raises SubmissionInDoubtError: nothing
        """
        raise self.in_doubt(doubt)

    def begin(self, record: Record | None, fingerprint: Fingerprint, attempt: AirflowTry) -> Plan:
        """Decide how a try begins.

        :raises SubmissionInDoubtError: whether there is a task is not known; nothing was submitted
        """
        planned = submission.plan(record, fingerprint, attempt)
        if not isinstance(planned, LookUp):
            return planned
        if not planned.finished_count:
            if attempt.has_submitted and not attempt.has_returned:
                return self.decide(
                    "the task was cleared, and the record of its earlier tries with it, but its XComs tell that one "
                    "has submitted (its log names the task) and that none has returned the pictures"
                )
            # Where nothing tells of a task that may still run, a person who clears the task decides.
            return Submit("the task was cleared, and there is no record of its earlier tries")
        return self.decide(planned.why)

    def begin_unread(self, error: UnreadableRecordError, fingerprint: Fingerprint, attempt: AirflowTry) -> Plan:
        """Have it decided: something was written, so something may have been sent."""
        return self.decide(str(error))

    def find_out(self, doubt: LookUp) -> Flow[TaskState | PossibleTask | None]:
        """Refuse: there is nobody to ask.

        :raises SubmissionInDoubtError: always
        """
        raise self.in_doubt(doubt.why)
        yield

    def clock_ahead(self) -> Flow[float | None]:
        """Return nothing: no times of the service are compared."""
        return None
        yield

    def lost(self, error: ServiceError, doubt: LookUp) -> LookUp:
        """End the try: there is nobody to ask.

        :raises SubmissionInDoubtError: what became of the request is not known
        """
        raise self.in_doubt(f"what became of the submission is not known ({error.summary})") from error

    def out_of_time(self, doubt: InDoubt, limit: str) -> Exception:
        """Return the error for a doubt that lasts."""
        return self.in_doubt(doubt.why)
