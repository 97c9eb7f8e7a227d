"""The file that a batch has its requests from: a plan, or plain requests, one a line.

It is read as often as it is needed, since nobody changes it: so ten thousand lines need not be kept meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple, cast

from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_mps.batch.asked import Asked, in_list
from airflow_provider_mps.catalogue.lines import PlanLine, plan_lines
from airflow_provider_mps.catalogue.sealing import Seals
from airflow_provider_mps.catalogue.words import Action, LineService
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines

_ONLY_IN_PLANS = ("item", "action", "would")


class RequestLine(NamedTuple):
    """A line that goes into the batch's own file.

    :param number: of the line, from 1
    :param line: what it says
    :param is_made: whether the batch makes it; else it is handed on as it is
    :param is_planned: whether it is of a plan, and not a plain request
    """

    number: int
    line: Mapping[str, Any]
    is_made: bool
    is_planned: bool


class RequestFile:
    """The requests of a batch in a file of JSON Lines.

    :param files: reaches the storage
    :param address: of the file
    :param service: whose batch this is; lines of another service are left out
    :param seals: opens what the plan has sealed
    """

    def __init__(self, files: Files, address: str, service: LineService, seals: Seals) -> None:
        self.address = address
        self._files = files
        self._service = service
        self._seals = seals

    @property
    def name(self) -> str:
        """The name of the file, without its folder."""
        return self.address.rpartition("/")[2]

    def lines(self) -> Iterator[RequestLine]:
        """Give the lines that concern this batch.

        :raises InvalidArgumentError: there is no such file, or a line is neither of a plan nor a request
        :raises UnreadableLinesError: a line is no JSON
        :raises AirflowSkipException: the plan is one of a dry run
        """
        with invalid_arguments_fail():
            yield from self._lines()

    def asked(self) -> list[Asked]:
        """Return the requests, in the order of the lines that are made.

        :raises InvalidArgumentError: as for :meth:`lines`, or an item is there twice
        """
        found: list[Asked] = []
        items: dict[str, int] = {}
        for number, line, is_made, is_planned in self.lines():
            place = f"{self.name} line {number}"
            if is_planned:
                if (first := items.setdefault(line["item"], number)) != number:
                    raise InvalidArgumentError(f"requests: {place}: {line['item']!r:.100} is in line {first} already")
                if is_made:
                    found.append(self._of_plan(cast(PlanLine, line), place))
            else:
                found.append(Asked(line, place))
        return found

    def _lines(self) -> Iterator[RequestLine]:
        lines = self._read()
        first = next(lines, None)
        if first is None:
            return
        if "would" in first:
            raise AirflowSkipException(f"{self.address} is of a dry run: nothing is made")
        every = chain([first], lines)
        if not _is_of_plan(first):
            for number, request in enumerate(every, start=1):
                if _is_of_plan(request):
                    raise ArgumentError(
                        f"requests: {self.name} line {number}: it is a line of a plan, and line 1 is a plain request"
                    )
                yield RequestLine(number, request, is_made=True, is_planned=False)
            return
        for number, line in enumerate(plan_lines(every, self.name), start=1):
            is_made = line["action"] == Action.MAKE
            if is_made and "entry" in line:
                raise ArgumentError(
                    f"requests: {self.name} line {number}: it has an entry already: this is what a batch has written, "
                    "and no plan"
                )
            if line["service"] == self._service:
                yield RequestLine(number, line, is_made, is_planned=True)

    def _of_plan(self, line: PlanLine, place: str) -> Asked:
        with invalid_arguments_fail():
            try:
                request = self._seals.request_of(line)
            except ArgumentError as error:
                raise ArgumentError(f"requests: {place}: {error}") from None
        item = line["item"]
        if "key" in request:
            raise InvalidArgumentError(f"requests: {place}: the key of a line of a plan is its item; leave key out")
        # What is under a key may have changed since an earlier plan of the same run: then it is another picture.
        return Asked({**request, "key": item}, place, f"{item}\n{line['fingerprint']}", item)

    def _read(self) -> Iterator[dict[str, Any]]:
        lines: Iterable[dict[str, Any]] = read_lines(self._files, self.address)
        try:
            yield from lines
        except FileNotFoundError as error:
            raise ArgumentError(f"requests: {error}") from None


def _is_of_plan(line: Mapping[str, Any]) -> bool:
    return any(name in line for name in _ONLY_IN_PLANS)


class RequestList:
    """The requests of a batch in a list, for entries that go into a file.

    :param requests: the rendered list
    """

    address = "a list"

    def __init__(self, requests: Any) -> None:
        self._asked = in_list(requests)

    def lines(self) -> Iterator[RequestLine]:
        """Give a line for each request."""
        for number, asked in enumerate(self._asked, start=1):
            yield RequestLine(number, asked.request, is_made=True, is_planned=False)

    def asked(self) -> list[Asked]:
        """Return the requests."""
        return self._asked
