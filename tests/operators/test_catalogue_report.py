from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.links.report import XCOM_REPORT_LINK
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.catalogue import CatalogueReportOperator
from tests.catalogue.report.test_page import Parts
from tests.catalogue.report_lines import failed, made, plan_line, published
from tests.operators.publishing import Shop
from tests.pictures import picture
from tests.task_context import execute, make_context

SIGNED = "https://shop.example/cup.png?q-signature=0123456789abcdef0123456789abcdef01234567"


def write(path: Path, *lines: dict[str, Any]) -> str:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return str(path)


def report(tmp_path: Path, **arguments: Any) -> tuple[dict[str, Any], Parts, dict[str, Any]]:
    """What the task returns, the page, and the JSON."""
    given: dict[str, Any] = {"task_id": "report", "dest": str(tmp_path / "reports"), **arguments}
    operator = CatalogueReportOperator(**given)
    context = make_context()
    found = execute(operator, context)
    report.xcoms = context["ti"].xcoms  # type: ignore[attr-defined]
    return found, Parts(Path(found["path"]).read_bytes()), json.loads(Path(found["json_path"]).read_text())


def test_a_run_is_told_for_people_and_for_machines(service: LocalService, conn_id: str, tmp_path: Path) -> None:
    for sku in ("cup", "jar"):
        service.put_object(service.bucket, f"/in/{sku}.png", picture())
    service.put_object(service.bucket, "/out/a.jpeg", picture(kind="JPEG"))
    lines = [published("cup/white"), plan_line("jar/white", entry=failed("70003 SourceFileError", "cannot read it"))]
    lines[0]["entry"]["Outputs"][0]["bucket"] = service.bucket
    plan = {"path": write(tmp_path / "plan", *lines), "catalogue": "/data/shop", "counts": {"unchanged": 9976}}
    found, page, told = report(
        tmp_path,
        plan=plan,
        pictures=[{"path": write(tmp_path / "pictures", *lines), "counts": {}}, None],
        published=write(tmp_path / "published", lines[0]),
    )
    assert set(found) == {"path", "json_path", "counts"}
    assert found["counts"] == told["counts"]
    assert (told["counts"]["published"], told["counts"]["failed"], told["counts"]["unchanged"]) == (1, 1, 9976)
    assert len(json.dumps(found)) < 2000
    assert "1 of 2 items failed" in page.words
    assert "Refresh of shop" in page.words
    assert "MPS could not read a picture: check its key, bucket and region" in page.words
    assert len(list(page.values("src"))) == 3
    assert told["failures"][0]["items"][0]["message"] == "cannot read it"
    table = Path(found["json_path"]).parent / told["items"]
    assert [row["item"] for row in csv.DictReader(io.StringIO(table.read_text("utf-8-sig")))] == [
        "cup/white",
        "jar/white",
    ]
    # What the page links to is there.
    for href in page.values("href"):
        assert (Path(found["path"]).parent / href).is_file()


