"""Contact sheets of what tasks return, through the real SDK: results, entries, files of lines, copies, Aidge."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException
from PIL import Image

from airflow_provider_mps.catalogue.sheets import draw
from airflow_provider_mps.catalogue.sheets.files import sheet_addresses
from airflow_provider_mps.catalogue.sheets.items import sheet_items
from airflow_provider_mps.catalogue.words import Show
from airflow_provider_mps.core import calls
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudPermanentError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.pictures import ContactSheetOperator, PictureCheckOperator, PictureLabelOperator
from airflow_provider_mps.pictures import Panel, SheetFormat
from airflow_provider_mps.services.tencentcloud.answers import cos_object
from airflow_provider_mps.storage.errors import UnreadableLinesError
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import write_lines
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from tests.pictures import picture
from tests.task_context import execute, make_context

from .publishing import Shop

SIGNED = "https://shop.example/cup.png?q-signature=0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", lambda state: 0)


@pytest.fixture
def panels(monkeypatch: pytest.MonkeyPatch) -> list[list[Panel]]:
    """The panels of each sheet that is drawn."""
    found: list[list[Panel]] = []
    make = draw.contact_sheet

    def noting(given: Any, **how: Any) -> Any:
        found.append(list(given))
        return make(given, **how)

    monkeypatch.setattr(draw, "contact_sheet", noting)
    return found


@pytest.fixture
def store(service: LocalService, conn_id: str) -> LocalService:
    return service


def put(store: LocalService, key: str, data: bytes | None = None) -> dict[str, Any]:
    store.put_object(store.bucket, key, data or picture(90, 60, "JPEG"))
    return cos_object(store.bucket, store.region, key)


def result(store: LocalService, *keys: str, **more: Any) -> dict[str, Any]:
    return {
        "TaskId": "1250000000-ImageTask-1",
        "Status": "FINISH",
        "Outputs": [put(store, key) for key in keys],
        **more,
    }


def run(context: Any = None, **given: Any) -> dict[str, Any]:
    operator = ContactSheetOperator(task_id="sheet", **{"dest": "cos:///sheets/", "side": 64, **given})
    found: dict[str, Any] = execute(operator, context or make_context(task_id="sheet"))
    return found


def counts(shown: int = 1, left_out: int = 0, without: int = 0) -> dict[str, int]:
    return {"shown": shown, "left_out": left_out, "without_picture": without}


def told(panel: Panel) -> tuple[Any, ...]:
    cells = [(cell.label, "drawn" if cell.picture is not None else cell.why_not) for cell in panel.cells]
    return panel.number, panel.title, list(panel.lines), panel.is_wrong, cells


def test_a_result_becomes_a_sheet_in_cos_that_is_told_as_results_are(
    store: LocalService, panels: list[list[Panel]], tmp_path: Path
) -> None:
    found = run(pictures=result(store, "/out/a.jpeg", "/out/b.jpeg"))
    assert found["counts"] == counts()
    [output] = found["Outputs"]
    assert output == {
        "bucket": store.bucket,
        "region": store.region,
        "path": output["path"],
        "cos_uri": f"cos://{store.bucket}{output['path']}",
        "url": f"https://{store.bucket}.cos.{store.region}.myqcloud.com{output['path']}",
    }
    assert output["path"].startswith("/sheets/sheet-1-")
    with Image.open(io.BytesIO(store.get_object(store.bucket, output["path"]))) as sheet:
        assert sheet.format == "JPEG"
    stat = CosHook().stat_object(output["path"])
    assert stat is not None
    assert stat.content_type == "image/jpeg"
    [[panel]] = panels
    assert told(panel) == (1, "a.jpeg", [], False, [("1 of 2", "drawn"), ("2 of 2", "drawn")])
    assert json.loads(json.dumps(found)) == found
    # What it returns goes where results go.
    fetch = CosToLocalFilesystemOperator(task_id="fetch", outputs=found, local_dir=str(tmp_path))
    [path] = execute(fetch, make_context())
    assert Path(path).read_bytes() == store.get_object(store.bucket, output["path"])


def test_entries_of_a_batch_stand_beside_their_subjects(store: LocalService, panels: list[list[Panel]]) -> None:
    put(store, "/in/cup.png", picture(70, 70))
    subject = f"cos://{store.bucket}/in/cup.png"
    error = {"Code": "70003 InvalidInput", "Message": f"cannot read {SIGNED}", "RequestId": "r"}
    entries = [
        result(store, "/out/a.jpeg", key="cup/white", subject=subject),
        {"key": 1, "subject": subject, "TaskId": None, "Outputs": [], "Error": error},
        result(store, "/out/b.jpeg", key=2, subject=SIGNED),
        {**result(store), "Outputs": [{"bucket": store.bucket, "region": store.region, "path": "/out/gone.jpeg"}]},
        {**result(store), "Outputs": [{"content": "a text"}]},
    ]
    found = run(pictures=[entries[:2], *entries[2:], None, ""])
    assert found["counts"] == counts(5, without=3)
    refused = "70003 InvalidInput: cannot read https://shop.example/cup.png?***"
    assert [told(panel) for panel in panels[0]] == [
        (1, "cup/white", [], False, [("subject", "drawn"), ("result", "drawn")]),
        (2, "cup.png", [refused], True, [("subject", "drawn"), ("result", refused)]),
        (3, "b.jpeg", [], False, [("subject", "not fetched: https://shop.example/cup.png"), ("result", "drawn")]),
        (4, "gone.jpeg", [], False, [("subject", "not known"), ("result", "it is not there")]),
        (5, "1250000000-ImageTask-1", [], False, [("subject", "not known"), ("result", "no picture")]),
    ]


def test_no_room_is_left_for_subjects_that_nobody_has(store: LocalService, panels: list[list[Panel]]) -> None:
    run(pictures=[result(store, "/out/a.jpeg", subject=SIGNED), result(store, "/out/b.jpeg")])
    assert [[cell.label for cell in panel.cells] for panel in panels[0]] == [["result"], ["result"]]
    put(store, "/in/cup.png")
    run(pictures=result(store, "/out/b.jpeg"), subject=f"cos://{store.bucket}/in/cup.png")
    assert [told(panel)[-1] for panel in panels[1]] == [[("subject", "drawn"), ("result", "drawn")]]


def test_lines_of_each_step_of_a_catalogue(store: LocalService, panels: list[list[Panel]]) -> None:
    shop = Shop(store)
    rejected = {"code": "ProductMissing", "verdict": "rejected", "words": "the product is not in it"}
    unsure = {"code": "ProductMissing", "verdict": "not checked", "words": "OpenCV is not there"}
    lines = [
        shop.line("cup/white"),
        shop.line("jar/white", check={"verdict": "rejected", "findings": [rejected]}),
        shop.line("pot/white", check={"verdict": "not checked", "findings": [unsure]}),
        {**shop.line("old/white"), "action": "unpublish", "was": "cos://b-1/old.jpeg"},
    ]
    made = shop.make(lines)
    published = shop.publish(made)
    plan = {"path": f"{shop.catalogue}/plan.jsonl", "counts": {}}
    write_lines(Files(), plan["path"], [{name: part for name, part in lines[0].items() if name != "entry"}])
    found = run(pictures=[made, published, plan])
    assert found["counts"] == counts(7, without=1)
    shown = [told(panel)[1:4] for panel in panels[0]]
    assert shown[:3] == [
        ("cup/white", [], False),
        ("jar/white", ["ProductMissing: the product is not in it"], True),
        ("pot/white", ["not checked: OpenCV is not there"], False),
    ]
    assert shown[3][1][0] == "published"
    assert told(panels[0][-1])[-1] == [("result", "not made yet")]


def test_a_dry_run_shows_what_would_be_made(store: LocalService, panels: list[list[Panel]], tmp_path: Path) -> None:
    put(store, "/in/cup.png")
    line = {"item": "cup/white", "would": "make", "request": {"subject_cos_key": "/in/cup.png"}}
    empty, dry = tmp_path / "plan.jsonl", tmp_path / "dry.jsonl"
    empty.write_text("")
    dry.write_text(json.dumps(line) + "\n")
    run(pictures={"path": str(empty), "dry_run": str(dry), "counts": {}})
    assert told(panels[0][0])[-1] == [("subject", "drawn"), ("result", "not made yet")]


def test_before_and_after(store: LocalService, panels: list[list[Panel]]) -> None:
    put(store, "/shop/cup.jpeg")
    shop = Shop(store)
    lines = [shop.line("cup/white", was=f"cos://{store.bucket}/shop/cup.jpeg"), shop.line("jar/white")]
    run(pictures=shop.make(lines), show=["result", "before"])
    assert [told(panel)[-1] for panel in panels[0]] == [
        [("result", "drawn"), ("before", "drawn")],
        [("result", "drawn"), ("before", "none: the item is new")],
    ]


def test_what_a_check_has_left_out_is_shown(store: LocalService, panels: list[list[Panel]]) -> None:
    blank = result(store, "/out/blank.jpeg")
    put(store, "/out/blank.jpeg", picture(2048, 2048, "JPEG"))
    check = PictureCheckOperator(task_id="check", pictures=[blank], on_reject="leave_out")
    checked = execute(check, make_context(task_id="check"))
    assert checked[0]["Outputs"] == []
    run(pictures=checked)
    number, _, lines, is_wrong, cells = told(panels[0][0])
    assert (number, is_wrong, cells) == (1, True, [("result", "drawn")])
    assert lines[0].startswith("Blank: ")


def test_what_a_label_task_returns_goes_in(store: LocalService) -> None:
    labelled = execute(
        PictureLabelOperator(task_id="label", pictures=[result(store, "/out/a.jpeg")]), make_context(task_id="label")
    )
    assert run(pictures=labelled)["counts"] == counts()


def test_copies_on_the_disk_and_addresses(store: LocalService, panels: list[list[Panel]], tmp_path: Path) -> None:
    here = tmp_path / "cup 1.png"
    here.write_bytes(picture(90, 90))
    put(store, "/in/cup.png")
    given = [
        {"uri": str(here), "size": 1, "scene": "Oak"},
        str(here),
        here.as_uri().replace("%20", " "),
        f"cos://{store.bucket}/in/cup.png",
        "cos:///in/cup.png",
        {**put(store, "/out/a.jpeg"), "uri": f"cos://{store.bucket}/out/a.jpeg"},
        str(tmp_path / "gone.png"),
        SIGNED,
        "nosuchscheme://x/a.png",
    ]
    run(pictures=given)
    found = [told(panel)[-1][0] for panel in panels[0]]
    assert found[:6] == [("result: scene Oak", "drawn"), *[("result", "drawn")] * 5]
    assert found[6:8] == [("result", "it is not there"), ("result", "not fetched: https://shop.example/cup.png?***")]
    assert "nosuchscheme" in found[8][1]
    assert panels[0][0].title == "cup 1.png"


def test_results_of_aidge_are_fetched_by_addresses_of_the_moment(
    store: LocalService, aidge_conn_id: str, panels: list[list[Panel]]
) -> None:
    from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator

    make = AidgeBackgroundGenerationOperator(
        task_id="make",
        image_path=f"cos://{store.bucket}/samples/coffee-large.jpg",
        scene_id=2,
        image_num=3,
        wait_for_completion=True,
        deferrable=False,
        poll_interval=0.2,
    )
    made = execute(make, make_context(task_id="make"))
    assert all("sign" not in image["url"].lower() for image in made["Images"])
    made["Images"].insert(1, {"url": None, "scene": "2", "message": "model failed"})
    before = len(store.calls("/ai/image/background/generation/query"))
    found = run(pictures=made)
    assert found["counts"] == counts()
    cells = [(label.partition(":")[0], why) for label, why in told(panels[0][0])[-1]]
    assert cells == [
        ("1 of 4", "drawn"),
        ("2 of 4", "not made: model failed"),
        ("3 of 4", "drawn"),
        ("4 of 4", "drawn"),
    ]
    assert len(store.calls("/ai/image/background/generation/query")) - before <= 1


def test_a_task_that_aidge_does_not_know_is_a_panel_with_words(
    store: LocalService, aidge_conn_id: str, panels: list[list[Panel]]
) -> None:
    run(pictures=[{"TaskId": "9999999", "Images": [{"url": "u", "scene": "1"}]}, result(store, "/out/a.jpeg")])
    [(_, why)] = told(panels[0][0])[-1]
    assert "says" in why
    assert told(panels[0][1])[-1] == [("result", "drawn")]


def test_many_go_on_on_further_sheets_and_the_rest_is_told(store: LocalService, panels: list[list[Panel]]) -> None:
    results = [result(store, f"/out/{number}.jpeg") for number in range(11)]
    found = run(pictures=results, per_sheet="4", max_pictures=10, format="png", dest="cos:///sheets/night.png")
    assert found["counts"] == counts(10, 1)
    assert [one["path"] for one in found["Outputs"]] == [
        "/sheets/night.png",
        "/sheets/night-2.png",
        "/sheets/night-3.png",
    ]
    assert [[panel.number for panel in page] for page in panels] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    for one in found["Outputs"]:
        with Image.open(io.BytesIO(store.get_object(store.bucket, one["path"]))) as sheet:
            assert sheet.format == "PNG"


def test_what_has_no_room_on_a_sheet_goes_on_the_next(
    store: LocalService, panels: list[list[Panel]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mps.pictures import sheet_layout

    monkeypatch.setattr(sheet_layout, "MAX_PIXELS", 200_000)
    entry = result(store, "/out/a.jpeg")
    found = run(pictures=[entry] * 40)
    assert len(found["Outputs"]) == len(panels) > 1
    assert [panel.number for page in panels for panel in page] == list(range(1, 41))


@pytest.mark.parametrize("folder", ["{tmp}/sheets", "{tmp}/sheets/", "file://{tmp}/sheets"])
def test_a_sheet_on_the_disk(folder: str, store: LocalService, tmp_path: Path) -> None:
    found = run(pictures=result(store, "/out/a.jpeg"), dest=folder.format(tmp=tmp_path))
    [output] = found["Outputs"]
    assert set(output) == {"uri"}
    assert Path(output["uri"]).parent == tmp_path / "sheets"
    with Image.open(output["uri"]) as sheet:
        sheet.load()


def test_a_retry_shows_nobody_an_old_sheet(store: LocalService) -> None:
    given = {"pictures": result(store, "/out/a.jpeg")}
    first, second = (run(make_context(task_id="sheet", try_number=number), **given) for number in (1, 1))
    assert first["Outputs"] != second["Outputs"]
    mapped = run(make_context(task_id="sheet", map_index=3), **given)
    assert mapped["Outputs"][0]["path"].startswith("/sheets/sheet-m3-1-")


def test_nothing_to_draw_skips(store: LocalService, tmp_path: Path) -> None:
    empty = tmp_path / "lines.jsonl"
    empty.write_text("")
    for given in ([], [None, ""], "", str(empty), {"path": str(empty)}):
        with pytest.raises(AirflowSkipException, match="pictures is empty: there is nothing to draw"):
            run(pictures=given)


def test_a_bucket_that_is_refused_is_words_and_a_store_that_is_refused_an_error(
    store: LocalService, panels: list[list[Panel]]
) -> None:
    results = [result(store, f"/out/{number}.jpeg") for number in range(20)]
    store.add_fault(kind="error", action="GetObject", code="AccessDenied", status=403)
    before = len(store.calls("GetObject"))
    assert run(pictures=results)["counts"] == counts(20, without=20)
    assert len(store.calls("GetObject")) - before < 10
    assert {told(panel)[-1][0][1] for panel in panels[0]} <= {
        "COS says AccessDenied",
        "not fetched: COS says AccessDenied",
    }
    store.add_fault(kind="error", action="PutObject", code="AccessDenied", status=403)
    with pytest.raises(TencentCloudPermanentError, match="AccessDenied"):
        run(pictures=results[:1])


def test_a_task_that_is_ended_draws_nothing_more(store: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = ContactSheetOperator(
        task_id="sheet", pictures=[result(store, f"/o/{n}.jpeg") for n in range(30)], dest="cos:///s/", max_workers=1
    )
    stat, looked = CosHook.stat_object, list[str]()

    def stop_and_look(self: CosHook, key: str, *given: Any) -> Any:
        looked.append(key)
        operator.on_kill()
        return stat(self, key, *given)

    monkeypatch.setattr(CosHook, "stat_object", stop_and_look)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - CancelledError
        execute(operator, make_context(task_id="sheet"))
    assert len(looked) == 1
    assert not store.calls("PutObject")


def test_few_pictures_are_in_memory_at_once(store: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    busy, most, lock, read = [0], [0], threading.Lock(), CosHook.read_object

    def counting(self: CosHook, *given: Any) -> Any:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        try:
            return read(self, *given)
        finally:
            with lock:
                busy[0] -= 1

    monkeypatch.setattr(CosHook, "read_object", counting)
    run(pictures=[result(store, f"/out/{number}.jpeg") for number in range(20)], max_workers=2)
    assert 1 <= most[0] <= 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pictures": None}, "pictures: expected what another task has returned"),
        ({"dest": None}, "dest: expected"),
        ({"dest": "sheets/"}, "dest: expected a whole address"),
        ({"dest": "https://x.example/"}, "dest: expected"),
        ({"columns": 0}, "columns: expected a whole number from 1 to 12"),
        ({"columns": None}, "columns: expected a whole number from 1 to 12"),
        ({"side": 10}, "side: expected a whole number from 64 to 720"),
        ({"max_pictures": 1001}, "max_pictures: expected a whole number from 1 to 1000"),
        ({"per_sheet": 0}, "per_sheet: expected a whole number from 1 to 200"),
        ({"format": "GIF"}, "format: expected JPEG or PNG"),
        ({"show": "result"}, "show: expected a list of subject, before, result"),
        ({"show": []}, "show: expected at least one"),
        ({"show": ["result", "result"]}, "show: expected at least one of .* each once"),
        ({"show": ["picture"]}, r"show\[0\]: expected subject or before or result"),
        ({"title": " "}, "title: expected a text"),
        ({"subject": "https://x.example/a.png"}, "subject: expected an address such as 'cos://"),
        ({"max_workers": 0}, "max_workers: expected a whole number from 1 to 32"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused_when_the_dag_is_read(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ContactSheetOperator(task_id="sheet", **{"pictures": [], "dest": "cos:///sheets/", **given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pictures": [7]}, "pictures: expected a result, an output, the address of a picture"),
        ({"pictures": {"a": 1}}, "pictures: expected a result"),
        ({"pictures": 7}, "pictures: expected a result"),
        ({"pictures": "[{'Outputs': []}]"}, r"pictures: .*give task.output, which needs no template"),
        ({"dest": "cos:///sheets/a.png"}, "dest: expected a folder, or a file name that ends with .jpeg"),
        ({"font": "/nowhere.ttf"}, "font: '/nowhere.ttf' cannot be read"),
        ({"font": __file__}, "font: .* cannot be read"),
        ({"dest": "nosuchscheme://x/"}, "nosuchscheme"),
    ],
)
def test_what_shows_when_it_runs(given: dict[str, Any], said: str, store: LocalService) -> None:
    with pytest.raises(InvalidArgumentError, match=said):
        run(**{"pictures": [result(store, "/out/a.jpeg")], **given})
    assert not store.calls("PutObject")


def test_a_file_of_lines_that_cannot_be_read_is_an_error(store: LocalService, tmp_path: Path) -> None:
    broken = tmp_path / "lines.jsonl"
    broken.write_text("{}")
    with pytest.raises(UnreadableLinesError):
        run(pictures=str(broken))
    with pytest.raises(FileNotFoundError):
        run(pictures=str(tmp_path / "gone.jsonl"))


ODD: list[Any] = [None, 7, "text", [], {}, [None], {"Code": None}, {"path": 7}, b"x"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_results_with_odd_fields_are_shown_or_refused_and_nothing_else(odd: Any) -> None:
    for name in ("Outputs", "Images", "Error", "check", "subject", "key", "TaskId"):
        for part in ({"Outputs": [], name: odd}, {"Images": [{"url": "u"}], name: odd}, {"Outputs": [odd]}):
            try:
                items = list(sheet_items([part], lambda address: iter(())))
            except ValueError:
                continue
            assert all(item.pictures[Show.RESULT] for item in items)
    for line in (
        {"entry": odd},
        {"item": odd, "entry": {"Outputs": [odd]}},
        {"request": odd, "check": odd, "was": odd},
    ):
        assert list(sheet_items(["a.jsonl"], lambda address, line=line: iter([line])))


def test_names_of_sheets() -> None:
    task = TaskKey("dag", "sheet", "run", -1)

    def names(dest: str) -> list[str]:
        return sheet_addresses(dest, 2, SheetFormat.JPEG, task, 1)

    assert names("cos:///a/b.jpg") == ["cos:///a/b.jpg", "cos:///a/b-2.jpg"]
    first, second = names("s3://bucket")
    assert first.startswith("s3://bucket/sheet-1-")
    assert second == f"{first.removesuffix('.jpeg')}-2.jpeg"
    # A folder may have a name like a picture's.
    assert names("/data/a.jpg/")[0].startswith("/data/a.jpg/sheet-1-")


def test_the_hook_of_aidge_is_made_only_for_results_of_aidge(
    store: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(AidgeHook, "__init__", lambda self, *given: made.append(given))
    run(pictures=result(store, "/out/a.jpeg"))
    assert made == []


def test_characters_that_no_font_has_are_told(
    store: LocalService, lines: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mps.pictures import fonts

    monkeypatch.setattr(fonts, "_ELSEWHERE", ())
    run(pictures=result(store, "/out/杯.jpeg", key="红杯"))
    assert "No font here has '杯红'" in lines()
