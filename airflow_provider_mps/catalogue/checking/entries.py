"""The check of results that are no lines of a catalogue: what an operator returned, or the entries of a batch."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.checking.checker import Checker, Looked
from airflow_provider_mps.catalogue.checking.jobs import CheckJob, job_of_entry
from airflow_provider_mps.catalogue.checking.run import find_duplicates
from airflow_provider_mps.catalogue.checking.words import told
from airflow_provider_mps.catalogue.lines import is_rejected
from airflow_provider_mps.core.lists import check_no_task, flat_list
from airflow_provider_mps.pictures.check import Bounds
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults

REJECTED = "Rejected"
"""Code of an entry whose picture is left out."""
_EXPECTED = "what an operator or a batch returned: results with Outputs"


class CheckedEntries(NamedTuple):
    """Results with what was found out about them.

    :param pictures: as they were given, each with ``check``
    :param checks: ``check`` of each that has a picture
    :param rejected: those that are not right
    :param total: how many there are
    """

    pictures: Any
    checks: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    total: int


def are_entries(value: Any) -> bool:
    """Tell whether results were given, and not files of lines."""
    if isinstance(value, Mapping):
        return "Outputs" in value
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return any(are_entries(one) for one in value)
    return False


def check_entries(
    value: Any,
    subject: str | None,
    checker: Checker,
    storage: StorageDefaults,
    bounds: Bounds,
    *,
    leaves_out: bool,
    stop: threading.Event,
) -> CheckedEntries:
    """Check results.

    :param value: one result, or a list of them; lists in it, as of a mapped task, are taken as one
    :param subject: the product photo of a single result, ``cos://bucket/key``
    :param leaves_out: whether rejected results get an ``Error`` in place of their ``Outputs``
    :param stop: set when the task is at its end
    :raises ArgumentError: a result cannot be used
    """
    check_no_task("pictures", value)
    is_one = isinstance(value, Mapping)
    given = [value] if is_one else flat_list("pictures", value, _EXPECTED)
    entries = [dict(one) if isinstance(one, Mapping) else one for one in given]
    jobs = list(_jobs(entries, storage, subject))
    looked = checker.look([job for _, job in jobs], stop)
    for (entry, _), found in zip(jobs, looked, strict=True):
        if found is not None:
            _note(entry, found)
    checked = {job.name: entry for entry, job in jobs if "check" in entry}
    find_duplicates(checked, bounds)
    rejected = [entry for entry in checked.values() if is_rejected(entry)]
    if leaves_out:
        for entry in rejected:
            entry["Error"] = {"Code": REJECTED, "Message": told([entry]), "RequestId": ""}
            entry["check"]["picture"], entry["Outputs"] = entry["Outputs"][0].get("cos_uri"), []
    checks = [entry["check"] for entry in checked.values()]
    return CheckedEntries(entries[0] if is_one else entries, checks, rejected, len(entries))


def _jobs(
    entries: Sequence[Any], storage: StorageDefaults, subject: str | None
) -> Iterator[tuple[dict[str, Any], CheckJob]]:
    for index, entry in enumerate(entries):
        job = job_of_entry(f"pictures[{index}]", entry, storage, subject)
        if job is not None:
            yield entry, job


def _note(entry: dict[str, Any], found: Looked) -> None:
    entry["Outputs"] = found.first(entry["Outputs"])
    entry["check"] = found.checked.as_dict()
