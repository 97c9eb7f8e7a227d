"""What the demo shows of a DAG run, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_mps.local.demo import shown
from airflow_provider_mps.local.pictures.sample_pictures import read_sample
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.pictures import Cell, Panel, contact_sheet

COFFEE, VASE, BRICK = "/samples/coffee.png", "/samples/vase.png", "/samples/brick.png"


def task(value: Any = None, rendered: Any = None) -> dict[str, Any]:
    return {"task_id": "t", "xcoms": {"return_value": value}, "rendered": rendered}


def made(service: LocalService, key: str, **more: Any) -> dict[str, Any]:
    service.put_object(service.bucket, key, read_sample("gravel.png"))
    return {**more, "Outputs": [{"bucket": service.bucket, "path": key}]}


def captions(rows: list[shown.Row]) -> list[list[str]]:
    for row in rows:
        for _, path in row:
            with Image.open(path) as picture:
                picture.load()
    return [[caption for caption, _ in row] for row in rows]


def test_pictures_of_one_subject_are_together(service: LocalService, tmp_path: Path) -> None:
    requests = [
        {"subject_cos_key": subject, **look}
        for look in ({"bg_cos_key": BRICK}, {"prompt": "Lawn"}, {"prompt": ["Sand", "sea"]})
        for subject in (COFFEE, VASE)
    ]
    entries = [
        made(service, f"/out/{number}.png", subject=f"cos://{service.bucket}{request['subject_cos_key']}")
        for number, request in enumerate(requests)
    ]
    fetched = []
    for number in range(len(requests)):
        file = tmp_path / f"{number}.png"
        file.write_bytes(read_sample("gravel.png"))
        fetched.append(str(file))
    report = {"tasks": [task(entries, {"requests": requests}), task(fetched)]}
    assert captions(shown.rows(report, service, tmp_path)) == [
        ["background: brick"],
        ["subject: coffee", "coffee on brick", "coffee: Lawn", "coffee: Sand, sea"],
        ["subject: vase", "vase on brick", "vase: Lawn", "vase: Sand, sea"],
    ]
    assert {path.name for path in tmp_path.iterdir()} == {
        *(f"result-{number}.png" for number in range(6)),
        *("background-brick.png", "subject-coffee.png", "subject-vase.png"),
    }


def test_one_subject_is_one_row(service: LocalService, tmp_path: Path) -> None:
    rendered = {"subject_cos_key": COFFEE, "bg_cos_key": BRICK}
    report = {"tasks": [task("id", rendered), task(made(service, "/out/a.jpeg"))]}
    [row] = shown.rows(report, service, tmp_path)
    assert captions([row]) == [["subject: coffee", "background: brick", "coffee on brick"]]
    assert row[-1][1].name == "result.jpeg"


def test_pictures_of_aidge_name_their_scene(service: LocalService, tmp_path: Path) -> None:
    copies = []
    for number in (1, 2):
        made(service, f"/aidge/{number}.jpg")
        key = {"bucket": service.bucket, "path": f"/aidge/{number}.jpg", "scene": "2"}
        copies.append({"uri": "cos://x", "size": 1, "cos_uri": "cos://x", **key})
    report = {
        "tasks": [
            task([{"id": "2", "name": "Oak table"}]),
            task({"TaskId": "x", "Images": []}, {"image_path": "cos:///samples/coffee-large.jpg"}),
            task(copies),
        ]
    }
    assert captions(shown.rows(report, service, tmp_path)) == [
        ["product: coffee-large", "Oak table, 1 of 2", "Oak table, 2 of 2"]
    ]


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_copies_on_the_disk_are_shown(scheme: str, service: LocalService, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    copies = [
        # A file may have been taken away, and what is in another storage cannot be read here.
        {"uri": f"{scheme}{tmp_path}/gone.jpg", "size": 1, "scene": "2"},
        {"uri": "s3://bucket/3.jpg", "size": 1, "scene": "2"},
    ]
    for number in (1, 2):
        file = tmp_path / f"{number}.png"
        file.write_bytes(read_sample("gravel.png"))
        copies.append({"uri": f"{scheme}{file}", "size": 1, "scene": "2"})
    [row] = shown.rows({"tasks": [task(copies)]}, service, output)
    assert captions([row]) == [["scene 2, 3 of 4", "scene 2, 4 of 4"]]
    assert (tmp_path / "1.png").exists()


@pytest.mark.parametrize(
    "rendered",
    [
        {"requests": "Truncated. You can change this behaviour in [core]max_templated_field_length. [{'subj..."},
        {"requests": ["Truncated"]},
        {"subject_url": "https://example.com/a/cup.png?sign=***"},
        {"subject_cos_key": "/not/here.png", "subject_cos_bucket": "other-1250000000"},
        {},
        None,
    ],
)
def test_what_is_not_known_of_a_request(rendered: Any, service: LocalService, tmp_path: Path) -> None:
    entries = [made(service, f"/out/{number}.png", subject="cos://b-1/x/cup.png") for number in range(2)]
    report = {"tasks": [task(entries, rendered), task(None), task(7), task([])]}
    assert shown.results(report) == entries
    rows = shown.rows(report, service, tmp_path)
    assert sorted(caption for row in captions(rows) for caption in row) == ["cup", "cup"]


def test_results_without_a_picture(service: LocalService, tmp_path: Path) -> None:
    gone = {"Outputs": [{"bucket": service.bucket, "path": "/out/gone.png"}, {"content": "a text"}]}
    failed = {"Outputs": [], "Error": {"Code": "InvalidInput"}}
    rows = shown.rows({"tasks": [task([gone, failed])]}, service, tmp_path)
    assert not any(rows)


def test_subjects_of_one_name_stay_apart(service: LocalService, tmp_path: Path) -> None:
    keys = ["/a/main.png", "/b/main.png"]
    for key in keys:
        service.put_object(service.bucket, key, read_sample("coffee.png"))
    entries = [made(service, f"/out{key}", subject=f"cos://{service.bucket}{key}") for key in keys]
    report = {"tasks": [task(entries, {"requests": [{"subject_cos_key": key, "prompt": "x"} for key in keys]})]}
    rows = shown.rows(report, service, tmp_path)
    assert captions(rows) == [[], ["subject: main", "main: x"], ["subject: main", "main: x"]]
    assert len({path for row in rows for _, path in row}) == 4


def test_a_catalogue_fits_on_a_sheet(service: LocalService, tmp_path: Path) -> None:
    entries = [made(service, f"/out/{number}.png", subject=f"cos://b-1/{number}.png") for number in range(200)]
    rows = shown.rows({"tasks": [task(entries)]}, service, tmp_path)
    panels = [Panel([Cell(path.read_bytes, caption) for caption, path in row]) for row in rows if row]
    assert contact_sheet(panels, one_per_row=True).shown == shown.MAX_SHOWN


@pytest.mark.parametrize("name", ["thesis.txt", "airflow.cfg"])
def test_a_folder_with_other_files_is_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    if name == "airflow.cfg":
        (tmp_path / "airflow.log").write_text("of the web page")
    command = [sys.executable, "-W", "ignore", "-m", "airflow_provider_mps.local.demo", "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "choose another --output" in done.stderr
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("missing", ["uvicorn", "pydantic", "crcmod"])
def test_without_its_packages_it_says_how_to_install_them(missing: str, tmp_path: Path) -> None:
    code = (
        f"import runpy, sys; sys.modules[{missing!r}] = None; sys.argv = ['demo', '--output', {str(tmp_path)!r}]\n"
        "runpy.run_module('airflow_provider_mps.local.demo', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'airflow-provider-mps[local]'" in done.stderr
    assert "Traceback" not in done.stderr
