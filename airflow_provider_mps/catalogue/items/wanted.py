"""From the rows of a manifest to what is wanted: each product in each look, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.batch.arguments import merged
from airflow_provider_mps.catalogue.errors import ManifestError
from airflow_provider_mps.catalogue.items.columns import SKU, ColumnPlan, check_columns, plan_columns
from airflow_provider_mps.catalogue.items.looks import Look, check_looks, folded, read_looks
from airflow_provider_mps.catalogue.items.placeholders import Template, UnfilledError, filling
from airflow_provider_mps.catalogue.items.publish_to import PublishTo, check_publish_to, read_publish_to
from airflow_provider_mps.catalogue.items.requests import (
    SUBJECT,
    checked_rest,
    checked_subject,
    cos_address,
    extension,
    prompt_written_one_way,
)
from airflow_provider_mps.catalogue.items.sku import SkuError, read_sku
from airflow_provider_mps.catalogue.rows import BadRow, Row, Unit, bad, shown
from airflow_provider_mps.catalogue.words import LineService
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.tencentcloud.payloads import PICTURES, StorageDefaults

__all__ = ["Wanted", "check_columns", "check_looks", "check_publish_to", "wanted_items"]

_KEPT_PLANS = 1000
_NO_BUCKET = ": no COS bucket: "
# How the checks of arguments begin a message.
_ARGUMENT = re.compile(r"(\w+)(?:\[[^\]]*\])?(?:: (.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A product in a look.

    :param item: ``{sku}/{look}``, which no other has
    :param service: of :class:`~airflow_provider_mps.catalogue.words.LineService`
    :param request: arguments of MpsImageBgFusionOperator, or of AidgeBackgroundGenerationOperator; an address in it may
        be signed
    :param version: of the look
    :param publish_to: its final key, ``cos://bucket/key``, which no other has
    :param line: of the manifest, see :class:`~airflow_provider_mps.catalogue.rows.Row`
    """

    item: str
    sku: str
    look: str
    service: str
    request: dict[str, Any]
    version: str
    publish_to: str
    line: int


def wanted_items(
    rows: Iterable[Row],
    looks: Mapping[str, Mapping[str, Any]],
    *,
    columns: Mapping[str, str | None] | None = None,
    defaults: Mapping[str, Any] | None = None,
    publish_to: str,
    storage: StorageDefaults,
    name: str = "manifest",
) -> tuple[list[Wanted], list[BadRow]]:
    """Return what is wanted, in the order of the rows and the looks, and the rows that cannot be used.

    A row is wanted in all looks or not at all. Of two rows with one SKU, or one final key, the first is wanted; they
    are told apart by more than case and normal form.

    :param rows: of the manifest
    :param looks: arguments of a picture by the name of the look, rendered
    :param columns: the manifest's names for columns that it calls otherwise than the arguments; None for one that is no
        argument
    :param defaults: arguments that neither row nor look gives
    :param publish_to: final key of a picture, with placeholders
    :param storage: bucket and region of the connection
    :param name: of the manifest, for messages
    :raises ArgumentError: looks, columns, defaults or publish_to cannot be used
    :raises ManifestError: the manifest lacks a column, or has one that is nearly an argument; or reading the rows does
    """
    check_columns(columns)
    known = read_looks(looks, defaults, storage)
    publish = read_publish_to(publish_to, [look.name for look in known], storage)
    reader = _Reader(known, columns or {}, publish, storage, name)
    for row in rows:
        reader.read(row)
    return reader.end()


class _BadRowError(Exception):
    def __init__(self, column: str, value: Any, why: str) -> None:
        super().__init__(column, value, why)
        self.column, self.value, self.why = column, value, why


