from __future__ import annotations

import csv
import io
import json
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.report.files import COLUMNS, FileNames, cell, csv_of, file_names, json_of
from airflow_provider_mps.catalogue.report.items import read_line
from airflow_provider_mps.catalogue.report.summary import Price
from tests.catalogue.report_lines import BEGAN, NOW, failed, made, plan_line, published, report

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "=cmd|' /C calc'!A0"]


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_row_has_all_that_is_told_of_an_item() -> None:
    [row] = rows(csv_of([read_line(published("杯-17/white"))]))
    assert tuple(row) == COLUMNS
    assert row["item"] == "杯-17/white"
    assert (row["end"], row["created"], row["finished"]) == (
        "published",
        "2026-11-29T01:02:03Z",
        "2026-11-29T01:02:09Z",
    )
    assert row["picture"] == "cos://shop-1250000000/out/a.jpeg"
    assert row["final"] == "cos://shop-1250000000/shop/杯-17/white.jpeg"
    assert csv_of([]).startswith(b"\xef\xbb\xbfitem,sku,")


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_not_one_in_a_spreadsheet(formula: str) -> None:
    assert cell(formula) == f"'{formula}"
    line = plan_line(sku=formula, entry=failed(formula, formula, formula))
    [row] = rows(csv_of([read_line(line)]))
    for name in ("sku", "code", "message", "request_id"):
        assert row[name].startswith("'")


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_cell_begins_as_a_formula_and_no_text_makes_another_one(item: str, message: str, why: str) -> None:
    line = plan_line(item=item, why=why, entry=failed(message, message))
    found = rows(csv_of([read_line(line), read_line(published())]))
    assert len(found) == 2
    assert all(set(row) == set(COLUMNS) for row in found)
    for row in found:
        assert not any(value.lstrip()[:1] in tuple("=+-@＝＋－＠") and value.strip() for value in row.values())


def test_the_json_has_all_numbers_and_all_failures() -> None:
    lines = [made(), *(plan_line(f"s-{number}/w", entry=failed("InternalError", "m", "r")) for number in range(700))]
    told = json.loads(json_of(report(lines, price=Price(Decimal("0.20"), "CNY", 1)), "report.csv"))
    assert (told["version"], told["items"]) == (1, "report.csv")
    assert told["counts"]["failed"] == 700
    assert told["price"] == {"amount": "0.20", "currency": "CNY", "pictures": 1}
    assert told["time"] == {
        "first_accepted": "2026-11-29T01:02:03Z",
        "last_done": "2026-11-29T01:02:09Z",
        "seconds": 6.0,
        "pictures_per_minute": 10.0,
    }
    [group] = told["failures"]
    assert (group["code"], group["count"], len(group["items"])) == ("InternalError", 700, 700)
    assert group["items"][0] == {
        "item": "s-0/w",
        "sku": "s-0",
        "look": "w",
        "message": "m",
        "request_id": "r",
        "task_id": "2600007696-WorkflowTask-bb",
    }
    assert told["steps"]["plan"] == {"state": "read", "paths": ["/a"], "problems": [], "lines": 701}
    assert told["reasons"] == [{"why": "new", "count": 701, "ends": {"made, not published": 1, "failed": 700}}]
    empty = json.loads(json_of(report([]), "report.csv"))
    assert (empty["time"], empty["price"], empty["failures"]) == (None, None, [])


@given(st.text(max_size=30))
def test_the_json_holds_any_text(text: str) -> None:
    line = plan_line(text, entry=failed(text, text, text))
    assert json.loads(json_of(report([line], title=text), text))["counts"]["failed"] == 1


def test_names_are_new_and_in_the_order_of_time() -> None:
    found = [file_names(NOW + seconds) for seconds in (0, 60, 3600)]
    assert [names.page for names in found] == sorted(names.page for names in found)
    assert len({file_names(BEGAN) for _ in range(100)}) == 100
    assert found[0].page.startswith("report-20261129T020203Z-")
    assert isinstance(found[0], FileNames)
    assert {name.rpartition(".")[0] for name in found[0]} == {found[0].page.removesuffix(".html")}


def test_little_is_kept_of_an_item() -> None:
    tracemalloc.start()
    items = [read_line(json.loads(json.dumps(published(f"product-{number:06}/white")))) for number in range(2_000)]
    each = tracemalloc.get_traced_memory()[0] / len(items)
    tracemalloc.stop()
    assert each < 1_800
