"""How tasks report what they read and write: to Airflow's hook lineage, to OpenLineage, and to aliases of assets."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar, NamedTuple, TypeVar, cast

from airflow_provider_mps.compat import hook_lineage, report_asset
from airflow_provider_mps.core.cos_address import is_cos, split_address
from airflow_provider_mps.core.dataset_bounds import BoundedDatasets, Reported
from airflow_provider_mps.core.datasets import dataset_of
from airflow_provider_mps.lineage.addresses import given_addresses, made_addresses
from airflow_provider_mps.lineage.aliases import fill_aliases

_Method = TypeVar("_Method", bound=Callable[..., Any])


class Lineage(NamedTuple):
    """What a task has read and written, bounded."""

    inputs: tuple[Reported, ...] = ()
    outputs: tuple[Reported, ...] = ()


@dataclass
class LineageNotes:
    """What a task keeps for lineage, in its process.

    :param lineage: what it has read and written
    :param handed_over: what it has pushed before it failed
    :param failure: ``Code``, ``Message`` and ``RequestId`` of the error that it failed with
    :param seen: what the operator itself knows of its inputs
    :param ends: how the pictures of a batch ended
    """

    lineage: Lineage = field(default_factory=Lineage)
    handed_over: Any = None
    failure: dict[str, str] | None = None
    seen: Any = None
    ends: Mapping[int, Any] = field(default_factory=dict)


class ReportsLineage:
    """For operators and sensors: their datasets, and the methods by which OpenLineage asks for them.

    Nothing is looked at unless somebody reads it: OpenLineage, another reader of hook lineage, an alias.
    """

    # Not among the fields of the operator: with ``include_full_task_info`` OpenLineage sends these, all of them.
    __slots__ = ("_lineage_notes",)
    lineage_fields: ClassVar[Sequence[str]] = ()
    """The fields that hold what the task reads, in the forms of ``lineage.addresses.given_addresses``."""
    fills_aliases: ClassVar[bool] = True
    """Whether aliases among the outlets get an event for what the task has made; else the task sees to that itself."""
    hands_on: ClassVar[bool] = False
    """Whether the task returns what it was given, which it then has not written."""

    @property
    def lineage_notes(self) -> LineageNotes:
        """What the task keeps for lineage."""
        if not hasattr(self, "_lineage_notes"):
            self._lineage_notes = LineageNotes()
        return self._lineage_notes

    def lineage_inputs(self) -> Iterable[str]:
        """Give the addresses of what the task reads."""
        return (found for name in self.lineage_fields for found in given_addresses(getattr(self, name, None)))

    def lineage_outputs(self, result: Any) -> Iterable[str]:
        """Give the addresses of what the task has written.

        :param result: what it returns, or has handed over before it failed; None if it did not come to that
        """
        return made_addresses(result)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Return what OpenLineage reports of a task that has succeeded.

        :param task_instance: not looked at
        """
        from airflow_provider_mps.lineage.openlineage import operator_lineage

        return operator_lineage(*self.lineage_notes.lineage)

    def get_openlineage_facets_on_failure(self, task_instance: Any) -> Any:
        """Return what OpenLineage reports of a task that has failed: its inputs, what was made all the same, and why.

        :param task_instance: not looked at
        """
        from airflow_provider_mps.lineage.openlineage import operator_lineage

        return operator_lineage(*self.lineage_notes.lineage, self.lineage_notes.failure)


def reports_lineage(execute: _Method) -> _Method:
    """Decorate a method of an operator or a sensor that ends its task: what was read and written is reported.

    No error of that fails the task.
    """

    @wraps(execute)
    def reported(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            result = execute(self, *args, **kwargs)
        except Exception:
            _report(self, self.lineage_notes.handed_over, None)
            raise
        _report(self, result, args[0] if args else kwargs.get("context"))
        return result

    return cast(_Method, reported)


def _report(task: Any, result: Any, context: Any) -> None:
    try:
        fills = task.fills_aliases and context is not None and task.outlets
        collector = hook_lineage()
        if collector is None and not fills:
            return
        inputs, outputs = BoundedDatasets(), BoundedDatasets()
        for address in _whole(task, task.lineage_inputs()):
            _add(inputs, address)
        for address in _whole(task, task.lineage_outputs(result)):
            _add(outputs, address)
        read = {one.dataset for one in inputs} if task.hands_on else set()
        made = tuple(one for one in outputs if one.dataset not in read)
        task.lineage_notes.lineage = Lineage(tuple(inputs), made)
        if collector is not None:
            for one in inputs:
                report_asset(collector, task, one.dataset, is_output=False)
            for one in made:
                report_asset(collector, task, one.dataset, is_output=True)
        if fills:
            fill_aliases(context, task.outlets, made, result)
    except Exception as error:
        # A task that has failed may have had nothing that can be read, and its own error is the one that counts.
        level = logging.DEBUG if context is None else logging.WARNING
        task.log.log(level, "What this task has read and written is not reported: %s", type(error).__name__)


def _add(found: BoundedDatasets, address: str) -> None:
    if dataset := dataset_of(address):
        found.add(dataset)


def _whole(task: Any, addresses: Iterable[str]) -> Iterator[str]:
    """Give addresses with the bucket of the connection where they name none."""
    for address in addresses:
        if is_cos(address) and (found := split_address(address)).bucket is None:
            from airflow_provider_mps.hooks.cos import CosHook

            conn_id = getattr(task, "tencentcloud_conn_id", None) if found.conn_id is None else found.conn_id
            with suppress(Exception):
                # Without it the address has no name, and is left out.
                yield str(found._replace(conn_id=None, bucket=CosHook(conn_id).bucket_name))
        else:
            yield address
