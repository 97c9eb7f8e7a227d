"""Submit to MPS in the triggerer what a worker has handed over, and wait there for the task."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_mps.compat_triggerer import mark_of, priority_of
from airflow_provider_mps.core import submission_events
from airflow_provider_mps.core.errors import ServiceError, describe_look
from airflow_provider_mps.core.events import to_event
from airflow_provider_mps.core.redaction import redact_urls
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.durable.handed_over import HandedBackError, HandedOver, Moment
from airflow_provider_mps.durable.mps import HandedOverTerms
from airflow_provider_mps.durable.submitter import Submitter, shared_submitter
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.polling.shared import PollTarget
from airflow_provider_mps.services.profiles import MPS

# XCom with the time of a hand-over, of a submission that may have gone out sooner than others may.
MARK_KEY = "mps_sent_early"


class MpsSubmitTrigger(BaseTrigger):
    """Submits a picture task when its turn comes, waits until it is done or too late, then fires one event.

    All triggers of one triggerer for the same connection and region share one client and one pace, and those with a
    higher ``priority_weight`` go first. The event is that of
    :class:`~airflow_provider_mps.triggers.mps.MpsImageTaskTrigger`, with what the worker puts on record under
    ``submission``; its ``status`` is ``handed_back`` where only the worker can go on.

    :param payload: the request body (dict), without what a credential is in
    :param record: the intent that the worker has put on record (dict); its time is that of the hand-over
    :param tencentcloud_conn_id: Airflow connection of type ``tencentcloud`` (str or None)
    :param region: region of the MPS API (str or None)
    :param poll_interval: seconds between looks (float); a new task is looked at sooner
    :param timeout: seconds from its submission for which the task is waited for (float)
    :param until: when the ``execution_timeout`` of the Airflow task ends, seconds since the epoch (float or None)
    :param urgent: whether it may go out within 2 s of the hand-over, and not only 3 s after it (bool); that costs
        Airflow an XCom, ``mps_sent_early``
    """

    def __init__(
        self,
        payload: Mapping[str, Any],
        record: Mapping[str, Any],
        tencentcloud_conn_id: str | None,
        region: str | None,
        poll_interval: float,
        timeout: float,
        until: float | None = None,
        urgent: bool = False,
    ) -> None:
        super().__init__()
        self.payload = payload
        self.record = record
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.region = region
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.until = until
        self.urgent = urgent

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "payload": self.payload,
                "record": self.record,
                "tencentcloud_conn_id": self.tencentcloud_conn_id,
                "region": self.region,
                "poll_interval": self.poll_interval,
                "timeout": self.timeout,
                "until": self.until,
                "urgent": self.urgent,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Submit and wait, then yield one event."""
        began, record = Moment.now(), Record.from_json(self.record)
        if record is None:
            raise ValueError("the trigger was not given a record that this version can read")
        event: dict[str, Any] | None = None
        submission: HandedOver | None = None
        try:
            async with shared_submitter(PollTarget(MpsHook, (self.tencentcloud_conn_id, self.region))) as submitter:
                submission = self._submission(submitter, record, began)
                event = await self._submit(submitter, submission)
        except Exception as error:
            # Such as a connection that is not there, or a doubt that MPS does not resolve: the worker comes to the same
            # error, and can say it. What is known by then goes with it, above all which task was accepted.
            why = f"{type(error).__name__}: {redact_urls(str(error))}"
            event = event or submission_events.hand_back_event(submission.record if submission else record, why)
        yield TriggerEvent(event)

    def _submission(self, submitter: Submitter, record: Record, began: Moment) -> HandedOver:
        terms = HandedOverTerms(self.payload, submitter.poller.hook.clock, self.log)
        return HandedOver(
            submitter,
            terms,
            record,
            began,
            priority=priority_of(self),
            interval=self.poll_interval,
            timeout=self.timeout,
            until=self.until,
            mark=mark_of(self, MARK_KEY) if self.urgent else None,
            log=self.log,
        )

    async def _submit(self, submitter: Submitter, submission: HandedOver) -> dict[str, Any]:
        try:
            submitted = await submission.submit()
        except ServiceError as error:
            return submission_events.not_submitted_event(submission.record, error)
        except HandedBackError as error:
            return submission_events.hand_back_event(submission.record, str(error))
        end = await submitter.poller.wait(
            submitted.task_id,
            deadline=submission.deadline(submitted.counts_from),
            interval=self.poll_interval,
            since=submitted.since,
            on_look=lambda look: self.log.info("%s task %s: %s", MPS, submitted.task_id, describe_look(look)),
        )
        return submission_events.submission_event(submission.record, to_event(submitted.task_id, end, MPS))
