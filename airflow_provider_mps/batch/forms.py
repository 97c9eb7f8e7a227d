"""How a batch gets its requests and hands over what came of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_mps.batch.asked import Asked, in_list
from airflow_provider_mps.batch.items import Item, ItemOutcome, labelled_entries
from airflow_provider_mps.batch.record import BatchRecord
from airflow_provider_mps.batch.store import BatchStore
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.errors import ServiceError

ReadItems = Callable[[TaskKey, list[Asked]], list[Item]]
"""Gives the pictures of requests, as the batch of a task knows them."""
OpenStore = Callable[[str], BatchStore]
"""Gives the record of a batch by its address."""


class Form(ABC):
    """What is the batch's own between its Airflow tasks.

    :cvar joins_after_return: whether a clear of a batch that has returned its result joins what it made; else it makes
        all anew
    :cvar no_failures: codes of ends that do not count against ``max_failed``
    """

    joins_after_return = False
    no_failures: frozenset[str] = frozenset()

    @abstractmethod
    def asked(self) -> list[Asked]:
        """Return the requests.

        :raises ArgumentError: they cannot be used
        """

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to hand over either, once it is known that there is no picture to make."""
        return True

    def check(self, record: str) -> None:
        """Make sure that the result can be handed over, before anything is paid for.

        :param record: address of the record of the batch
        """
        return

    def taken_over(
        self, items: list[Item], asked: list[Asked], record: BatchRecord, read_items: ReadItems, open_store: OpenStore
    ) -> list[Item]:
        """Return the pictures, those that another batch has submitted under the request that is on record for them.

        :param items: the pictures
        :param asked: their requests
        :param record: what this batch knows; what is taken over is added to it
        :param read_items: see :data:`ReadItems`
        :param open_store: see :data:`OpenStore`
        """
        return items

    def take_up(self, items: Sequence[Item], record: BatchRecord) -> dict[int, ItemOutcome]:
        """Return the end of what is not to be submitted, by the index of the item.

        :param items: the pictures
        :param record: what this task knows of its own submissions
        """
        return {}

    def hands_over_after(self, error: BaseException) -> bool:
        """Tell whether a batch that is ended by an error hands over what there is."""
        return isinstance(error, ServiceError)

    @abstractmethod
    def hand_over(self, items: Sequence[Item], ends: Mapping[int, ItemOutcome]) -> Any:
        """Return the result of the Airflow task, with all that belongs to it stored; may be called more than once.

        :param items: the pictures
        :param ends: how each ended, by its index
        """


class ListForm(Form):
    """Requests in a list, and entries in another one.

    :param requests: the rendered requests
    """

    def __init__(self, requests: Any) -> None:
        self._requests = requests

    def asked(self) -> list[Asked]:
        """Return the requests of the list."""
        return in_list(self._requests)

    def hand_over(self, items: Sequence[Item], ends: Mapping[int, ItemOutcome]) -> list[dict[str, Any]]:
        """Return an entry for each request."""
        return labelled_entries(items, [ends[item.index] for item in items])
