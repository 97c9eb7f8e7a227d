"""The terms of Aidge: it has no list of tasks, so a doubt is decided by whoever wrote the DAG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.fingerprint import Fingerprint
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.steps import Log
from airflow_provider_mps.core.submission import Join, LookUp, Submit
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.durable.terms import TermsWithoutList
from airflow_provider_mps.exceptions import AidgeInDoubtError, AidgeTaskRefusedError
from airflow_provider_mps.services.aidge.requests import Generation, GenerationRequest, ReadFile
from airflow_provider_mps.services.aidge.words import AIDGE_NAME, AidgeAction, ImageCode, OnDoubt
from airflow_provider_mps.services.profiles import AIDGE


@dataclass(frozen=True)
class GenerationFile:
    """A request whose picture is in a file, which is read when the request is about to go out.

    :param generation: the rendered arguments
    :param read_file: reads the file
    :param target: the product picture, for messages
    """

    generation: Generation
    read_file: ReadFile
    target: str

    def __call__(self) -> GenerationRequest:
        """Read the file, and return the request.

        :raises ServiceError: the file cannot be used, or not be read now; nothing was sent
        """
        try:
            return self.generation.request(self.read_file)
        except ArgumentError as error:
            raise self._failure(ImageCode.NOT_USABLE, error, Outcome.REFUSED) from None
        # Whatever a storage raises: it is no answer of Aidge, and the next try may read the file.
        except Exception as error:
            raise self._failure(ImageCode.NOT_READ, error, Outcome.NOT_EXECUTED) from None

    def _failure(self, code: ImageCode, error: Exception, outcome: Outcome) -> ServiceError:
        said = error.summary if isinstance(error, ServiceError) else str(error) or type(error).__name__
        return ServiceError(AIDGE_NAME, AidgeAction.GENERATE, self.target, code, said, "", outcome)


def pending_request(payload: Mapping[str, Any], target: str, read_file: ReadFile) -> GenerationRequest | GenerationFile:
    """Return a request of a batch; a picture that has to travel in it is left where it is until it goes out.

    :param payload: the rendered arguments
    :param target: the product picture, for messages
    :param read_file: reads ``image_path``
    """
    generation = Generation(**payload)
    if generation.image_path is None and generation.image_base64 is None:
        return generation.request(read_file)
    return GenerationFile(generation, read_file, target)


class AidgeTerms(TermsWithoutList):
    """What Aidge adds to the life of a submission; see :class:`~airflow_provider_mps.core.flow.Terms`.

    :param request: the request
    :param is_open: tells whether a request may have gone out whose answer is not known
    :param on_doubt: what to do when it is not known whether an earlier try has submitted
    :param log: takes the lines for the task log
    :param timeout: seconds from its submission for which a task is waited for
    """

    service = AIDGE

    def __init__(
        self,
        request: GenerationRequest | GenerationFile,
        is_open: Callable[[], bool],
        on_doubt: OnDoubt,
        log: Log,
        timeout: float,
    ) -> None:
        super().__init__(f"background generation for {request.target}")
        self._request = request
        self._is_open = is_open
        self._on_doubt = on_doubt
        self._log = log
        self._timeout = timeout

    def in_doubt(self, doubt: str) -> AidgeInDoubtError:
        """Return the error for a doubt that nobody resolves."""
        return AidgeInDoubtError(self._request.target, doubt)

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

    def body(self, fingerprint: Fingerprint) -> GenerationRequest | GenerationFile:
        """Return the request."""
        return self._request

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
        return self._is_open()


class AidgeItemTerms(AidgeTerms):
    """The terms for one picture of a batch: how its task ended is said in its entry, and ends nothing else."""

    def __init__(
        self, request: GenerationRequest | GenerationFile, on_doubt: OnDoubt, log: Log, timeout: float
    ) -> None:
        # What is on record of a picture was written when its request went out.
        super().__init__(request, lambda: True, on_doubt, log, timeout)

    def check_joined(self, state: TaskState) -> None:
        """Take the state as it is."""
        return
