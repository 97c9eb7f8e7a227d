"""Who has approved what, and when, in the page, the JSON and the table of a report."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from airflow_provider_mps.catalogue.report.files import FileNames, csv_of, json_of
from airflow_provider_mps.catalogue.report.headline import headline_of
from airflow_provider_mps.catalogue.report.items import End, read_line
from airflow_provider_mps.catalogue.report.page import render_page
from airflow_provider_mps.catalogue.report.pictures import Drawn, ShownItem
from tests.catalogue.report_lines import made, published, report

NOON, LATER = "2026-11-30T12:00:00.000Z", "2026-11-30T13:00:00.000Z"
NAMES = FileNames("r.html", "r.json", "r.csv")
NO_PICTURE = Drawn(None, "none")


def said(approved: bool, by: Any = None, at: str | None = NOON) -> dict[str, Any]:
    return {"approval": {"approved": approved, "by": by, "at": at}}


ADA, EVE = {"id": "3", "name": "Ada"}, {"id": "eve", "name": "eve"}
LINES = [
    {**published("a/w"), **said(True, ADA)},
    {**published("b/w"), **said(True, EVE, LATER)},
    {**made("c/w"), **said(False, EVE, LATER)},
    {**made("d/w"), **said(False)},
    {**made("e/w"), **said(False, None, None)},
    made("f/w"),
]


def test_what_was_not_approved_is_an_end_of_its_own() -> None:
    told = report(LINES)
    assert [one.end for one in told.items] == [
        *(End.PUBLISHED, End.PUBLISHED, End.NOT_APPROVED, End.NOT_APPROVED, End.NOT_APPROVED, End.MADE)
    ]
    assert (told.counts["published"], told.counts["not_approved"], told.counts["made_not_published"]) == (2, 3, 1)
    assert told.failures == ()
    assert headline_of(told)[:2] == ("wait", "3 of 6 items not approved, and not published")


def test_the_json_has_who_has_approved_how_many_and_when() -> None:
    assert json.loads(json_of(report(LINES), "r.csv"))["approvals"] == [
        {"by": "nobody has answered", "at": "", "approved": 0, "not_approved": 1},
        {"by": "Ada (3)", "at": NOON, "approved": 1, "not_approved": 0},
        {"by": "the default, as nobody answered in time", "at": NOON, "approved": 0, "not_approved": 1},
        {"by": "eve", "at": LATER, "approved": 1, "not_approved": 1},
    ]


def test_the_table_has_it_for_each_item() -> None:
    found = csv.DictReader(io.StringIO(csv_of(report(LINES).items).decode("utf-8-sig"), newline=""))
    assert [(row["item"], row["end"], row["approved"], row["said_by"], row["said_at"]) for row in found] == [
        ("a/w", "published", "yes", "Ada (3)", NOON),
        ("b/w", "published", "yes", "eve", LATER),
        ("c/w", "not approved", "no", "eve", LATER),
        ("d/w", "not approved", "no", "the default, as nobody answered in time", NOON),
        ("e/w", "not approved", "no", "nobody has answered", ""),
        ("f/w", "made, not published", "", "", ""),
    ]


def test_the_page_tells_it_and_a_name_is_text() -> None:
    script = {"id": "=1+1", "name": "<script>alert(1)</script>\u202e"}
    told = report([*LINES, {**made("g/w"), **said(True, script)}])
    shown = [ShownItem(one, NO_PICTURE, NO_PICTURE, NO_PICTURE) for one in told.items]
    page = render_page(told, shown, NAMES).decode()
    assert "<script" not in page
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt; (=1+1)</bdi>" in page
    assert f"approved by <bdi>Ada (3)</bdi>, {NOON}" in page
    assert f"not approved by <bdi>eve</bdi>, {LATER}" in page
    assert '<p class="small">nobody has answered</p>' in page
    assert "<h2>Approval</h2>" in page
    assert "Approval" not in render_page(report([made()]), [], NAMES).decode()


def test_what_is_no_approval_says_nothing() -> None:
    for value in ("yes", 1, None, [], {}, {"approved": "yes"}, {"approved": 1, "by": 7, "at": []}):
        one = read_line({**made(), "approval": value})
        assert one.said is None or not one.said.approved
