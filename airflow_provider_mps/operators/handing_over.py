"""Hand a submission over to the triggerer, and take up what has become of it there."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.compat import KEEPS_TASK_STATE
from airflow_provider_mps.core.identity import holds_credential
from airflow_provider_mps.polling.waiting import end_of_try
from airflow_provider_mps.services.profiles import MPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import BaseOperator, Context

    from airflow_provider_mps.core.submission import Record

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.core.submission_events import SubmissionEnd

# Of a task that nobody has given another one.
DEFAULT_PRIORITY_WEIGHT = 1


def may_be_handed_over(operator: Any, payload: Mapping[str, Any]) -> bool:
    """Tell whether the triggerer may submit for an operator.

    :param payload: the request body
    """
    is_wanted = operator.wait_for_completion and operator.deferrable and operator.durable
    if not is_wanted or not KEEPS_TASK_STATE:
        return False
    if holds_credential(payload):
        # The arguments of a trigger are kept in Airflow's database.
        operator.log.info(
            "This request may hold a credential, such as a signed address, so the worker submits it, not the triggerer"
        )
        return False
    return True


def hand_over(operator: Any, context: Context, payload: Mapping[str, Any], record: Record) -> None:
    """Defer an operator until what it wants to submit is submitted and done, or not submitted; does not return.

    :param payload: the request body
    :param record: the intent, which is on record
    """
    from airflow_provider_mps.core.handover import LONGEST_TURN_SECONDS
    from airflow_provider_mps.core.polling import trigger_lifetime
    from airflow_provider_mps.triggers.mps_submit import MpsSubmitTrigger

    now, until = time.time(), end_of_try(operator, context)
    trigger = MpsSubmitTrigger(
        payload,
        record.to_json(),
        operator.tencentcloud_conn_id,
        operator.region,
        operator.poll_interval,
        operator.timeout,
        until,
        urgent=operator.priority_weight > DEFAULT_PRIORITY_WEIGHT,
    )
    deadline = now + LONGEST_TURN_SECONDS + operator.timeout if until is None else until
    lifetime = timedelta(seconds=trigger_lifetime(now=now, deadline=deadline))
    operator.defer(trigger=trigger, method_name="resume_handed_over", timeout=lifetime)


def take_back(operator: BaseOperator, context: Context, event: Any) -> SubmissionEnd:
    """Put on record what has become of a submission that was handed over, and return it.

    :param event: of the trigger
    :raises TriggerEventError: there is none, or one that cannot be read
    """
    from airflow_provider_mps.core.events import EventError
    from airflow_provider_mps.core.submission_events import submission_of_event
    from airflow_provider_mps.durable.store import store_of
    from airflow_provider_mps.exceptions import TriggerEventError

    try:
        end = submission_of_event(event)
    except EventError as error:
        raise TriggerEventError(str(error)) from None
    try:
        store_of(context, MPS).write(end.record)
    except Exception as error:
        operator.log.warning(
            "The submission record could not be written (%s); a retry would look for the task at MPS", error
        )
    return end
