"""Ask a service for a task, whichever it is."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from airflow_provider_mps.cli.errors import UsageError
from airflow_provider_mps.cli.printing import print_wrapped, width_of
from airflow_provider_mps.cli.words import State
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.polling import Deadline, Finished, LookAgain, count_empty, next_step
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.services.profiles import AIDGE, MPS

LONGEST_ID = 250
pause = time.sleep

# 1250000000-WorkflowTask-…, as MPS names the tasks of a workflow, a schedule, a picture.
_OF_MPS = re.compile(r"\d+-[A-Za-z]\w*-[\w.-]+")
_OF_AIDGE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|\d{6,}", re.IGNORECASE)
_SERVICES = {"mps": MPS, "aidge": AIDGE}


class Answer(NamedTuple):
    """What a service has said of a task.

    :param service: whose task it is
    :param task_id: its id
    :param state: what it is now
    :param detail: the answer as it came, which may hold signed addresses: none of it is shown as it is
    :param request_id: of the answer
    """

    service: ServiceProfile
    task_id: str
    state: TaskState
    detail: Mapping[str, Any]
    request_id: str

    @property
    def word(self) -> State:
        """What the task is, in a word."""
        if self.state.failure is not None:
            return State.FAILED
        return State.RUNNING if self.state.result is None else State.FINISHED

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """The outputs of its result; empty where it has none."""
        result = self.state.result or {}
        return list(result.get(self.service.pictures_key) or [])


_CHECKS: dict[str, Callable[[str, Any], object]] = {
    "conn_id": arguments.conn_id,
    "region": arguments.region,
    "record": arguments.text,
    "catalogue": arguments.text,
}


def checked_arguments(args: Any) -> str:
    """Check what all commands are given, before anything is asked; return the id of the task.

    :raises UsageError: one of them cannot be meant so, such as one from a variable that is not set
    """
    for name, check in _CHECKS.items():
        value = getattr(args, name, None)
        if value is not None:
            try:
                check(f"--{name.replace('_', '-')}", value)
            except ArgumentError as error:
                raise UsageError(str(error)) from None
    return checked_id(args.task_id)


def checked_id(task_id: str) -> str:
    """Return the id of a task, if it can be one.

    :raises UsageError: it cannot
    """
    if not 0 < len(task_id) <= LONGEST_ID or not task_id.isascii() or not task_id.isprintable() or " " in task_id:
        shown = clean(repr(task_id), 60)
        raise UsageError(
            f"TASK_ID: expected the id of a task, without spaces and of at most {LONGEST_ID} characters, got {shown}. "
            "It is what the log of the Airflow task says, and its XCom mps_task_id or aidge_task_id."
        )
    return task_id


def service_of(task_id: str, given: str | None) -> ServiceProfile:
    """Return whose task an id means.

    :param given: ``mps`` or ``aidge``; None goes by the form of the id
    :raises UsageError: the form does not say
    """
    if given is not None:
        return _SERVICES[given]
    if _OF_AIDGE.fullmatch(task_id):
        return AIDGE
    if _OF_MPS.fullmatch(task_id):
        return MPS
    raise UsageError(
        f"TASK_ID: {clean(task_id, 60)} has neither the form of MPS (1250000000-WorkflowTask-...) nor that of Aidge "
        "(a UUID). Say whose it is: --service mps, or --service aidge."
    )


class Asker:
    """Asks one service over one connection.

    :param service: whose tasks
    :param args: the arguments; its ``used_conn_id`` is set to the connection that is used
    """

    def __init__(self, service: ServiceProfile, args: Any) -> None:
        self.service = service
        from airflow_provider_mps.hooks.aidge import AidgeHook
        from airflow_provider_mps.hooks.mps import MpsHook

        mine, other = (AidgeHook, MpsHook) if service is AIDGE else (MpsHook, AidgeHook)
        self.conn_id = args.used_conn_id = args.conn_id or mine.default_conn_name
        _check_type(mine, other, args.conn_id)
        self.hook: Any = AidgeHook(self.conn_id) if service is AIDGE else MpsHook(self.conn_id, args.region)

    def ask(self, task_id: str) -> Answer:
        """Ask for a task once; what may be sent again is.

        :raises ServiceError: the service refused, or did not answer
        """
        if self.service is AIDGE:
            state, detail, request_id = self.hook.query_task(task_id)
        else:
            from airflow_provider_mps.services.tencentcloud.answers import parse_task_detail

            detail = self.hook.describe_image_task_detail(task_id)
            state, request_id = parse_task_detail(task_id, detail), str(detail.get("RequestId") or "")
        return Answer(self.service, task_id, state, detail, request_id)

    def wait(self, first: Answer, timeout: float, interval: float) -> Answer:
        """Ask until a task is done or the time is over; each look is told on stderr.

        :param first: what the first look showed
        :param timeout: seconds
        :param interval: seconds between looks
        :raises ServiceError: the service will never answer
        """
        # The clock of the machine may be set meanwhile.
        offset = time.time() - time.monotonic()
        deadline, answer, empty = Deadline(time.time() + timeout), first, 0
        while True:
            empty = count_empty(answer.state, empty)
            step = next_step(
                answer.state,
                service=self.service.name,
                now=offset + time.monotonic(),
                deadline=deadline,
                interval=interval,
                since=answer.state.created,
                empty_looks=empty,
            )
            if not isinstance(step, LookAgain):
                return answer._replace(state=step.state) if isinstance(step, Finished) else answer
            say(f"{self.service} task {first.task_id}: {answer.state}; next look in {round(step.seconds, 1):g} s")
            pause(step.seconds)
            answer = self.ask(first.task_id)


def say(line: str) -> None:
    """Tell a person how far it is, on stderr."""
    print_wrapped(sys.stderr, clean(line), width_of(sys.stderr), rest="  ")
    sys.stderr.flush()


def _check_type(wanted: Any, other: Any, conn_id: str | None) -> None:
    """Refuse a connection of the other service before its keys are sent to this one.

    :param conn_id: None for the default one
    :raises UsageError: it is of the other service's type
    """
    if conn_id is not None and wanted.get_connection(conn_id).conn_type == other.conn_type:
        raise UsageError(
            f"--conn-id: {clean(conn_id)} is of type {other.conn_type}, and this task wants one of type "
            f"{wanted.conn_type}. Name another connection, or say whose task it is by --service."
        )
