"""MPS: ProcessImage, DescribeImageTaskDetail and DescribeImageTasks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow_provider_mps.local.cos.sign import presign
from airflow_provider_mps.local.serving.faults import FaultScope, of_kind
from airflow_provider_mps.local.tencentcloud.calls import ApiAction, ApiCall
from airflow_provider_mps.local.tencentcloud.errors import ApiRefusal, MpsTaskFailure
from airflow_provider_mps.local.tencentcloud.rules import to_job
from airflow_provider_mps.local.tencentcloud.schemas import (
    DescribeImageTaskDetailRequest,
    DescribeImageTasksRequest,
    ProcessImageRequest,
    parse,
)
from airflow_provider_mps.local.tencentcloud.tasks import Task

SERVICE = "mps"
VERSION = "2019-06-12"
DEFAULT_PAGE = 20
SIGNED_URL_SECONDS = 24 * 3600
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def process_image(call: ApiCall) -> dict[str, Any]:
    """Accept a task and start it."""
    request = parse(ProcessImageRequest, call.body)
    job = to_job(request, call.state.store)
    longer = of_kind(call.rules, "task_seconds")
    task = call.state.tasks.create(
        account=call.credential.account,
        job=job,
        input_info=request.InputInfo.model_dump(exclude_none=True),
        image_task=request.image_task,
        definition=request.Definition,
        seconds=longer.seconds if longer else call.serving.settings.task_seconds,
    )
    if rule := of_kind(call.rules, "task_fail"):
        task.failure = MpsTaskFailure(rule.err_code, rule.err_msg, rule.message)
        task.failure_inner = rule.inner
    if rule := of_kind(call.rules, "wrong_picture"):
        task.wrong = rule.shows
    if (rule := of_kind(call.rules, "wrong_text")) and (job.text or job.assessed):
        task.text = rule.body
    if rule := of_kind(call.rules, "null_status"):
        task.null_answers = rule.n
    call.record.task_id = task.task_id
    call.state.worker.submit(task)
    return {"TaskId": task.task_id}


def describe_image_task_detail(call: ApiCall) -> dict[str, Any]:
    """Show one task with its result."""
    request = parse(DescribeImageTaskDetailRequest, call.body)
    task = call.state.tasks.find(call.credential.account, request.TaskId)
    if task is None:
        # The SDK's list of codes has four for this. Of them InvalidParameterValue.TaskId is explained with "the task
        # id does not exist", which is about the argument; FailedOperation.TaskNotFound belongs to the newer AIGC
        # actions and ResourceNotFound.TaskNotFound names no argument.
        raise ApiRefusal("InvalidParameterValue.TaskId", "The task id does not exist.")
    call.record.task_id = task.task_id
    now = call.serving.clock()
    status = task.status(now)
    hidden = of_kind(call.rules, "null_status") is not None
    if task.null_answers > 0:
        task.null_answers -= 1
        hidden = True
    finished = status == "FINISH" and not hidden
    failure = task.failure if finished and not task.failure_inner else None
    return {
        "TaskType": "WorkflowTask",
        "Status": None if hidden else status,
        "ErrCode": failure.err_code if failure else 0,
        "ErrMsg": failure.err_msg if failure else "",
        "Message": failure.message if failure else "",
        "ImageProcessTaskResultSet": None if hidden or failure else _result_set(call, task, now),
        "CreateTime": _iso(task.created),
        "FinishTime": _iso(task.finish) if finished else None,
        "Definition": task.definition or 0,
        "ImageTask": task.image_task,
        "InputInfo": task.input_info,
    }


def describe_image_tasks(call: ApiCall) -> dict[str, Any]:
    """List tasks, newest first; the scroll token is the id of the next task, as the service documents it."""
    request = parse(DescribeImageTasksRequest, call.body)
    now = call.serving.clock()
    limit = request.Limit or DEFAULT_PAGE
    tasks = call.state.tasks
    next_n: int | None = None
    if request.ScrollToken:
        first = tasks.find(call.credential.account, request.ScrollToken)
        if first is None:
            raise ApiRefusal("InvalidParameterValue", "The value of parameter `ScrollToken` is not valid.")
        next_n = first.n
    page: list[dict[str, Any]] = []
    total, token = 0, ""
    start, end = _moment(request.StartTime, "StartTime"), _moment(request.EndTime, "EndTime")
    # Times have whole seconds on the wire, so the last second is included as a whole.
    for task in tasks.newest_first(call.credential.account, start, None if end is None else end + 0.999999):
        finished = task.status(now) == "FINISH"
        failed = finished and task.failure is not None
        if finished != (request.Status == "FINISH") or request.SubTaskHasFailed not in (None, failed):
            continue
        total += 1
        if next_n is not None and task.n > next_n:
            continue
        if len(page) < limit:
            page.append(_summary(task, now, finished, failed))
        else:
            token = token or task.task_id
    return {"TotalCount": total, "ScrollToken": token, "TaskSet": page}


ACTIONS = {
    "ProcessImage": ApiAction(SERVICE, VERSION, process_image),
    "DescribeImageTaskDetail": ApiAction(SERVICE, VERSION, describe_image_task_detail),
    "DescribeImageTasks": ApiAction(SERVICE, VERSION, describe_image_tasks),
}
FAULTS = FaultScope(
    {
        "task_fail": ("ProcessImage",),
        "task_seconds": ("ProcessImage",),
        "wrong_picture": ("ProcessImage",),
        "wrong_text": ("ProcessImage",),
        "null_status": ("ProcessImage", "DescribeImageTaskDetail"),
    }
)


def _result_set(call: ApiCall, task: Task, now: float) -> list[dict[str, Any]] | None:
    status = task.status(now)
    if status == "WAITING":
        return None
    if status == "PROCESSING":
        return [{"Status": "PROCESSING", "ErrMsg": "", "Message": "", "Progress": task.progress(now), "Output": None}]
    if task.failure is not None:
        failure = task.failure
        return [
            {"Status": "FAIL", "ErrMsg": failure.err_msg, "Message": failure.message, "Progress": 100, "Output": None}
        ]
    outputs = [_output(call, task, path, now) for path in task.job.paths]
    if task.text:
        text = {"Path": None, "OutputStorage": None, "SignedUrl": None, "Content": task.text, "FileId": None}
        outputs.insert(0, text)
    done = {"Status": "SUCCESS", "ErrMsg": "", "Message": "", "Progress": 100}
    return [{**done, "Output": output} for output in outputs]


def _output(call: ApiCall, task: Task, path: str, now: float) -> dict[str, Any]:
    job = task.job
    return {
        "Path": path,
        "OutputStorage": {"Type": "COS", "CosOutputStorage": {"Bucket": job.bucket, "Region": job.region}},
        "SignedUrl": presign(
            call.state.accounts.owner(task.account),
            host=f"{job.bucket}.cos.{job.region}.myqcloud.com",
            key=path[1:],
            start=int(now) - 60,
            seconds=SIGNED_URL_SECONDS,
        ),
        "Content": None,
        "FileId": None,
    }


def _summary(task: Task, now: float, finished: bool, failed: bool) -> dict[str, Any]:
    return {
        "TaskId": task.task_id,
        "Status": "FINISH" if finished else "PROCESSING",
        "Input": str(task.job.subject),
        "CreateTime": _iso(task.created),
        "BeginProcessTime": _iso(task.begin) if now >= task.begin else None,
        "FinishTime": _iso(task.finish) if finished else None,
        "SubTaskHasFailed": failed,
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime(_TIME_FORMAT)


def _moment(text: str | None, name: str) -> float | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise ApiRefusal(
            "InvalidParameterValue",
            f"The value of parameter `{name}` is not valid. It must look like YYYY-MM-DDThh:mm:ssZ.",
        ) from None
