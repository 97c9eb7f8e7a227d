"""Pictures are checked where they are in COS, and what is not right is left out, or made once more."""

from __future__ import annotations

import io
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException, TaskDeferred
from PIL import Image

from airflow_provider_mps.catalogue.errors import PicturesRejectedError, PublicationRefusedError
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators import picture_check
from airflow_provider_mps.operators.catalogue import CataloguePublishOperator
from airflow_provider_mps.operators.pictures import PictureCheckOperator
from airflow_provider_mps.storage.errors import UnreadableLinesError
from airflow_provider_mps.storage.files import Files
from tests.catalogue.nights import CATALOGUE, Nights
from tests.operators.test_batch import fire
from tests.task_context import execute


@pytest.fixture
def service() -> Any:
    """Pictures as large as they are asked for."""
    with LocalService(task_seconds=0, rate_limit=0) as service:
        yield service


class Checks(Nights):
    """Nights whose pictures are checked."""

    def check(self, run: str, pictures: Any, **arguments: Any) -> Any:
        arguments = {"deferrable": False, "poll_interval": 0.1, **arguments}
        operator = PictureCheckOperator(task_id="check", pictures=pictures, **arguments)
        context = self.context(run, "check")
        self.pushed = context["ti"].xcoms
        return execute(operator, context)

    def make_night(self, run: str, **arguments: Any) -> dict[str, Any]:
        given = {"defaults": {"image_size": "1K"}, **arguments}
        return dict(self.make(run, self.plan(run, **given)))

    def rejected(self, item: str) -> tuple[str, ...]:
        known = RecordStore(Files(), CATALOGUE).read().state(item).rejected
        return () if known is None else known.pictures


