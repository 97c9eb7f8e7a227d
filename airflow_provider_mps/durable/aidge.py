"""The terms of Aidge: it has no list of tasks, so a doubt is decided by whoever wrote the DAG."""

from __future__ import annotations

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.fingerprint import Fingerprint
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.steps import Log
from airflow_provider_mps.core.submission import Join, LookUp, Submit
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.durable.terms import TermsWithoutList
from airflow_provider_mps.exceptions import AidgeInDoubtError, AidgeTaskRefusedError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.services.aidge.requests import GenerationRequest
from airflow_provider_mps.services.aidge.words import OnDoubt
from airflow_provider_mps.services.profiles import AIDGE


class AidgeTerms(TermsWithoutList):
    """What Aidge adds to the life of a submission; see :class:`~airflow_provider_mps.core.flow.Terms`.

    :param generation: the request
    :param hook: knows whether a request may have gone out
    :param on_doubt: what to do when it is not known whether an earlier try has submitted
    :param log: takes the lines for the task log
    :param timeout: seconds from its submission for which a task is waited for
    """

    service = AIDGE

    def __init__(
        self, generation: GenerationRequest, hook: AidgeHook, on_doubt: OnDoubt, log: Log, timeout: float
    ) -> None:
        super().__init__(f"background generation for {generation.target}")
        self._generation = generation
        self._hook = hook
        self._on_doubt = on_doubt
        self._log = log
        self._timeout = timeout

    def in_doubt(self, doubt: str) -> AidgeInDoubtError:
        """Return the error for a doubt that nobody resolves."""
        return AidgeInDoubtError(self._generation.target, doubt)

    def decide(self, doubt: str) -> Submit:
        """Do what ``on_doubt`` says.

        :raises AidgeInDoubtError: it says that a person decides
        """
        if self._on_doubt is OnDoubt.RESUBMIT:
            return Submit(f"{doubt}; on_doubt='resubmit' submits in any case")
        raise self.in_doubt(doubt)

    def replaces(self, join: Join, look: TaskState | ServiceError, now: float) -> Submit | None:
        """Give up a task that may never end, or that Aidge cannot tell of, if a person wants that."""
        accepted = join.record.accepted
        is_late = accepted is not None and now > accepted + self._timeout
        is_open = look.outcome is not Outcome.REFUSED if isinstance(look, ServiceError) else not look.done
        if join.is_cleared and self._on_doubt is OnDoubt.RESUBMIT and is_late and is_open:
            return Submit(f"the task was cleared, {join} is not done in time, and on_doubt='resubmit'")
        return None

    def check_joined(self, state: TaskState) -> None:
        """Raise where the same request would end the same way, and be paid for again.

        :raises AidgeTaskRefusedError: the task has failed for good
        """
        if state.failure is not None:
            raise AidgeTaskRefusedError(state.task_id, state.failure.code, state.failure.message)

    def body(self, fingerprint: Fingerprint) -> GenerationRequest:
        """Return the request."""
        return self._generation

    def before_sending(self, *, keeps_records: bool) -> None:
        """Say that a retry will know nothing, where that is so."""
        if not keeps_records:
            self._log.warning(
                "This Airflow keeps no state of tasks (3.3 and newer do): a retry will not know of this submission, "
                "and on_doubt=%r decides then",
                self._on_doubt.value,
            )

    def lost(self, error: ServiceError, doubt: LookUp) -> LookUp:
        """End the try: there is nobody to ask.

        :raises AidgeInDoubtError: what became of the request is not known
        :raises AidgeError: a retry submits in any case
        """
        if self._on_doubt is OnDoubt.RESUBMIT:
            # Airflow retries, with its own pause.
            self._log.warning("on_doubt='resubmit': the next try submits again, whatever became of this request")
            raise error
        return super().lost(error, doubt)

    def may_be_open(self) -> bool:
        """Tell whether a request may have gone out whose answer is not known."""
        return self._hook.submission_is_open
