"""One call for every hook: it waits for its turn, signs with the keys of now, and is sent again where that is safe."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException
from tenacity import AsyncRetrying, Retrying

from airflow_provider_mps.clients.async_client import AsyncClientHolder
from airflow_provider_mps.clients.pacing import Pacer
from airflow_provider_mps.clients.permits import Permit
from airflow_provider_mps.clients.renewal import KeyRenewal
from airflow_provider_mps.core.calls import resend_options
from airflow_provider_mps.core.errors import ServiceError, not_sent
from airflow_provider_mps.error_table import airflow_error

Guard = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Call:
    """A request to a service.

    :param action: name of the action
    :param body: what is sent, as the hook's client takes it
    :param target: on what, for messages; may be empty
    :param guard: awaited right before each request of an event loop; raises if it must not go out
    :param permit: what it holds of a limit; None where it is not counted
    """

    action: str
    body: Any
    target: str
    guard: Guard | None = None
    permit: Permit[Any] | None = None

    def sending(self) -> None:
        """Note that the request goes out now."""
        if self.permit is not None:
            self.permit.sending()


class PacedCalls(AsyncClientHolder):
    """For hooks: calls a service, sync and async, with one set of decisions.

    A hook adds its clients, how a request goes out and its answer is read, and what an error of its client means.
    """

    log: Any
    renewal: KeyRenewal

    @abstractmethod
    def pacer(self, action: str) -> Pacer:
        """Return what keeps an action below its limit, for all of this process that count as one for the service."""

    @abstractmethod
    def _ready_client(self) -> Any:
        """Return the sync client.

        :raises Exception: it cannot be made, so nothing is sent
        """

    @abstractmethod
    async def _ready_async_client(self) -> Any:
        """Return the async client, to be called by one at a time.

        :raises Exception: it cannot be made, so nothing is sent
        """

    @abstractmethod
    def _exchange(self, client: Any, call: Call) -> Mapping[str, Any]:
        """Send a request and return its answer; right before, tell the call that it is sending.

        :raises Exception: there is none, or it is an error
        """

    @abstractmethod
    async def _aexchange(self, client: Any, call: Call) -> Mapping[str, Any]:
        """Send a request and return its answer; the async twin of :meth:`_exchange`, which awaits the guard."""

    @abstractmethod
    def _translate(self, call: Call, error: Exception, outer: BaseException | None) -> ServiceError:
        """Return what an error of the client means.

        :param outer: what the caller was handling before the call
        """

    def _resend(self, action: str, body: Any, target: str, permit: Permit[Any] | None = None) -> Mapping[str, Any]:
        """Call, and call again where :func:`~airflow_provider_mps.core.errors.may_resend` allows it."""
        call = Call(action, body, target, permit=permit)
        found: Mapping[str, Any] = Retrying(**resend_options(action, self.log.warning))(self._call_once, call)
        return found

    async def _aresend(
        self,
        action: str,
        body: Any,
        target: str,
        guard: Guard | None = None,
        permit: Permit[Any] | None = None,
    ) -> Mapping[str, Any]:
        """Call; the async twin of :meth:`_resend`."""
        call = Call(action, body, target, guard, permit)
        retrying = AsyncRetrying(**resend_options(action, self.log.warning))
        found: Mapping[str, Any] = await retrying(self._acall_once, call)
        return found

    def _call(self, action: str, body: Any, target: str) -> Mapping[str, Any]:
        """Call once, or once more when the keys have been renewed."""
        return self._call_once(Call(action, body, target))

    async def _acall(self, action: str, body: Any, target: str) -> Mapping[str, Any]:
        """Call once; the async twin of :meth:`_call`."""
        return await self._acall_once(Call(action, body, target))

    def _call_once(self, call: Call) -> Mapping[str, Any]:
        return self.renewal.call(lambda: self._send(call))

    async def _acall_once(self, call: Call) -> Mapping[str, Any]:
        return await self.renewal.acall(lambda: self._asend(call))

    def _send(self, call: Call) -> Mapping[str, Any]:
        outer, failed = sys.exception(), None
        try:
            client = self._ready_client()
        except AirflowException:
            raise
        except Exception as error:
            failed = self._failed(call, error, outer, is_sent=False)
        if failed is not None:
            raise failed from None
        try:
            self._wait_for_turn(call)
            return self._exchange(client, call)
        except AirflowException:
            raise
        except Exception as error:
            failed = self._failed(call, error, outer)
        # Not where the vendor's error is handled: it would be kept as the context, with all that was said in it.
        raise failed from None

    async def _asend(self, call: Call) -> Mapping[str, Any]:
        outer, failed = sys.exception(), None
        try:
            async with self._one_at_a_time():
                client = await self._ready_async_client()
        except AirflowException:
            raise
        except Exception as error:
            failed = self._failed(call, error, outer, is_sent=False)
        if failed is not None:
            raise failed from None
        try:
            await self._await_turn(call)
            return await self._aexchange(client, call)
        except AirflowException:
            raise
        except Exception as error:
            failed = self._failed(call, error, outer)
        # Not where the vendor's error is handled: it would be kept as the context, with all that was said in it.
        raise failed from None

    def _wait_for_turn(self, call: Call) -> None:
        pacer = self.pacer(call.action)
        while True:
            slot = pacer.wait()
            # Not before the turn, nor while waiting for another: who is killed would waste what all of them hold.
            if call.permit is None or call.permit.take():
                return
            call.permit.fill()
            if pacer.is_valid(slot) and call.permit.take():
                return

    async def _await_turn(self, call: Call) -> None:
        pacer = self.pacer(call.action)
        while True:
            slot = await pacer.await_turn()
            if call.permit is None or call.permit.take():
                return
            await call.permit.afill()
            if pacer.is_valid(slot) and call.permit.take():
                return

    def _failed(
        self, call: Call, error: Exception, outer: BaseException | None, *, is_sent: bool = True
    ) -> ServiceError:
        failed = self._translate(call, error, outer)
        if not is_sent:
            failed = not_sent(failed)
        if failed.rule.is_limit:
            self.pacer(call.action).refused()
        if call.permit is not None:
            call.permit.failed(failed)
        return airflow_error(failed)
