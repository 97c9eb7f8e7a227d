"""What Aidge's three APIs do, once a request is known to be allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.local.aidge.rules import to_job, to_search
from airflow_provider_mps.local.aidge.scenes import find_scenes
from airflow_provider_mps.local.aidge.schemas import QueryRequest, invalid, parse
from airflow_provider_mps.local.aidge.state import AidgeState
from airflow_provider_mps.local.aidge.tasks import AidgeTask
from airflow_provider_mps.local.aidge.words import GET_RESULT, QUERY, SCENE_QUERY, SUBMIT
from airflow_provider_mps.local.serving.accounts import Credential
from airflow_provider_mps.local.serving.faults import FaultScope, Rule, of_kind
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.serving.state import ServingState


@dataclass(frozen=True, slots=True)
class AidgeCall:
    """An authenticated request to an API.

    :param serving: what all endpoints share.
    :param state: the state of Aidge.
    :param credential: who signed.
    :param body: the request body.
    :param record: the request's entry in the journal.
    :param origin: the address of the service, as the client dialled it.
    :param rules: the fault rules that apply.
    """

    serving: ServingState
    state: AidgeState
    credential: Credential
    body: dict[str, Any]
    record: JournalRecord
    origin: str
    rules: Sequence[Rule] = field(default_factory=list)


def _submit(call: AidgeCall) -> dict[str, Any]:
    aidge, account, trial = call.state, call.credential.account, call.record.trial
    aidge.quotas.check(account, trial)
    job = to_job(call.body)
    longer = of_kind(call.rules, "task_seconds")
    task = aidge.tasks.create(
        account=account,
        key_name=call.credential.secret_id,
        job=job,
        seconds=longer.seconds if longer else call.serving.settings.task_seconds,
    )
    aidge.quotas.count(account, trial)
    if rule := of_kind(call.rules, "task_fail"):
        task.failure, task.failure_inner = rule.message, rule.inner
    call.record.task_id = task.task_id
    aidge.maker.submit(task)
    return {"result": {"taskId": task.task_id}}


def _query(call: AidgeCall) -> dict[str, Any]:
    task = call.state.tasks.find(call.credential.account, parse(QueryRequest, call.body).taskId)
    if task is None:
        raise invalid("taskId", "is wrong, the task does not exist")
    call.record.task_id = task.task_id
    now = call.serving.clock()
    status = task.status(now)
    ended = status in ("finished", "failed")
    if rule := of_kind(call.rules, "status"):
        call.record.fault = rule.kind
        status, ended = str(rule.status), False
    return {
        "taskId": task.task_id,
        "taskStatus": status,
        "taskMessage": task.failure if status == "failed" and ended else "",
        "taskResult": [_result(call, task, number, now) for number in range(task.job.count)] if ended else [],
    }


def _result(call: AidgeCall, task: AidgeTask, number: int, now: float) -> dict[str, Any]:
    failed, scene = task.failed(number), task.job.scene
    return {
        "imageUrlList": [] if failed else [call.state.files.address(call.origin, task, number + 1, now)],
        "sceneTemplate": scene.number,
        "recordContent": scene.name,
        "taskStatus": "failed" if failed else "finished",
        "taskMessage": task.failure if failed else "",
    }


def _scenes(call: AidgeCall) -> dict[str, Any]:
    search = to_search(call.body)
    return {
        "result": [
            {
                "modelNum": scene.number,
                "name": scene.name,
                "coverUrl": f"{call.origin}/_local/scenes/{scene.number}.jpg",
                "categoryNameList": scene.category_names,
                "categoryTags": list(scene.tags),
            }
            for scene in find_scenes(search.title, search.category, search.kind, search.count)
        ]
    }


ACTIONS: Mapping[str, Callable[[AidgeCall], dict[str, Any]]] = {SUBMIT: _submit, QUERY: _query, SCENE_QUERY: _scenes}
FAULTS = FaultScope(
    {
        "task_fail": (SUBMIT,),
        "task_seconds": (SUBMIT,),
        "status": (QUERY,),
        "truncate": (GET_RESULT,),
        "short_length": (GET_RESULT,),
    },
    {("task_fail", SUBMIT): frozenset({"err_code", "err_msg"})},
)
