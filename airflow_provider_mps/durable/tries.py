"""What a try of an Airflow task is to a submission: which it is, what it gets, and what it leaves behind."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.compat import cleared_xcoms, run_number, task_instance_id, task_key
from airflow_provider_mps.core import submission
from airflow_provider_mps.core.airflow_task import AirflowTry, Instance, TaskKey
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.steps import Log
from airflow_provider_mps.core.vocabulary import XCOM_RETURN_KEY
from airflow_provider_mps.durable.store import store_of
from airflow_provider_mps.polling.waiting import try_began

# The XCom of a try that does not know whether it has submitted.
IN_DOUBT = "aidge_in_doubt"

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


def airflow_try_of(
    context: Mapping[str, Any],
    service: ServiceProfile,
    retries: int,
    *,
    keeps_records: bool,
    returns_result: bool = False,
) -> AirflowTry:
    """Return the try that a context is of.

    :param service: where it submits
    :param retries: ``retries`` of the operator
    :param keeps_records: whether the record outlives the try
    :param returns_result: whether the operator returns the result, and not the id of a task that may still run
    """
    ti, dag_run = context["ti"], context.get("dag_run")
    run_began, left = getattr(dag_run, "start_date", None), cleared_xcoms(ti)
    return AirflowTry(
        try_number=ti.try_number,
        max_tries=ti.max_tries,
        retries=retries,
        began=try_began(context),
        now=time.time(),
        run_began=run_began.timestamp() if run_began else None,
        keeps_records=keeps_records,
        has_submitted=not left.isdisjoint((service.task_id_key, IN_DOUBT)),
        has_returned=returns_result and XCOM_RETURN_KEY in left,
        service=service.name,
    )


def task_of(context: Mapping[str, Any]) -> TaskKey:
    """Return which task a context is of: what stays the same through retries and clears."""
    return task_key(context["ti"])


def instance_of(context: Mapping[str, Any]) -> Instance:
    """Return what tells a run from another one of the same name that was deleted."""
    dag_run = context.get("dag_run")
    began = getattr(dag_run, "start_date", None)
    return Instance(
        ti_id=task_instance_id(context["ti"]),
        run_number=run_number(dag_run),
        run_began=began.timestamp() if began else None,
    )


def mark_delivered(context: Context, service: ServiceProfile, task_id: str, log: Log) -> None:
    """Put on record that the Airflow task has its result, so that a clear after this makes a new picture."""
    store = store_of(context, service)
    try:
        record = store.read()
        if record is not None and record.task_id == task_id:
            store.write(submission.delivered(record))
    except Exception as error:
        log.warning(
            "The submission record could not be written (%s); a clear would return %s task %s again",
            error,
            service,
            task_id,
        )