@pytest.fixture
def nights(service: LocalService, conn_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checks:
    nights = Checks(service, tmp_path, monkeypatch)
    monkeypatch.setattr(picture_check, "is_run_over", lambda ti, dag_id, run_id: run_id in nights.over)
    return nights


def verdicts(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {line["sku"]: line["check"]["verdict"] for line in lines}


def codes(line: dict[str, Any]) -> set[str]:
    return {one["code"] for one in line["check"]["findings"] if one["verdict"] == "rejected"}


def test_good_pictures_pass_and_are_published(nights: Checks, service: LocalService) -> None:
    checked = nights.check("monday", nights.make_night("monday"))
    assert set(checked) == {"path", "counts", "catalogue"}
    assert len(json.dumps(checked)) < 600
    assert checked["counts"] == {"ok": 3, "rejected": 0, "not_checked": 0, "without_picture": 0}
    for line in nights.lines(checked):
        found = line["check"]
        assert found["verdict"] == "ok"
        assert max(found["width"], found["height"]) == 1024
        assert 0.1 < found["place"]["width"] < 1
        assert len(json.dumps(found)) < 2048
    assert nights.publish("monday", checked)["counts"]["published"] == 3


@pytest.mark.parametrize(
    ("shows", "code"),
    [
        ("blank", "Blank"),
        ("cut", "CutOff"),
        ("covered", "ProductCovered"),
        ("unchanged", "BackgroundUnchanged"),
    ],
)
def test_what_is_wrong_is_named_and_not_published(
    shows: str, code: str, nights: Checks, service: LocalService, lines: Any
) -> None:
    service.add_fault(kind="wrong_picture", shows=shows, match="tin-tea")
    pictures = nights.make_night("monday")
    with pytest.raises(PicturesRejectedError, match=rf"^1 of 3 pictures rejected: {code}: tin-tea/brick: ") as caught:
        nights.check("monday", pictures)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    assert nights.pushed["return_value"]["counts"]["rejected"] == 1
    checked = nights.check("monday", pictures, on_reject="leave_out")
    assert "1 left out, as the check has rejected them" in lines()
    found = {line["sku"]: line for line in nights.lines(checked)}
    assert code in codes(found["tin-tea"])
    assert not codes(found["jar-plum"])
    published = nights.publish("monday", checked)
    assert published["counts"]["published"] == 2
    assert published["counts"]["rejected"] == 1
    assert not service.object_exists(service.bucket, "/shop/tin-tea.jpeg")
    # It is paid for: the next night checks it again, with other bounds perhaps, and pays nothing.
    nights.over.add("monday")
    plan = nights.plan("tuesday", defaults={"image_size": "1K"})
    assert plan["counts"]["publish"] == 1
    again = nights.check("tuesday", nights.make("tuesday", plan), on_reject="leave_out")
    assert again["counts"]["rejected"] == 1
    assert len(service.tasks) == 3
    assert len(nights.rejected("tin-tea/brick")) == 1


def test_a_product_in_a_mirror(nights: Checks, service: LocalService) -> None:
    service.add_fault(kind="wrong_picture", shows="mirrored")
    manifest = [{"sku": "cup", "subject_cos_key": "/samples/coffee.png"}]
    checked = nights.check("monday", nights.make_night("monday", manifest=manifest), on_reject="leave_out")
    assert "ProductMirrored" in codes(nights.lines(checked)[0])


def test_a_rejected_picture_is_made_once_more(nights: Checks, service: LocalService) -> None:
    service.add_fault(kind="wrong_picture", shows="covered", match="tin-tea", times=1)
    checked = nights.check("monday", nights.make_night("monday"), on_reject="remake")
    assert checked["counts"] == {"ok": 3, "rejected": 0, "not_checked": 0, "without_picture": 0, "remade": 1}
    assert len(service.tasks) == 4
    found = {line["sku"]: line for line in nights.lines(checked)}
    assert found["tin-tea"]["entry"]["TaskId"] == service.tasks[3].task_id
    assert found["tin-tea"]["check"]["remakes"] == 1
    assert "random_seed" not in found["tin-tea"]["request"]
    assert service.tasks[3].job.seed is not None
    assert nights.publish("monday", checked)["counts"]["published"] == 3
    assert nights.rejected("tin-tea/brick") == ()
    nights.over.add("monday")
    assert nights.plan("tuesday", defaults={"image_size": "1K"})["counts"]["unchanged"] == 3


def test_what_is_wrong_again_is_left_out(nights: Checks, service: LocalService) -> None:
    service.add_fault(kind="wrong_picture", shows="covered", match="tin-tea")
    pictures = nights.make_night("monday")
    checked = nights.check("monday", pictures, on_reject="remake", max_remakes=2)
    assert len(service.tasks) == 5
    assert len({task.job.seed for task in service.tasks[3:]}) == 2
    assert checked["counts"]["rejected"] == 1
    assert nights.publish("monday", checked)["counts"]["published"] == 2
    # Neither a retry nor a clear nor the next night asks for it again.
    assert nights.check("monday", pictures, on_reject="remake", max_remakes=2)["counts"] == checked["counts"]
    nights.over.add("monday")
    plan = nights.plan("tuesday", defaults={"image_size": "1K"})
    again = nights.check("tuesday", nights.make("tuesday", plan), on_reject="remake", max_remakes=2)
    assert again["counts"]["rejected"] == 1
    assert len(service.tasks) == 5
    # Who wants it anew gets it anew, with as many tries.
    service.clear_faults()
    nights.over.add("tuesday")
    forced = nights.make_night("wednesday", force="tin-tea")
    checked = nights.check("wednesday", forced, on_reject="remake", max_remakes=2)
    assert checked["counts"]["ok"] == 1
    assert len(service.tasks) == 6


def test_a_remake_is_waited_for_in_the_triggerer(nights: Checks, service: LocalService) -> None:
    service.add_fault(kind="wrong_picture", shows="blank", match="tin-tea", times=1)
    pictures = nights.make_night("monday")
    service.backend.settings.task_seconds = 3600
    operator = PictureCheckOperator(
        task_id="check", pictures=pictures, on_reject="remake", poll_interval=0.1, deferrable=True
    )
    context = nights.context("monday", "check")
    with pytest.raises(TaskDeferred) as caught:
        execute(operator, context)
    assert caught.value.method_name == "execute_complete"
    assert not caught.value.kwargs
    nights.end_tasks()
    event = fire(dict(caught.value.trigger.serialize()[1]))
    checked = operator.execute_complete(context, event=event)
    assert checked["counts"]["ok"] == 3
    assert checked["counts"]["remade"] == 1
    assert len(service.tasks) == 4
    notes = (info.key for info in service.backend.store.all(service.bucket) if "/remake-1-" in info.key)
    [note] = [key for key in notes if key.endswith(".begun.json")]
    service.put_object(service.bucket, f"/{note}", b"{}")
    with pytest.raises(UnreadableLinesError, match="it does not say what is made once more"):
        operator.execute_complete(context, event=event)


def test_a_try_that_was_killed_while_it_waited_is_joined(nights: Checks, service: LocalService) -> None:
    service.add_fault(kind="wrong_picture", shows="blank", match="tin-tea", times=1)
    pictures = nights.make_night("monday")
    service.backend.settings.task_seconds = 3600
    for _ in range(2):
        with pytest.raises(TaskDeferred):
            nights.check("monday", pictures, on_reject="remake", deferrable=True)
    assert len(service.tasks) == 4
    # The run dies, and the next one takes over what it has paid for.
    nights.end_tasks()
    nights.over.add("monday")
    plan = nights.plan("tuesday", defaults={"image_size": "1K"})
    checked = nights.check("tuesday", nights.make("tuesday", plan), on_reject="remake")
    assert checked["counts"]["ok"] == 3
    assert len(service.tasks) == 4
    assert nights.publish("tuesday", checked)["counts"]["published"] == 3


def test_a_remake_that_fails_leaves_its_item_out(nights: Checks, service: LocalService) -> None:
    service.add_fault(kind="wrong_picture", shows="blank", match="tin-tea", times=1)
    pictures = nights.make_night("monday")
    service.add_fault(kind="task_fail", err_code=70001, err_msg="InternalError")
    checked = nights.check("monday", pictures, on_reject="remake")
    assert checked["counts"]["rejected"] == 1
    assert nights.publish("monday", checked)["counts"]["published"] == 2


def test_two_items_with_one_picture(nights: Checks, service: LocalService) -> None:
    same = service.get_object(service.bucket, "/samples/catalogue/tin-tea.png")
    service.put_object(service.bucket, "/samples/catalogue/jar-plum.png", same)
    checked = nights.check("monday", nights.make_night("monday"), on_reject="leave_out")
    found = {line["sku"]: codes(line) for line in nights.lines(checked)}
    assert [sku for sku, why in found.items() if why == {"Duplicate"}] == ["tin-tea"]


def test_pictures_whose_product_nobody_looked_for_are_counted_and_told(
    nights: Checks, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], str]
) -> None:
    pictures = nights.make_night("monday")
    assert "product_not_checked" not in nights.check("monday", pictures)["counts"]
    for name in ("cv2", "numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    assert nights.check("monday", pictures)["counts"]["product_not_checked"] == 3
    needs = "OpenCV is not installed: pip install 'airflow-provider-mps[check]' (3)"
    assert f"In 3 pictures the product was not looked for: {needs}" in lines()
    nights.check("monday", [line["entry"] for line in nights.lines(pictures)])
    assert "In 3 pictures the product was not looked for: no picture of the subject was given (3)" in lines()


def test_results_without_a_catalogue(nights: Checks, service: LocalService, conn_id: str) -> None:
    service.add_fault(kind="wrong_picture", shows="covered", match="tin-tea")
    entries = [
        {**line["entry"], "key": line["sku"], "subject": f"cos://{service.bucket}{line['request']['subject_cos_key']}"}
        for line in nights.lines(nights.make_night("monday"))
    ]
    found = nights.check("monday", entries, on_reject="leave_out")
    assert [one["key"] for one in found] == [one["key"] for one in entries]
    wrong = next(one for one in found if one["key"] == "tin-tea")
    assert wrong["Outputs"] == []
    assert wrong["Error"]["Code"] == "Rejected"
    assert wrong["check"]["picture"].startswith(f"cos://{service.bucket}/")
    assert all(one["Outputs"] for one in found if one["key"] != "tin-tea")
    one = next(one for one in entries if one["key"] == "tin-tea")
    bare = {name: value for name, value in one.items() if name not in ("key", "subject")}
    with pytest.raises(PicturesRejectedError, match="ProductCovered"):
        nights.check("monday", bare, subject=one["subject"])
    # Without a subject nobody knows what it should show.
    alone = nights.check("monday", bare)
    states = {finding["code"]: finding["verdict"] for finding in alone["check"]["findings"]}
    assert states["ProductMissing"] == "not checked"
    assert states["CutOff"] == "ok"
    failed = {"TaskId": None, "Outputs": [], "Error": {"Code": "x", "Message": "", "RequestId": ""}}
    assert nights.check("monday", [failed]) == [failed]


def test_of_several_pictures_the_first_that_is_right_is_published(nights: Checks, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    found = nights.lines(pictures)
    subject = f"cos://{service.bucket}{found[0]['request']['subject_cos_key']}"
    right = found[0]["entry"]["Outputs"][0]
    blank = io.BytesIO()
    Image.new("RGB", (1024, 1024), "white").save(blank, "PNG")
    service.put_object(service.bucket, "/output/aidge/blank.png", blank.getvalue())
    wrong = {**right, "path": "/output/aidge/blank.png"}
    request = {"image_path": subject, "scene_id": "3", "image_num": 2}
    scene = {**found[0], "service": "aidge", "request": request}
    lines = [{**scene, "entry": {**found[0]["entry"], "Outputs": [wrong, right]}}, *found[1:]]
    key = "/catalogues/shop/runs/scenes.jsonl"
    service.put_object(service.bucket, key, "".join(f"{json.dumps(line)}\n" for line in lines).encode())
    checked = nights.check("monday", {"path": f"cos://{key}", "catalogue": CATALOGUE}, on_reject="remake")
    assert checked["counts"]["ok"] == 3
    assert nights.lines(checked)[0]["entry"]["Outputs"] == [right, wrong]
    assert nights.publish("monday", checked)["counts"]["published"] == 3
    # Where none is right, nothing is made anew: a scene has no seed.
    lines[0]["entry"] = {**found[0]["entry"], "TaskId": "other", "Outputs": [wrong, wrong]}
    service.put_object(service.bucket, key, "".join(f"{json.dumps(line)}\n" for line in lines).encode())
    checked = nights.check("monday", {"path": f"cos://{key}", "catalogue": CATALOGUE}, on_reject="remake")
    assert checked["counts"]["rejected"] == 1
    assert len(service.tasks) == 3


def test_a_picture_that_is_gone_is_nobodys_fault(nights: Checks, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    gone = next(line for line in nights.lines(pictures) if line["sku"] == "tin-tea")
    service.backend.store.delete(service.bucket, gone["entry"]["Outputs"][0]["path"][1:])
    checked = nights.check("monday", pictures)
    assert checked["counts"]["not_checked"] == 1
    [line] = [line for line in nights.lines(checked) if line["sku"] == "tin-tea"]
    assert [one["code"] for one in line["check"]["findings"]] == ["PictureGone"]
    with pytest.raises(PublicationRefusedError, match="PictureGone"):
        nights.publish("monday", checked)


def test_a_subject_that_is_gone_is_named(nights: Checks, service: LocalService, lines: Any) -> None:
    pictures = nights.make_night("monday")
    service.backend.store.delete(service.bucket, "samples/catalogue/tin-tea.png")
    checked = nights.check("monday", pictures)
    [line] = [line for line in nights.lines(checked) if line["sku"] == "tin-tea"]
    words = {one["words"] for one in line["check"]["findings"] if one["verdict"] == "not checked"}
    assert words == {f"the subject cos://{service.bucket}/samples/catalogue/tin-tea.png is not there any more"}
    assert "Not there any more, so no result is compared with it: cos://mps-local-1250000000/samples/" in lines()


@pytest.mark.parametrize("given", [{}, {"on_reject": "remake"}, {"second_opinion": {"IQA": 0}}])
def test_pictures_that_are_given_twice_are_refused(given: Any, nights: Checks, service: LocalService) -> None:
    service.add_fault(kind="wrong_picture", shows="blank", match="tin-tea", times=1)
    pictures = nights.make_night("monday")
    with pytest.raises(
        InvalidArgumentError, match=r"^pictures: 'vase-amber/brick' and 2 more is there twice: give each"
    ):
        nights.check("monday", [pictures, pictures], **given)
    assert len(service.tasks) == 3


def test_what_nobody_has_looked_at_is_not_published(nights: Checks, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    operator = CataloguePublishOperator(task_id="publish", pictures=pictures)
    said = r"^pictures: no check has looked at vase-amber/brick: give what PictureCheckOperator returns"
    with pytest.raises(InvalidArgumentError, match=said):
        execute(operator, nights.context("monday", "publish"))
    assert not service.object_exists(service.bucket, "/shop/vase-amber.jpeg")
    operator = CataloguePublishOperator(task_id="publish", pictures=pictures, unchecked="true")
    assert execute(operator, nights.context("monday", "publish"))["counts"]["published"] == 3


def test_bounds_of_ones_own(nights: Checks, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    given = {"on_reject": "leave_out"}
    assert nights.check("monday", pictures, **given, bounds={"size": 0.0})["counts"]["ok"] == 3
    checked = nights.check("monday", pictures, **given, bounds={"blank": "300"})
    assert checked["counts"]["rejected"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"pictures": None}, "pictures is required"),
        ({"on_reject": "drop"}, "on_reject: "),
        ({"max_remakes": 0}, "max_remakes: "),
        ({"max_workers": 0}, "max_workers: "),
        ({"bounds": {"darkness": 3}}, "bounds: "),
        ({"bounds": {"blank": "x"}}, "bounds"),
        ({"bounds": {"blank": "nan"}}, "bounds"),
        ({"bounds": {"blank": True}}, "bounds"),
        ({"bounds": {"blank": 10**400}}, "bounds"),
        ({"bounds": []}, "bounds: "),
        ({"subject": "/samples/coffee.png"}, "subject: "),
        ({"results": "out"}, "results: "),
    ],
)
def test_what_is_wrong_shows_when_the_dag_is_read(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises((ArgumentError, InvalidArgumentError), match=said):
        PictureCheckOperator(task_id="check", **{"pictures": "cos:///pictures.jsonl", **arguments})


def test_what_cannot_be_used_is_said(nights: Checks, tmp_path: Path) -> None:
    with pytest.raises(AirflowSkipException):
        nights.check("monday", [])
    with pytest.raises(InvalidArgumentError, match="only pictures of a catalogue"):
        nights.check("monday", [{"Outputs": []}], on_reject="remake")
    with pytest.raises(InvalidArgumentError, match="pictures"):
        nights.check("monday", [{"Outputs": []}, 7])
    (tmp_path / "plain.jsonl").write_text("{}\n")
    with pytest.raises(InvalidArgumentError, match=r"plain\.jsonl"):
        nights.check("monday", str(tmp_path / "plain.jsonl"))
