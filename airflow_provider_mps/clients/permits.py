"""The right to send a request that is counted: taken once for a call, however often its request goes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Generic, Self, TypeVar

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome

_Grant = TypeVar("_Grant")


class Permit(ABC, Generic[_Grant]):
    """What a call holds of a limit, as a context manager: what was certainly not executed is given back at its end."""

    def __init__(self) -> None:
        self.grant: _Grant | None = None
        self._is_spent = False

    @abstractmethod
    def take(self) -> bool:
        """Take a grant that is at hand, unless there is one that is still good; whether there is one now."""

    @abstractmethod
    def fill(self) -> None:
        """Have grants at hand, for this call or for another one; blocks.

        :raises ServiceError: there are none to be had
        """

    @abstractmethod
    async def afill(self) -> None:
        """Have grants at hand; the async twin of :meth:`fill`."""

    @abstractmethod
    def put_back(self, grant: _Grant) -> None:
        """Let another call have the grant."""

    def sending(self) -> None:
        """Note that the request goes out now: whatever happens to this process, it may be executed."""
        self._is_spent = True

    def failed(self, error: ServiceError) -> None:
        """Note what an error says of the request; where it was certainly not executed, another call may be next."""
        self._is_spent = self._is_spent and error.outcome is Outcome.UNKNOWN
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        if self.grant is not None and not self._is_spent:
            grant, self.grant = self.grant, None
            self.put_back(grant)
