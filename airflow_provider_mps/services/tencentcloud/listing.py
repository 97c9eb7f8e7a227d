"""Ask for a list of tasks, page by page: DescribeImageTasks (``DescribeImageTasksRequest`` of the SDK's models)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Transport
from airflow_provider_mps.core.polling import PAGE_SIZE
from airflow_provider_mps.core.tasks import ListedTask, TaskStatus
from airflow_provider_mps.services.tencentcloud.answers import format_time, parse_time
from airflow_provider_mps.services.tencentcloud.words import Action, Service


def list_params(status: TaskStatus, since: float | None, scroll_token: str) -> dict[str, Any]:
    """Return the body of a DescribeImageTasks request.

    :param status: ``PROCESSING`` or ``FINISH``
    :param since: list what began after this, seconds since the epoch; None lists all that MPS still knows
    :param scroll_token: where the page begins; empty for the first
    """
    params: dict[str, Any] = {"Status": status.value, "Limit": PAGE_SIZE}
    if since is not None:
        params["StartTime"] = format_time(since)
    if scroll_token:
        params["ScrollToken"] = scroll_token
    return params


def read_list(response: Mapping[str, Any], seen_tokens: set[str], seen_tasks: int = 0) -> tuple[list[ListedTask], str]:
    """Return the tasks of a page, and the token of the next page; empty after the last.

    An empty page is the last, whatever its token: the vendor's own sample shows one that repeats the token that it was
    asked with. So is one that is not full, unless ``TotalCount`` says that there are more tasks.

    :param seen_tokens: the tokens of the pages so far; the new one is added
    :param seen_tasks: how many tasks the pages so far had
    :raises ServiceError: a part of the page cannot be read, so that a task may be missing; or the next page is one that
        was read
    """
    rows, token = response.get("TaskSet"), response.get("ScrollToken") or ""
    if rows is None:
        rows = []
    readable = isinstance(rows, list) and all(isinstance(row, Mapping) and row.get("TaskId") for row in rows)
    is_repeated = isinstance(token, str) and token in seen_tokens
    readable = readable and isinstance(token, str)
    if readable and _is_last(rows, seen_tasks, response.get("TotalCount"), is_repeated=is_repeated):
        token = ""
    if not readable or (token and is_repeated):
        request_id = str(response.get("RequestId") or "")
        action = Action.DESCRIBE_IMAGE_TASKS
        raise ServiceError(Service.MPS, action, "", Transport.GARBLED, "not a page of tasks", request_id)
    seen_tokens.add(token)
    listed = [
        ListedTask(str(row["TaskId"]), str(row.get("Input") or ""), parse_time(row.get("CreateTime"))) for row in rows
    ]
    return listed, token


def _is_last(rows: Sequence[Any], seen_tasks: int, total: Any, *, is_repeated: bool) -> bool:
    """Tell whether a page is the last.

    :param total: ``TotalCount``
    :param is_repeated: whether it gives a token for the next page that an earlier one gave
    """
    is_short, seen = len(rows) < PAGE_SIZE, seen_tasks + len(rows)
    if is_repeated:
        return is_short or (isinstance(total, int) and seen >= total)
    # A service may give fewer at once than it was asked for.
    return is_short and not (rows and isinstance(total, int) and seen < total)
