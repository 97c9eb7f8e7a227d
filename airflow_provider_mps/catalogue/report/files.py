"""What a report is for machines and for spreadsheets: JSON with all numbers and failures, CSV with all items."""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from airflow_provider_mps import __version__
from airflow_provider_mps.catalogue.report.items import Reported
from airflow_provider_mps.catalogue.report.summary import VERSION, FailureGroup, Reason, Report, Timing, told_time
from airflow_provider_mps.catalogue.words import Kind

# What a spreadsheet takes for the beginning of a formula, also in the full width that it takes for the same
# (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")

COLUMNS = (
    "item",
    "sku",
    "look",
    "service",
    "action",
    "why",
    "end",
    "code",
    "message",
    "request_id",
    "task_id",
    "created",
    "finished",
    "pictures",
    "subject",
    "picture",
    "final",
    "approved",
    "said_by",
    "said_at",
)


class FileNames(NamedTuple):
    """What the files of a report are called.

    :param page: what people read
    :param json: all numbers and failures
    :param csv: all items
    """

    page: str
    json: str
    csv: str


def file_names(now: float) -> FileNames:
    """Return names that no file has yet, in a folder that has many reports in the order in which these were made.

    :param now: seconds since the epoch
    """
    stem = f"{Kind.REPORT}-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    return FileNames(*(f"{stem}.{ending}" for ending in ("html", "json", "csv")))


def csv_of(items: Iterable[Reported]) -> bytes:
    """Return a row for each item (RFC 4180, UTF-8 with the mark by which a spreadsheet knows it).

    A cell that a spreadsheet would take for a formula has an apostrophe before it.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for item in items:
        writer.writerow([cell(value) for value in _row(item).values()])
    return text.getvalue().encode("utf-8-sig", "replace")


def cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in _FORMULA or text.lstrip()[:1] in _FORMULA else text


def json_of(report: Report, csv_name: str) -> bytes:
    """Return all numbers and all failures as JSON.

    :param report: what it tells
    :param csv_name: of the file with all items, beside this one
    """
    told = {
        "version": VERSION,
        "made_by": f"airflow-provider-mps {__version__}",
        "made_at": told_time(report.made_at),
        "title": report.title,
        "catalogue": report.catalogue or None,
        "run": dict(report.run),
        "is_dry": report.is_dry,
        "is_whole": report.is_whole,
        "steps": {
            step.name: {
                "state": step.state,
                "paths": step.paths,
                "problems": step.problems,
                "lines": step.lines,
            }
            for step in report.steps
        },
        "counts": report.counts,
        "reasons": [_reason(reason) for reason in report.reasons],
        "time": _time(report.timing) if report.timing else None,
        # A price is no binary fraction.
        "price": {**report.price._asdict(), "amount": str(report.price.amount)} if report.price else None,
        "failures": [_group(group) for group in report.failures],
        "approvals": [approval._asdict() for approval in report.approvals],
        "items": csv_name,
    }
    return json.dumps(told, indent=1).encode()


def _row(item: Reported) -> dict[str, Any]:
    found = (
        item.item,
        item.sku,
        item.look,
        item.service,
        item.action,
        item.why,
        item.end,
        item.code,
        item.message,
        item.request_id,
        item.task_id,
        told_time(item.created),
        told_time(item.finished),
        item.pictures,
        item.subject_address,
        item.after,
        item.final,
        *(("", "", "") if item.said is None else ("yes" if item.said.approved else "no", item.said.by, item.said.at)),
    )
    return dict(zip(COLUMNS, found, strict=True))


def _reason(reason: Reason) -> dict[str, Any]:
    return {"why": reason.why, "count": reason.count, "ends": {str(end): count for end, count in reason.ends.items()}}


def _time(timing: Timing) -> dict[str, Any]:
    return {
        "first_accepted": told_time(timing.first),
        "last_done": told_time(timing.last),
        "seconds": timing.seconds,
        "pictures_per_minute": timing.per_minute,
    }


def _group(group: FailureGroup) -> dict[str, Any]:
    kept = ("item", "sku", "look", "message", "request_id", "task_id")
    return {
        "code": group.code,
        "service": group.service,
        "hint": group.hint or None,
        "is_final": group.is_final,
        "count": len(group.items),
        "items": [{name: getattr(item, name) or None for name in kept} for item in group.items],
    }