class _Reader:
    def __init__(
        self,
        looks: list[Look],
        columns: Mapping[str, str | None],
        publish: PublishTo,
        storage: StorageDefaults,
        name: str,
    ) -> None:
        self._looks, self._columns, self._publish, self._storage, self._name = looks, columns, publish, storage, name
        self._used = {*publish.key.names}.union(*(look.placeholders for look in looks))
        self._plans: dict[tuple[tuple[str, ...], bool], ColumnPlan] = {}
        self._skus: dict[str, int] = {}
        self._finals: dict[str, int] = {}
        # Pictures that publishing might write over, as they are in the same folder.
        self._inputs: dict[str, int] = {}
        self._unit = Unit.LINE
        self._wanted: list[Wanted] = []
        self._bad: list[BadRow] = []

    def read(self, row: Row) -> None:
        if row.bad is not None:
            self._bad.append(row.bad)
            return
        self._unit = row.unit
        plan = self._plan(row)
        try:
            items = self._items(row, plan)
        except _BadRowError as error:
            self._bad.append(bad(row, error.column, error.value, error.why))
        else:
            self._wanted += items

    def end(self) -> tuple[list[Wanted], list[BadRow]]:
        """Return what is wanted, and what is wrong, when all rows have been read."""
        over = {item.line: item for item in self._wanted if item.publish_to in self._inputs}
        for line, item in over.items():
            first = self._inputs[item.publish_to]
            why = f"{self._unit} {first} is made from this picture, and publishing would replace it"
            self._bad.append(BadRow(line, "publish_to", shown(item.publish_to), why, self._unit))
        wanted = [item for item in self._wanted if item.line not in over] if over else self._wanted
        return wanted, sorted(self._bad, key=lambda row: row.line)

    def _plan(self, row: Row) -> ColumnPlan:
        names, is_table = tuple(row.values), row.header > 0
        plan = self._plans.get((names, is_table))
        if plan is None:
            plan = plan_columns(names, self._columns, self._looks, self._used, is_table)
            if is_table and plan.faults:
                header = row._replace(line=row.header)
                faults = [bad(header, fault.column, None, fault.why) for fault in plan.faults]
                raise ManifestError(self._name, faults, is_whole=True)
            if len(self._plans) >= _KEPT_PLANS:
                self._plans.clear()
            self._plans[names, is_table] = plan
        return plan

    def _items(self, row: Row, plan: ColumnPlan) -> list[Wanted]:
        if plan.faults:
            raise _BadRowError(plan.faults[0].column, None, plan.faults[0].why)
        sku = self._sku(row, plan)
        texts = {SKU: sku}

        def text_of(name: str) -> str:
            text = texts.get(name)
            if text is None:
                text = texts[name] = filling(name, row.values.get(name))
            return text

        subjects: dict[LineService, Mapping[str, Any]] = {}
        items: list[Wanted] = []
        finals: dict[str, int] = {}
        for look in self._looks:
            texts["look"] = look.name
            try:
                if look.service not in subjects:
                    given = _given(row, plan.subject)
                    if look.subject:
                        given = _filled(merged(look.subject, given), text_of)
                    subjects[look.service] = checked_subject(given, look.service, self._storage)
                request = {**self._rest(look, row, plan, text_of), **subjects[look.service]}
                texts["ext"] = extension(request, look.service)
                final = self._publish.address(text_of, texts["ext"])
            except UnfilledError as error:
                raise _BadRowError(error.column, error.value, error.why) from None
            except ArgumentError as error:
                if _NO_BUCKET in str(error):
                    # No row can help that: it is the connection's.
                    raise
                raise _of_argument(str(error), row, plan, look) from None
            self._check_alone(final, row, finals)
            items.append(
                Wanted(f"{sku}/{look.name}", sku, look.name, look.service.value, request, look.version, final, row.line)
            )
        self._note_inputs(items)
        self._finals |= finals
        return items

    def _sku(self, row: Row, plan: ColumnPlan) -> str:
        value = row.values.get(plan.sku)
        try:
            sku = read_sku(value)
        except SkuError as error:
            raise _BadRowError(plan.sku, None if _is_empty(value) else value, str(error)) from None
        if (key := folded(sku)) in self._skus:
            why = f"{row.unit} {self._skus[key]} has this SKU too; case and normal form make no difference"
            raise _BadRowError(plan.sku, value, why)
        self._skus[key] = row.line
        return sku

    def _rest(self, look: Look, row: Row, plan: ColumnPlan, text_of: Callable[[str], str]) -> Mapping[str, Any]:
        """Return the arguments of a picture but for the product's own."""
        given = _given(row, plan.rest[look.service])
        if look.checked is not None and not given:
            return look.checked
        if look.frame is not None and (not given or given.keys() == {"prompt"}):
            prompt = given["prompt"] if given else _fill(look.given.get("prompt"), text_of)
            # None is left to the whole check, which may require one.
            if prompt is not None:
                return {**look.frame, "prompt": prompt_written_one_way("prompt", prompt)}
        return checked_rest(_filled(merged(look.given, given), text_of), look.service, self._storage)

    def _check_alone(self, final: str, row: Row, finals: dict[str, int]) -> None:
        key = folded(final)
        first = self._finals.get(key, finals.get(key))
        if first is not None:
            why = f"{row.unit} {first} has this final key too; case and normal form make no difference"
            raise _BadRowError("publish_to", final, why)
        finals[key] = row.line

    def _note_inputs(self, items: list[Wanted]) -> None:
        for item in items:
            for prefix in PICTURES:
                address = cos_address(prefix, item.request, self._storage)
                if address is not None and address.startswith(self._publish.prefix):
                    self._inputs.setdefault(address, item.line)


def _given(row: Row, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the arguments that a row gives; an empty cell and null give none."""
    found = ((argument, row.values[column]) for argument, column in pairs)
    return {argument: value for argument, value in found if not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    # Not by ==: a row of another task may hold what compares in its own way.
    return value is None or (isinstance(value, str) and not value)


def _filled(given: Mapping[str, Any], text_of: Callable[[str], str]) -> dict[str, Any]:
    return {name: _fill(value, text_of) for name, value in given.items()}


def _fill(value: Any, text_of: Callable[[str], str]) -> Any:
    if isinstance(value, Template):
        return value.fill(text_of)
    return [_fill(item, text_of) for item in value] if isinstance(value, list) else value


def _of_argument(message: str, row: Row, plan: ColumnPlan, look: Look) -> _BadRowError:
    """Say in which column what an argument's check has found is."""
    found = _ARGUMENT.match(message)
    argument, rest = found.groups() if found else ("", None)
    why = message if rest is None else rest
    column = plan.column_of(argument)
    if column is not None and not _is_empty(row.values.get(column)):
        return _BadRowError(column, row.values[column], why.partition(", got ")[0])
    if argument in SUBJECT or argument == "publish_to":
        return _BadRowError(argument, None, why)
    return _BadRowError(f"{argument} of look {look.name}", None, why)