def test_a_dry_run_says_what_would_be_made(
    service: LocalService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = service.connection()
    connection["extra"]["prices"] = {"2K": "0.25", "currency": "CNY"}
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
    would = [{**plan_line(f"{sku}/white"), "would": "make"} for sku in ("cup", "jar")]
    for line in would:
        line.pop("action")
    paths = {"path": write(tmp_path / "plan"), "dry_run": write(tmp_path / "dry-plan", *would)}
    plan = {**paths, "catalogue": "/data/shop", "counts": {"make": 2}}
    empty = {"path": write(tmp_path / "pictures"), "catalogue": "/data/shop", "counts": {"made": 0, "failed": 0}}
    found, page, told = report(tmp_path, plan=plan, pictures=empty, published=empty)
    assert told["is_dry"]
    assert "Dry run: 2 pictures would be made, nothing was submitted" in page.words
    assert "It would cost" in page.words
    assert told["price"]["amount"] == "0.50"
    assert "no result known" not in page.words
    assert found["counts"]["to_make"] == 2


@pytest.mark.parametrize("folder", ["cos:///reports/", "cos://{bucket}/reports"])
def test_a_report_is_stored_in_cos_with_types_that_a_browser_shows(
    folder: str, service: LocalService, conn_id: str, tmp_path: Path
) -> None:
    operator = CatalogueReportOperator(
        task_id="report", plan=write(tmp_path / "plan"), dest=folder.format(bucket=service.bucket)
    )
    found = execute(operator, make_context())
    key = "/reports/" + found["path"].rpartition("/")[2]
    assert found["path"] == folder.format(bucket=service.bucket).rstrip("/") + key.removeprefix("/reports")
    assert service.get_object(service.bucket, key).startswith(b"<!doctype html>")
    stored = {one.key.rpartition(".")[2]: one for one in CosHook(conn_id).list_objects("/reports/")}
    stats = {kind: CosHook(conn_id).stat_object(one.key) for kind, one in stored.items()}
    assert {kind: stat and stat.content_type for kind, stat in stats.items()} == {
        "html": "text/html; charset=utf-8",
        "json": "application/json",
        "csv": "text/csv; charset=utf-8",
    }


def test_steps_that_are_missing_are_said_and_are_no_error(conn_id: str, tmp_path: Path) -> None:
    found, page, told = report(tmp_path, plan=None, pictures=[], published="")
    assert told["steps"]["plan"]["state"] == "not in this DAG"
    assert told["steps"]["pictures"]["state"] == told["steps"]["published"]["state"] == "missing"
    assert "Nothing is known of this run" in page.words
    assert found["counts"]["items"] == 0


def test_a_file_that_cannot_be_read_is_said(conn_id: str, tmp_path: Path, lines: Callable[[], str]) -> None:
    broken = tmp_path / "broken"
    broken.write_text('{"item": "a/w"}\n{"item": ')
    _, page, told = report(tmp_path, plan=str(tmp_path / "nowhere"), pictures=str(broken))
    assert told["steps"]["plan"]["state"] == "unreadable"
    assert told["steps"]["pictures"]["state"] == "read in part"
    assert not told["is_whole"]
    assert "There is no file" in page.words
    assert "line 2" in page.words
    assert "The report lacks" in lines()


def test_no_connection_is_needed_for_a_report_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", '{"conn_type": "tencentcloud", "extra": {"region": 7}}')
    found, page, _ = report(tmp_path, pictures=write(tmp_path / "pictures", made()))
    assert found["counts"]["made"] == 1
    assert "could not be fetched" in page.words


def test_nothing_that_is_signed_or_secret_is_in_any_file(
    service: LocalService, conn_id: str, tmp_path: Path, lines: Callable[[], str]
) -> None:
    bad = plan_line("cup/white", request={"subject_url": SIGNED, "prompt": f"as {SIGNED}"})
    bad["entry"] = failed("70003 SourceFileError", f"cannot read {SIGNED}", SIGNED)
    report(tmp_path, plan=write(tmp_path / "plan", bad), title=f"of {SIGNED}")
    files = list((tmp_path / "reports").iterdir())
    assert len(files) == 3
    for text in (*(path.read_text() for path in files), lines(), repr(report.xcoms)):  # type: ignore[attr-defined]
        assert "0123456789abcdef01234567" not in text
        assert service.secret_key not in text


def test_pictures_can_be_left_out_and_are_bounded(service: LocalService, conn_id: str, tmp_path: Path) -> None:
    service.put_object(service.bucket, "/out/a.jpeg", picture(kind="JPEG"))
    several = []
    for number in range(12):
        line = made(f"s-{number}/w")
        line["entry"]["Outputs"][0]["bucket"] = service.bucket
        several.append(line)
    pictures = write(tmp_path / "pictures", *several)
    _, page, _ = report(tmp_path, pictures=pictures, thumbnails=False)
    assert not list(page.values("src"))
    assert not service.journal
    _, page, _ = report(tmp_path, pictures=pictures, max_pictures_shown=5)
    assert len(list(page.values("src"))) == 5
    assert "5 are shown, failures first; 7 more are in the table of all items." in page.words


def test_prices_of_the_connection_are_told(service: LocalService, connect: Callable[..., None], tmp_path: Path) -> None:
    connect(service.secret_id, service.secret_key, prices={"2K": 0.2, "currency": "CNY"})
    _, page, told = report(tmp_path, pictures=write(tmp_path / "p", made("a/w"), made("b/w")))
    assert told["price"] == {"amount": "0.4", "currency": "CNY", "pictures": 2}
    assert "Price 0.40 CNY" in page.words


def test_the_link_is_where_people_read_the_report(conn_id: str, tmp_path: Path) -> None:
    plan = write(tmp_path / "plan")
    found, *_ = report(tmp_path, plan=plan)
    name = found["path"].rpartition("/")[2]
    assert report.xcoms == {XCOM_REPORT_LINK: f"file://{tmp_path}/reports/{name}"}  # type: ignore[attr-defined]
    found, *_ = report(tmp_path, plan=plan, link_base="https://reports.example/shop/")
    name = found["path"].rpartition("/")[2]
    assert report.xcoms == {XCOM_REPORT_LINK: f"https://reports.example/shop/{name}"}  # type: ignore[attr-defined]
    report(tmp_path, plan=plan, do_xcom_push=False)
    assert report.xcoms == {}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"dest": "https://e.com/a"}, "dest: expected a folder"),
        ({"dest": ""}, "dest: expected"),
        ({"max_pictures_shown": 1001}, "max_pictures_shown: expected a whole number from 0 to 1000"),
        ({"thumbnails": "yes"}, "thumbnails: expected True or False"),
        ({"link_base": "javascript:alert(1)"}, "link_base: expected an http"),
        ({"link_base": "https://e.com/a?sign=1"}, "link_base: expected an http"),
        ({"title": " "}, "title: expected a text"),
        ({"dest": "reports/"}, "dest: expected a whole address"),
        ({"plan": 3}, "plan: expected what a task of the catalogue returned"),
        ({"pictures": [{"counts": {}}]}, r"pictures\[0\]: expected what a task of the catalogue returned"),
        ({"published": BaseOperator(task_id="publish")}, "published: give what task 'publish' returns, task.output"),
    ],
)
def test_fixed_arguments_are_checked_when_the_dag_is_read(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CatalogueReportOperator(**{"task_id": "report", "dest": "/tmp/r", **arguments})


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"plan": 7}, "plan: expected what a task of the catalogue returned"),
        ({"pictures": "{'path': '/a'}"}, "pictures: expected what a task"),
        ({"link_base": "https://u:p@e.com/"}, "link_base: expected an http"),
        ({"dest": "cos://no bucket/a"}, "dest: expected"),
    ],
)
def test_rendered_arguments_are_checked_before_anything_is_written(
    arguments: dict[str, Any], said: str, conn_id: str, tmp_path: Path
) -> None:
    operator = CatalogueReportOperator(task_id="report", plan=None, dest=str(tmp_path / "reports"))
    vars(operator).update(arguments)
    with pytest.raises(InvalidArgumentError, match=said):
        execute(operator, make_context())
    assert not (tmp_path / "reports").exists()


