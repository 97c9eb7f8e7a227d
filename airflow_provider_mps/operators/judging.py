"""Fail a task of which too much has failed, once all else is done and handed over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.core.vocabulary import XCOM_RETURN_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context

    from airflow_provider_mps.core.errors import TooManyFailedError


def fail_if_too_many(
    operator: BaseOperator,
    context: Context,
    are_final: Sequence[bool],
    *,
    total: int,
    max_failed: int,
    summary: str,
    result: Any,
    failed: type[TooManyFailedError],
    refused: type[TooManyFailedError],
) -> None:
    """Fail a task if more pictures have failed than may; what it would have returned is pushed before.

    :param are_final: of each failure, whether a retry would end the same way
    :param total: how many pictures there are
    :param max_failed: how many may fail
    :param summary: which have, and why
    :param result: what the task would return
    :param failed: the error to raise
    :param refused: the error where a retry would do no more
    :raises TooManyFailedError: more than ``max_failed`` have
    """
    if not are_final:
        return
    if len(are_final) <= max_failed:
        operator.log.warning("%d failed, which max_failed=%d allows: %s", len(are_final), max_failed, summary)
        return
    hand_over(operator, context, result)
    raise (refused if all(are_final) else failed)(len(are_final), total, max_failed, summary)


def hand_over(operator: Any, context: Context, result: Any) -> None:
    """Push what a task would return before it fails, and keep it for lineage.

    :param operator: of the task
    :param result: what it would return
    """
    operator.lineage_notes.handed_over = result
    if operator.do_xcom_push:
        context["ti"].xcom_push(key=XCOM_RETURN_KEY, value=result)
