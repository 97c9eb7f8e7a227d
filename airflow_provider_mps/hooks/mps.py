"""Talk to Tencent Cloud MPS: submit a picture task, look at it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

from airflow_provider_mps.clients.async_client import off_the_loop
from airflow_provider_mps.clients.paced import Call, Guard, PacedCalls
from airflow_provider_mps.clients.pacing import Pacer, pacer_of
from airflow_provider_mps.clients.permits import Permit
from airflow_provider_mps.core.clock import ServiceClock
from airflow_provider_mps.core.errors import ServiceError, no_verdict
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.services import is_free
from airflow_provider_mps.core.tasks import Accepted, ListedTask, TaskState, TaskStatus
from airflow_provider_mps.error_table import airflow_errors
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.hooks.base import TencentCloudBaseHook
from airflow_provider_mps.hooks.budget import DailyLimit
from airflow_provider_mps.hooks.forms import with_form
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud import answers, sites
from airflow_provider_mps.services.tencentcloud.answers import parse_task_detail
from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings
from airflow_provider_mps.services.tencentcloud.listing import list_params, read_list
from airflow_provider_mps.services.tencentcloud.payloads import check_payload, describe_input
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID, Action, Service

# A task that no account has: a service that says so has accepted the credentials.
_NO_SUCH_TASK = "0-WorkflowTask-00000000000000000000000000000000"
_SAYS_NO_SUCH_TASK = ("ResourceNotFound", "InvalidParameterValue", "InvalidParameter", "FailedOperation.TaskNotFound")


@with_form
class MpsHook(PacedCalls, TencentCloudBaseHook):
    """Calls ProcessImage, DescribeImageTaskDetail and DescribeImageTasks, sync and async, with one set of decisions.

    A request that was refused for good raises :class:`~airflow_provider_mps.exceptions.TencentCloudPermanentError`,
    which Airflow does not retry; one that may pass raises
    :class:`~airflow_provider_mps.exceptions.TencentCloudError`. Inside one call, what was certainly not executed
    (limit exceeded, no connection) is sent again with jittered backoff, 6 times in all; a ProcessImage whose answer
    was lost is never sent again, as it may have been accepted and would be paid for twice. All that this process sends
    for an account keeps one pace for each action, ``requests_per_second`` of the connection, and slower after a
    refusal. With ``pictures_per_day`` of the connection, a ProcessImage goes out only with one of that many grants that
    all processes of the account share (see ``hooks.budget``); without one it fails with the code
    ``PicturesPerDayReached``, for a retry on the next day.

    Use it as an async context manager for the async calls, or call :meth:`aclose` when done.

    :param tencentcloud_conn_id: Airflow connection of type ``tencentcloud`` (str); None reads the environment alone
    :param region: region of the MPS API (str); default: the connection's, ``TENCENTCLOUD_API_REGION``, ``ap-guangzhou``
    """

    service = MPS
    can_list = True

    def __init__(
        self, tencentcloud_conn_id: str | None = DEFAULT_CONN_ID, region: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(tencentcloud_conn_id, region, **kwargs)
        self._client: Any = None
        # What the answers so far have said of the clock of MPS.
        self.clock = ServiceClock()
        self._daily_limit = DailyLimit(self)

    def get_conn(self) -> Any:
        """Return the SDK's typed ``MpsClient``, with all of its models: heavy to import, and it does not resend."""
        return _vendor_clients().typed_client(self.settings, self.snapshot_credential())

    def process_image(self, payload: Mapping[str, Any]) -> str:
        """Submit a picture task (https://cloud.tencent.com/document/product/862/112896).

        The hook keeps no record: a caller that tries again has to find out itself what became of a lost answer.

        :param payload: the request body
        :return: the TaskId
        """
        return self.submit_task(payload).task_id

    def submit_task(self, payload: Mapping[str, Any]) -> Accepted:
        """Submit a picture task as :meth:`process_image` does; return the RequestId too, which the support asks for."""
        with invalid_arguments_fail():
            payload = check_payload(payload)
        target = describe_input(payload)
        with self._permit(target) as permit:
            response = self._resend(Action.PROCESS_IMAGE, payload, target, permit)
        with airflow_errors():
            return answers.read_accepted(target, response)

    def give_back(self) -> None:
        """Let other processes have what this one has reserved of ``pictures_per_day`` and does not use.

        For whoever is done with submitting; blocks while COS is told. The operators do it, and :meth:`aclose`.
        """
        if self.settings.pictures_per_day is not None:
            self._daily_limit.give_back()

    async def aclose(self) -> None:
        """Close the async client, and give back what was reserved."""
        await super().aclose()
        if self._settings is not None and self._settings.pictures_per_day is not None:
            await off_the_loop(self.give_back)

    def ask_clock(self) -> float | None:
        """Return how far the clock of MPS is ahead, in seconds; ask what costs nothing if no answer has told it yet."""
        if self.clock.ahead is None:
            # Whatever the answer is, it has a date.
            self.look(_NO_SUCH_TASK)
        return self.clock.ahead

    def describe_image_task_detail(self, task_id: str) -> dict[str, Any]:
        """Return ``Response`` of DescribeImageTaskDetail (https://cloud.tencent.com/document/api/862/118509).

        It may hold a ``SignedUrl``, which is a credential: keep it out of logs and XComs, or use
        :meth:`get_task_state`, which leaves it behind.
        """
        return dict(self._resend(Action.DESCRIBE_IMAGE_TASK_DETAIL, {"TaskId": task_id}, task_id))

    def get_task_state(self, task_id: str) -> TaskState:
        """Look at a task once, resending what may be resent."""
        return parse_task_detail(task_id, self.describe_image_task_detail(task_id))

    def list_image_tasks(self, status: TaskStatus, since: float | None = None) -> list[ListedTask]:
        """List the account's tasks, all pages of DescribeImageTasks; MPS remembers them for 7 days.

        :param status: ``PROCESSING`` or ``FINISH``
        :param since: only tasks that began after this, seconds since the epoch (float); default: all
        """
        found: list[ListedTask] = []
        token, tokens = "", set[str]()
        while True:
            params = list_params(status, since, token)
            with airflow_errors():
                response = self._resend(Action.DESCRIBE_IMAGE_TASKS, params, "")
                page, token = read_list(response, tokens, len(found))
            found += page
            if not token:
                return found

    def look(self, task_id: str) -> TaskState | ServiceError:
        """Look at a task once, for a loop that decides itself when to look again."""
        try:
            return parse_task_detail(
                task_id, self._call(Action.DESCRIBE_IMAGE_TASK_DETAIL, {"TaskId": task_id}, task_id)
            )
        except ServiceError as error:
            return self._judged(error)

    async def aprocess_image(self, payload: Mapping[str, Any], *, guard: Guard | None = None) -> str:
        """Submit a picture task; the async twin of :meth:`process_image`.

        :param guard: awaited right before each request, when it has waited for its turn; raises if it must not go out
        """
        return (await self.asubmit_task(payload, guard=guard)).task_id

    async def asubmit_task(self, payload: Mapping[str, Any], *, guard: Guard | None = None) -> Accepted:
        """Submit a picture task; the async twin of :meth:`submit_task`.

        :param guard: see :meth:`aprocess_image`
        """
        with invalid_arguments_fail():
            payload = check_payload(payload)
        target = describe_input(payload)
        await self.aload_settings()
        with self._permit(target) as permit:
            response = await self._aresend(Action.PROCESS_IMAGE, payload, target, guard, permit)
        with airflow_errors():
            return answers.read_accepted(target, response)

    async def aask_clock(self) -> float | None:
        """Return how far the clock of MPS is ahead; the async twin of :meth:`ask_clock`."""
        if self.clock.ahead is None:
            await self.alook(_NO_SUCH_TASK)
        return self.clock.ahead

    async def aget_task_state(self, task_id: str) -> TaskState:
        """Look at a task once, resending what may be resent; the async twin of :meth:`get_task_state`."""
        response = await self._aresend(Action.DESCRIBE_IMAGE_TASK_DETAIL, {"TaskId": task_id}, task_id)
        return parse_task_detail(task_id, response)

    async def alist_image_tasks(self, status: TaskStatus, since: float | None = None) -> list[ListedTask]:
        """List the account's tasks; the async twin of :meth:`list_image_tasks`."""
        return [task async for page in self.alist_pages(status, since) for task in page]

    async def alist_pages(self, status: TaskStatus, since: float | None = None) -> AsyncIterator[list[ListedTask]]:
        """List the account's tasks page by page, for a caller that may have seen enough before the last."""
        token, tokens, seen = "", set[str](), 0
        while True:
            params = list_params(status, since, token)
            with airflow_errors():
                response = await self._aresend(Action.DESCRIBE_IMAGE_TASKS, params, "")
                page, token = read_list(response, tokens, seen)
            seen += len(page)
            yield page
            if not token:
                return

    async def alook(self, task_id: str) -> TaskState | ServiceError:
        """Look at a task once; the async twin of :meth:`look`."""
        try:
            response = await self._acall(Action.DESCRIBE_IMAGE_TASK_DETAIL, {"TaskId": task_id}, task_id)
        except ServiceError as error:
            return self._judged(error)
        return parse_task_detail(task_id, response)

    @property
    def identity(self) -> tuple[str, ...]:
        """What MPS counts requests by: host, region and account."""
        return Service.MPS, self.settings.endpoint, self.settings.region, self.account

    @property
    def look_rate(self) -> float:
        """Looks per second, as of now."""
        return self.pacer(Action.DESCRIBE_IMAGE_TASK_DETAIL).rate

    def pacer(self, action: str) -> Pacer:
        """Return what keeps an action below its limit, for all of this process that use the same account."""
        return pacer_of(self.settings.rate_of(action), *self.identity, action)

    def test_connection(self) -> tuple[bool, str]:
        """Ask for a task that does not exist: changes nothing, and shows that MPS accepts the credentials."""
        try:
            self._call(Action.DESCRIBE_IMAGE_TASK_DETAIL, {"TaskId": _NO_SUCH_TASK}, "")
        except ServiceError as error:
            if error.code.startswith(_SAYS_NO_SUCH_TASK):
                return True, f"MPS accepts the credentials (region {self.settings.region}, {self.settings.endpoint})"
            return False, str(error)
        except Exception as error:
            return False, str(error)
        return True, f"MPS answered (region {self.settings.region}, {self.settings.endpoint})"

    def _read(self, login: str | None, password: str | None, extra: Mapping[str, Any]) -> TencentCloudSettings:
        settings = super()._read(login, password, extra)
        if not settings.region:
            where = f"region: required (operator, or extra of connection {self.tencentcloud_conn_id})"
            raise InvalidArgumentError(f"{where}, as {sites.advice(settings.endpoint)}")
        if sites.is_international(settings.endpoint) and sites.is_mainland(settings.region):
            self.log.warning("region %s will be refused, as %s", settings.region, sites.advice(settings.endpoint))
        return settings

    async def _close(self, client: Any) -> None:
        await client.close()

    def _ready_client(self) -> Any:
        settings = self.settings
        if self._client is None:
            self._client = _vendor_clients().sync_client(settings, self.snapshot_credential())
            self._client.clock = self.clock
        return self._client

    async def _ready_async_client(self) -> Any:
        credential = await self.asnapshot_credential()
        client = await self._made(lambda: _vendor_clients().async_client(self.settings, credential))
        client.clock = self.clock
        return client

    def _exchange(self, client: Any, call: Call) -> Mapping[str, Any]:
        # The turn may have come late, and the keys may be others by now.
        client.credential = self.snapshot_credential()
        send = client.ask if is_free(call.action) else client.call_json
        call.sending()
        return answers.read_response(call.action, call.target, send(call.action, dict(call.body)))

    async def _aexchange(self, client: Any, call: Call) -> Mapping[str, Any]:
        credential = await self.asnapshot_credential()
        if call.guard is not None:
            await call.guard()
        # Nothing is awaited between this and the signature: the client is shared.
        client.credential = credential
        call.sending()
        answer = await client.call_and_deserialize(call.action, dict(call.body))
        return answers.read_response(call.action, call.target, answer)

    def _permit(self, target: str) -> AbstractContextManager[Permit[Any] | None]:
        limit = self.settings.pictures_per_day
        return nullcontext() if limit is None else self._daily_limit.permit(limit, target)

    def _translate(self, call: Call, error: Exception, outer: BaseException | None) -> ServiceError:
        translated: ServiceError = _vendor_clients().translate(Service.MPS, call.action, call.target, error, outer)
        return translated

    def _judged(self, error: ServiceError) -> ServiceError:
        """Return what an error means to who waits: what may pass is no verdict on the task."""
        if error.rule.about_clock:
            return no_verdict(error, self.clock.describe())
        if error.outcome is Outcome.REFUSED and error.code.startswith("HTTP "):
            # API 3.0 has its errors in answers with the status 200.
            return no_verdict(error, "MPS has not said anything of the task")
        # Of temporary keys the error says so already.
        if error.outcome is Outcome.REFUSED and error.rule.about_keys and self.renewal.may_come:
            return no_verdict(error, f"the keys of {self._named} may just be renewed")
        return error


def _vendor_clients() -> ModuleType:
    from airflow_provider_mps.clients import tencentcloud as mps_clients

    return mps_clients
