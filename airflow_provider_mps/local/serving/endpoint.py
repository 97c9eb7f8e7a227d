"""How a request is answered, whatever service it is for: recorded, carried out or refused, and read to its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from airflow_provider_mps.local.serving.errors import Refusal
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.serving.state import ServingState
from airflow_provider_mps.local.serving.wire import DropConnection, HttpReply, Request

RefusalT = TypeVar("RefusalT", bound=Refusal)
StateT = TypeVar("StateT")


class Endpoint(ABC, Generic[RefusalT, StateT]):
    """Answers requests to one service.

    :param serving: what all endpoints share.
    :param state: the state of the service.
    """

    #: What the service refuses a request with.
    refusal: type[RefusalT]

    def __init__(self, serving: ServingState, state: StateT) -> None:
        self._serving = serving
        self._state = state

    @abstractmethod
    def serves(self, request: Request) -> bool:
        """Say whether a request is for this service."""

    async def handle(self, request: Request) -> HttpReply:
        """Answer one request; raises :class:`DropConnection` when a fault asks for a reset."""
        record = self._begin(request)
        try:
            try:
                reply = await self._answer(request, record)
            except self.refusal as error:
                record.code = error.code
                reply = self._refused(request, error)
            record.http_status = reply.status
            # A client that is still sending would not read the answer.
            await request.drain()
        except DropConnection:
            record.http_status = 0
            raise
        finally:
            self._serving.journal.add(record)
        return reply

    @abstractmethod
    def _begin(self, request: Request) -> JournalRecord:
        """Begin the record of a request."""

    @abstractmethod
    async def _answer(self, request: Request, record: JournalRecord) -> HttpReply:
        """Carry a request out and add to its record; raises what ``refusal`` names."""

    @abstractmethod
    def _refused(self, request: Request, error: RefusalT) -> HttpReply:
        """Give a refusal the shape of an answer."""