def test_ten_thousand_items_make_files_of_bounded_size(conn_id: str, tmp_path: Path) -> None:
    several = [published(f"sku-{number:05}/white") for number in range(9000)]
    bad = failed("InternalError", "words " * 40)
    several += [plan_line(f"bad-{number:05}/white", entry=bad) for number in range(1000)]
    found, page, told = report(tmp_path, published=write(tmp_path / "p", *several), thumbnails=False)
    assert Path(found["path"]).stat().st_size < 200_000
    assert len(told["failures"][0]["items"]) == 1000
    assert "1,000 of 10,000 items failed" in page.words


def test_a_store_that_fails_fails_the_task(tmp_path: Path, conn_id: str) -> None:
    (tmp_path / "file").write_text("")
    operator = CatalogueReportOperator(task_id="report", plan=write(tmp_path / "p"), dest=str(tmp_path / "file" / "r"))
    with pytest.raises(Exception, match="file"):
        execute(operator, make_context())


def test_what_was_published_is_shown_beside_what_was_there_before(
    service: LocalService, conn_id: str, tmp_path: Path
) -> None:
    shop, widths = Shop(service), {1: 310, 2: 420}
    service.put_object(service.bucket, "/in/cup.png", picture(500, 500))
    for version, width in widths.items():
        line = shop.line("cup/white", version, request={"subject_cos_key": "/in/cup.png"}, why="subject changed")
        gone = shop.line("jar/white", version)
        pictures = shop.make([line, gone], run=f"run-{version}")
        for one in (line, gone):
            output = one["entry"]["Outputs"][0]
            service.put_object(service.bucket, output["path"], picture(width, 300, "JPEG"))
        if version == 2:
            CosHook(conn_id).delete_object(gone["entry"]["Outputs"][0]["path"])
        done = shop.publish(pictures, keep_previous="/previous/", max_failed=1)
    _, page, told = report(tmp_path, pictures=pictures, published=done)
    counts = told["counts"]
    assert (counts["published"], counts["publication_failed"]) == (1, 1)
    assert told["catalogue"] == shop.catalogue
    sizes = [word for word in page.text if " × " in word]
    assert sizes == ["500 × 500", "310 × 300", "420 × 300"]
    assert "the next plan has it made again" in page.words
    [group] = told["failures"]
    assert (group["code"], group["service"], group["items"][0]["item"]) == ("PictureGone", "COS", "jar/white")
