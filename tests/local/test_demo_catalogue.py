"""What the demo does for a DAG that refreshes a catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from airflow_provider_mps.local.demo import catalogue, shown
from airflow_provider_mps.local.pictures.sample_pictures import read_sample
from airflow_provider_mps.local.service import LocalService

COFFEE = "/samples/coffee.png"


def report_of(**returned: Any) -> dict[str, Any]:
    return {
        "tasks": [
            {"task_id": task_id, "xcoms": {"return_value": value}, "rendered": None}
            for task_id, value in returned.items()
        ]
    }


def put_lines(service: LocalService, key: str, *lines: dict[str, Any]) -> str:
    service.put_object(service.bucket, key, "".join(f"{json.dumps(line)}\n" for line in lines).encode())
    return f"cos://{service.bucket}{key}"


def test_a_catalogue_is_known_by_what_its_tasks_return() -> None:
    assert catalogue.keeps_a_catalogue(report_of(plan={"path": "cos://b/p", "catalogue": "cos://b/shop", "counts": {}}))
    assert not catalogue.keeps_a_catalogue(report_of(fuse={"TaskId": "x", "Outputs": []}, hello=1, nothing=None))


def test_products_that_change_keep_their_keys(service: LocalService) -> None:
    keys = [f"/samples/catalogue/{sku}.png" for sku in catalogue.CHANGED]
    before = [service.get_object(service.bucket, key) for key in keys]
    objects = len(service.backend.store.all(service.bucket))
    catalogue.change_products(service)
    after = [service.get_object(service.bucket, key) for key in keys]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert len(service.backend.store.all(service.bucket)) == objects


def test_the_pictures_of_a_file_are_shown(service: LocalService, tmp_path: Path) -> None:
    for number in (1, 2):
        service.put_object(service.bucket, f"/out/{number}.png", read_sample("gravel.png"))
    request = {"subject_cos_key": COFFEE, "prompt": "Lawn"}
    entries = [{"Outputs": [{"bucket": service.bucket, "path": f"/out/{number}.png"}]} for number in (1, 2)]
    failed = {"Outputs": [], "Error": {"Code": "InvalidInput"}}
    plan = put_lines(service, "/runs/plan.jsonl", {"item": "a/lawn", "request": request})
    pictures = put_lines(
        service,
        "/runs/pictures.jsonl",
        *({"item": "a", "request": request, "entry": one} for one in (*entries, failed)),
    )
    published = put_lines(
        service, "/runs/published.jsonl", {"item": "a", "request": request, "entry": entries[0], "published": {}}
    )
    report = catalogue.with_entries(
        report_of(
            plan={"path": plan},
            make={"path": pictures.replace("//", "//conn@", 1)},
            publish={"path": published},
            elsewhere={"path": "s3://bucket/x.jsonl"},
            gone={"path": f"cos://{service.bucket}/no.jsonl"},
            hello=1,
        ),
        service,
    )
    assert shown.results(report) == [{"subject": COFFEE, **entry} for entry in entries]
    rows = shown.rows(report, service, tmp_path)
    assert [[caption for caption, _ in row] for row in rows] == [["subject: coffee", "coffee: Lawn", "coffee: Lawn"]]
    for _, path in rows[0]:
        with Image.open(path) as picture:
            picture.load()


def test_the_page_of_a_run_is_kept_with_what_it_links_to(service: LocalService, tmp_path: Path) -> None:
    for ending in ("html", "json", "csv"):
        service.put_object(service.bucket, f"/reports/a.{ending}", ending.encode())
    report = report_of(plan={"path": "cos://b/a.jsonl"}, report={"path": f"cos://{service.bucket}/reports/a.html"})
    file = catalogue.save_report(report, service, tmp_path)
    assert file == tmp_path / "report.html"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "report.html": "html",
        "a.json": "json",
        "a.csv": "csv",
    }
    assert catalogue.save_report(report_of(plan=None, report={"path": "/gone.html"}), service, tmp_path) is None


def test_what_was_counted_is_said_in_the_order_of_the_tasks() -> None:
    report = report_of(
        make={"path": "p", "counts": {"made": 2, "failed": 0}},
        plan={"path": "p", "counts": {"make": 2, "in_another_run": 1, "why": {"new": 2}}},
        publish={"path": "p", "counts": {"published": 0}},
        hello=1,
        empty={"counts": {}},
    )
    # Of make, plan, publish and the others: where each stands in its DAG.
    for task, place in zip(report["tasks"], (1, 0, 2, 3, 4), strict=True):
        task["place"] = place
    assert catalogue.counts(report) == [
        "  plan: make 2, in another run 1, why (new 2)",
        "  make: made 2",
        "  publish: nothing",
    ]
