"""A run is planned through the real hooks: from a manifest in COS to a plan that a batch takes."""

from __future__ import annotations

import csv
import io
import json
import pickle
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.catalogue.errors import ManifestError, RecordUnreadableError, TooManyRemovedError
from airflow_provider_mps.catalogue.lines import plan_lines
from airflow_provider_mps.catalogue.plan import verdicts
from airflow_provider_mps.catalogue.record.events import Event, ItemFailed, ItemMade, ItemPublished, ItemReleased
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudPermanentError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.catalogue import CataloguePlanOperator
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines
from tests.task_context import make_context

CATALOGUE = "cos:///catalogues/shop"
LOOKS: dict[str, Any] = {
    "white": {"bg_cos_key": "/backgrounds/white.png"},
    "beach": {"prompt": "a beach under {season} skies", "random_seed": 7},
}


class Shop:
    """A catalogue on the local service, and whoever makes and publishes what is planned."""

    def __init__(self, service: LocalService, count: int) -> None:
        self.service = service
        self.rows = [
            {"sku": f"cup-{number:02}", "subject_cos_key": f"/photos/cup-{number:02}.png", "season": "summer"}
            for number in range(count)
        ]
        for row in self.rows:
            self.put(row["subject_cos_key"])
        self.put("/backgrounds/white.png")
        self.files = Files()
        self.night = 0
        self.output: dict[str, Any] = {}

    def put(self, key: str, data: str = "") -> None:
        self.service.put_object(self.service.bucket, key, (data or key).encode())

    def write_manifest(self) -> None:
        file = io.StringIO()
        writer = csv.DictWriter(file, list(self.rows[0]) if self.rows else ["sku", "subject_cos_key", "season"])
        writer.writeheader()
        writer.writerows(self.rows)
        self.put("/manifests/shop.csv", file.getvalue())

    def operator(self, **arguments: Any) -> CataloguePlanOperator:
        given = {
            "manifest": "cos:///manifests/shop.csv",
            "looks": LOOKS,
            "catalogue": CATALOGUE,
            "publish_to": "/shop/{sku}/{look}.{ext}",
        }
        return CataloguePlanOperator(task_id="plan", **{**given, **arguments})

    def plan(self, *, run_id: str | None = None, try_number: int = 1, **arguments: Any) -> list[Any]:
        """Plan a run, a new one unless told otherwise; return the lines of the plan."""
        self.write_manifest()
        self.night += 1
        context = make_context(task_id="plan", run_id=run_id or f"night {self.night}", try_number=try_number)
        self.output = self.operator(**arguments).execute(context)
        assert len(json.dumps(self.output)) < 2048
        return list(plan_lines(self.lines(self.output["path"]), self.output["path"]))

    def lines(self, address: str) -> list[dict[str, Any]]:
        return list(read_lines(self.files, address))

    @property
    def counts(self) -> dict[str, Any]:
        return {name: count for name, count in self.output["counts"].items() if count}

    def say(self, *events: Event, run_id: str = "other") -> None:
        store = RecordStore(self.files, CATALOGUE)
        store.update(TaskKey("dag", "make", run_id, -1), lambda record: list(events), time.time())

    def make(self, lines: list[Any]) -> None:
        """Make and publish what is planned."""
        hook, events = CosHook(), list[Event]()
        for line in lines:
            if line["action"] == "make":
                key = f"/made/{line['item']}/{line['fingerprint']}.jpeg"
                self.put(key)
                picture = {"bucket": self.service.bucket, "region": self.service.region, "path": key}
                events.append(ItemMade(line["item"], line["fingerprint"], picture, "t"))
            self.put(line["publish_to"].partition(self.service.bucket)[2])
            stat = hook.stat_object(line["publish_to"].partition(self.service.bucket)[2])
            assert stat is not None
            events.append(ItemPublished(line["item"], line["fingerprint"], line["publish_to"], stat.etag, stat.size))
        self.say(*events, run_id=f"night {self.night}")


@pytest.fixture
def shop(service: LocalService, conn_id: str) -> Shop:
    return Shop(service, 12)


def told(lines: list[Any]) -> dict[str, tuple[str, str]]:
    return {line["item"]: (line["action"], line["why"]) for line in lines}


def test_what_is_new_is_made_once(shop: Shop, lines: Callable[[], str]) -> None:
    first = shop.plan()
    assert [line["item"] for line in first] == [f"cup-{number:02}/{look}" for number in range(12) for look in LOOKS]
    assert {(line["action"], line["why"], line["was"]) for line in first} == {("make", "new", None)}
    bucket = shop.service.bucket
    assert first[1] == {
        "item": "cup-00/beach",
        "sku": "cup-00",
        "look": "beach",
        "service": "mps",
        "action": "make",
        "request": {
            "subject_cos_key": "/photos/cup-00.png",
            "prompt": "a beach under summer skies",
            "random_seed": 7,
        },
        "fingerprint": first[1]["fingerprint"],
        "publish_to": f"cos://{bucket}/shop/cup-00/beach.jpeg",
        "why": "new",
        "was": None,
    }
    assert shop.output["path"].startswith(f"{CATALOGUE}/runs/night_1-")
    assert shop.output["catalogue"] == CATALOGUE
    assert "24 of 24 to make (new 24)" in lines()
    shop.make(first)
    assert shop.plan() == []
    assert shop.counts == {"items": 24, "unchanged": 24}
    assert shop.service.calls("GetObject")
    assert not [call for call in shop.service.calls("GetObject") if "photos" in str(call)]


def test_exactly_what_changed_is_made(shop: Shop) -> None:
    shop.make(shop.plan())
    shop.put("/photos/cup-03.png", "another cup")
    # The same bytes again are no change.
    shop.put("/photos/cup-04.png")
    shop.rows[5]["season"] = "winter"
    assert told(shop.plan()) == {
        "cup-03/white": ("make", "subject changed"),
        "cup-03/beach": ("make", "subject changed"),
        "cup-05/beach": ("make", "request changed"),
    }
    assert shop.output["counts"]["why"] == {"subject changed": 2, "request changed": 1}


def test_another_background_and_a_new_version_of_a_look_make_all_of_it(shop: Shop) -> None:
    shop.make(shop.plan())
    shop.put("/backgrounds/white.png", "whiter")
    changed = shop.plan()
    assert set(told(changed).values()) == {("make", "background changed")}
    assert {line["look"] for line in changed} == {"white"}
    shop.make(changed)
    again = shop.plan(looks={**LOOKS, "beach": {**LOOKS["beach"], "version": 2}})
    assert {(line["look"], line["why"]) for line in again} == {("beach", "request changed")}


def test_a_published_picture_that_is_gone_costs_nothing_if_it_was_made(shop: Shop) -> None:
    planned = shop.plan()
    shop.make(planned)
    shop.service.backend.store.delete(shop.service.bucket, "shop/cup-01/white.jpeg")
    shop.service.backend.store.delete(shop.service.bucket, "shop/cup-02/white.jpeg")
    made = f"made/cup-02/white/{next(line['fingerprint'] for line in planned if line['item'] == 'cup-02/white')}.jpeg"
    shop.service.backend.store.delete(shop.service.bucket, made)
    found = shop.plan()
    assert told(found) == {
        "cup-01/white": ("publish", "published picture is gone"),
        "cup-02/white": ("make", "published picture is gone"),
    }
    (publish,) = [line for line in found if line["action"] == "publish"]
    assert publish["entry"]["Outputs"][0]["path"].startswith("/made/cup-01/white/")


def test_another_name_publishes_all_again_and_pays_for_none(shop: Shop) -> None:
    shop.make(shop.plan())
    moved = shop.plan(publish_to="/new/{sku}-{look}.{ext}", max_pictures=0)
    assert set(told(moved).values()) == {("publish", "made before, not published")}
    assert len(moved) == 24
    assert moved[0]["was"].endswith("/shop/cup-00/white.jpeg")


def test_what_failed_is_tried_again_unless_it_would_fail_again(shop: Shop, lines: Callable[[], str]) -> None:
    planned = shop.plan()
    one, other, *rest = planned
    shop.make(rest)
    shop.say(
        ItemFailed(one["item"], one["fingerprint"], "InternalError", "m", "r", None, False),
        ItemFailed(other["item"], other["fingerprint"], "InvalidImage", "no product", "r-2", "t", True),
        run_id=f"night {shop.night}",
    )
    assert told(shop.plan()) == {"cup-00/white": ("make", "failed last time")}
    assert shop.counts["refused"] == 1
    assert shop.lines(shop.output["left_out"]) == [
        {
            "item": "cup-00/beach",
            "left_out": "refused",
            "code": "InvalidImage",
            "message": "no product",
            "request_id": "r-2",
        }
    ]
    assert "cup-00/beach (InvalidImage)" in lines()
    assert told(shop.plan(force="cup-00/beach", run_id=f"night {shop.night}")) == {
        "cup-00/beach": ("make", "forced"),
        "cup-00/white": ("make", "failed last time"),
    }


def test_a_run_pays_for_no_more_than_it_may_and_the_rest_goes_first(shop: Shop) -> None:
    first = shop.plan(max_pictures="10")
    assert [line["item"] for line in first] == [f"cup-{number:02}/{look}" for number in range(5) for look in LOOKS]
    assert shop.counts["waiting"] == 14
    shop.make(first)
    shop.rows.insert(0, {**shop.rows[0], "sku": "new-cup"})
    second = shop.plan(max_pictures=14)
    assert [line["item"] for line in second] == [f"cup-{number:02}/{look}" for number in range(5, 12) for look in LOOKS]
    assert shop.counts["waiting"] == 2


def test_a_retry_plans_the_same_and_another_run_nothing_of_it(shop: Shop) -> None:
    first = shop.plan(max_pictures=6, run_id="tonight")
    again = shop.plan(max_pictures=6, run_id="tonight", try_number=2)
    assert again == first
    assert shop.output["path"].rpartition("/")[2].startswith("plan-2-")
    other = shop.plan(max_pictures=6, run_id="at the same time")
    assert not {line["item"] for line in other} & {line["item"] for line in first}
    assert shop.counts["in_another_run"] == 6
    shop.say(*(ItemReleased(line["item"]) for line in first), run_id="tonight")
    assert len(shop.plan(run_id="at the same time")) == 24


def test_what_a_run_has_left_behind_is_taken_up_the_next_night(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.plan()
    assert shop.plan() == []
    assert shop.counts["in_another_run"] == 24
    monkeypatch.setattr(verdicts, "RESERVED_SECONDS", 0)
    assert len(shop.plan()) == 24


def test_what_is_gone_from_the_manifest_stays_unless_asked(shop: Shop, lines: Callable[[], str]) -> None:
    shop.make(shop.plan())
    del shop.rows[3]
    assert shop.plan() == []
    assert shop.counts["removed"] == 2
    assert "Gone from the manifest" in lines()
    removed = shop.plan(on_removed="unpublish")
    assert told(removed) == {"cup-03/white": ("unpublish", "removed"), "cup-03/beach": ("unpublish", "removed")}
    # A look that is given up is gone too.
    removed = shop.plan(on_removed="unpublish", looks={"white": LOOKS["white"]}, max_removed=1)
    assert {line["look"] for line in removed if line["sku"] != "cup-03"} == {"beach"}
    assert len(removed) == 13


def test_a_manifest_that_lost_most_empties_no_shop(shop: Shop) -> None:
    shop.make(shop.plan())
    before = RecordStore(shop.files, CATALOGUE).read().seq
    del shop.rows[5:]
    with pytest.raises(TooManyRemovedError) as caught:
        shop.plan(on_removed="unpublish")
    assert (caught.value.removed, caught.value.published) == (14, 24)
    assert "Is the manifest whole?" in str(caught.value)
    assert RecordStore(shop.files, CATALOGUE).read().seq == before
    assert len(shop.plan(on_removed="unpublish", max_removed="0.6")) == 14


def test_a_product_whose_row_is_bad_is_not_gone(shop: Shop, lines: Callable[[], str]) -> None:
    shop.make(shop.plan())
    shop.rows[2]["subject_cos_key"] = "/photos/none.png"
    shop.rows[3]["subject_cos_key"] = "/photos/../up.png"
    with pytest.raises(ManifestError) as caught:
        shop.plan(on_removed="unpublish")
    message = str(caught.value)
    assert "line 4, subject_cos_key 'cos://" in message
    assert "/photos/none.png': there is no such picture" in message
    assert "line 5, subject_cos_key" in message
    assert shop.plan(on_removed="unpublish", on_bad_row="skip") == []
    assert shop.counts == {"items": 20, "unchanged": 20, "bad_rows": 2}
    assert "2 bad rows left out" in lines()
    # Nobody can tell whose row this is.
    shop.rows[2]["sku"] = ""
    assert shop.plan(on_removed="unpublish", on_bad_row="skip") == []


def test_a_background_that_is_not_there_is_said_once(shop: Shop) -> None:
    looks = {**LOOKS, "white": {"bg_cos_key": "/backgrounds/none.png"}}
    for on_bad_row in ("fail", "skip"):
        with pytest.raises(InvalidArgumentError, match=r"looks\['white'\]: bg_cos_key: there is no cos://.*none\.png"):
            shop.plan(looks=looks, on_bad_row=on_bad_row)


def test_a_shop_that_is_not_there_is_told_before_anything_is_paid_for(shop: Shop) -> None:
    for dry_run in (True, False):
        with pytest.raises(TencentCloudPermanentError, match="NoSuchBucket"):
            shop.plan(publish_to="cos://other-1250000000/shop/{sku}/{look}.{ext}", dry_run=dry_run)
    assert RecordStore(shop.files, CATALOGUE).read().seq == 0


def test_a_manifest_without_a_single_good_row_is_no_quiet_night(shop: Shop) -> None:
    for row in shop.rows:
        row["subject_cos_key"] = "/photos/../up.png"
    with pytest.raises(ManifestError, match=r"^12 faults in shop\.csv: line 2, subject_cos_key"):
        shop.plan(on_bad_row="skip")
    shop.rows.clear()
    with pytest.raises(ManifestError):
        shop.plan(on_bad_row="skip")


@pytest.mark.parametrize(("looks", "maker"), [(("scene",), "aidge"), (("scene", "white"), "mps"), (("white",), "mps")])
def test_who_makes_the_looks_hands_on_what_is_removed(shop: Shop, looks: tuple[str, ...], maker: str) -> None:
    shop.make(shop.plan())
    every = {**LOOKS, "scene": {"scene_id": "42"}}
    found = shop.plan(looks={name: every[name] for name in looks}, on_removed="unpublish", max_removed=1)
    assert {line["service"] for line in found if line["action"] == "unpublish"} == {maker}


def test_a_dry_run_keeps_nothing_and_gives_a_batch_nothing_to_do(
    shop: Shop, service: LocalService, connect: Any, lines: Callable[[], str]
) -> None:
    assert shop.plan(dry_run=True, prices={"2K": "0.25", "currency": "CNY"}) == []
    assert shop.counts["make"] == 24
    assert shop.output["price"] == {"amount": "6.00", "currency": "CNY", "without_price": 0}
    would = shop.lines(shop.output["dry_run"])
    assert {line["would"] for line in would} == {"make"}
    assert not any("action" in line for line in would)
    with pytest.raises(ArgumentError, match="of a dry run"):
        list(plan_lines(would, "x"))
    assert RecordStore(shop.files, CATALOGUE).read().seq == 0
    assert "Dry run, nothing is submitted: 24 of 24 to make (new 24); price 6.00 CNY" in lines()
    assert len(shop.plan(dry_run="false")) == 24


def test_prices_of_the_connection_count(shop: Shop, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = service.connection()
    connection["extra"]["prices"] = {"2K": 0.2, "currency": "USD"}
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
    looks = {**LOOKS, "beach": {**LOOKS["beach"], "image_size": "4K"}}
    shop.plan(looks=looks)
    assert shop.output["price"] == {"amount": "2.4", "currency": "USD", "without_price": 12}


def test_rows_of_another_task_and_a_catalogue_on_the_disk(shop: Shop, tmp_path: Path) -> None:
    found = shop.plan(manifest=shop.rows[:2], catalogue=str(tmp_path / "shop"))
    assert len(found) == 4
    assert shop.output["path"].startswith(str(tmp_path))
    path = tmp_path / "shop.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in shop.rows[:3]))
    found = shop.plan(manifest=str(path), catalogue=str(tmp_path / "shop"), run_id=f"night {shop.night}")
    assert len(found) == 6


def test_a_scene_of_aidge_is_planned_too(shop: Shop) -> None:
    looks = {"scene": {"scene_id": "42", "image_num": 2}}
    found = shop.plan(looks=looks)
    assert {line["service"] for line in found} == {"aidge"}
    assert found[0]["fingerprint"].split(".")[1] == "-"
    assert found[0]["request"]["image_path"] == f"cos://{shop.service.bucket}/photos/cup-00.png"


def test_a_key_of_cos_that_is_taken_for_a_path_says_how_it_is_written(shop: Shop) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        shop.operator(manifest="/manifests/shop.csv").execute(make_context())
    said = str(caught.value)
    assert said.startswith("manifest: There is no file /manifests/shop.csv on the disk of this worker;")
    assert said.endswith("An object of COS is cos:///manifests/shop.csv")


def test_a_new_catalogue_on_the_disk_of_a_worker_is_told_of(
    shop: Shop, tmp_path: Path, lines: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    warned = "has no record yet, and is on the disk of this worker"
    shop.plan(catalogue=str(tmp_path / "shop"))
    once = lines().count(warned)
    assert once
    shop.plan(catalogue=str(tmp_path / "shop"))
    # Airflow 2 gives what was logged before again.
    assert lines().count(warned) in (0, caplog.text.count(warned))
    assert caplog.text.count(warned) <= once


def test_what_force_names_in_vain_is_told(shop: Shop, lines: Callable[[], str]) -> None:
    shop.plan(force=["cup-01", "cup-17/whitt", "*/beach"], on_bad_row="skip")
    assert re.search(r"force names what the manifest does not have: 'cup-17/whitt'\s", lines())


def test_each_picture_of_a_scene_counts_for_what_a_run_may_pay(shop: Shop) -> None:
    looks = {"scene": {"scene_id": "42"}, **LOOKS}
    found = shop.plan(looks=looks, max_pictures=7)
    # Aidge makes at least two of each, and one is published.
    assert [line["item"] for line in found] == [
        "cup-00/scene",
        "cup-00/white",
        "cup-00/beach",
        "cup-01/scene",
        "cup-01/white",
    ]
    assert found[0]["request"]["image_num"] == 2
    shop.make(found)
    looks["scene"]["image_num"] = 10
    # The one that waits longest is next, and waits rather than that another goes before it.
    assert [line["item"] for line in shop.plan(looks=looks, max_pictures=9)] == ["cup-01/beach"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"manifest": None}, "manifest is required"),
        ({"manifest": 7}, "manifest: "),
        ({"manifest": {}}, "manifest: "),
        ({"manifest": "cos:///manifests/"}, "manifest: expected the address of a file, and not of a folder"),
        ({"looks": "{'white': {}}"}, "looks: expected a dict with a dict of arguments for each look, such as"),
        ({"looks": None}, "looks is required"),
        ({"looks": {}}, "looks"),
        ({"looks": {"white": {"colour": "white"}}}, "looks['white']"),
        ({"catalogue": ""}, "catalogue: "),
        ({"catalogue": "catalogues/shop"}, "catalogue: expected a whole address"),
        ({"catalogue": "cos:/catalogues/shop"}, "catalogue: expected a whole address"),
        ({"catalogue": "https://shop.example/catalogue"}, "catalogue: expected a folder"),
        ({"publish_to": "/shop/one.jpeg"}, "publish_to"),
        ({"publish_to": "/shop/{look}.{ext}"}, "publish_to: expected a placeholder such as {sku}: all products"),
        ({"max_pictures": -1}, "max_pictures: "),
        ({"on_bad_row": "ignore"}, "on_bad_row: "),
        ({"on_removed": "delete"}, "on_removed: "),
        ({"max_removed": 1.5}, "max_removed: "),
        ({"max_removed": True}, "max_removed: "),
        ({"force": 7}, "force: "),
        ({"force": ["cup", None]}, "force[1]: "),
        ({"dry_run": "perhaps"}, "dry_run: "),
        ({"prices": {"2K": -1, "currency": "CNY"}}, "prices: 2K: "),
        ({"columns": {"colour": "c"}}, "columns: "),
        ({"columns": {"article_no": "sku"}}, "columns: it is the other way round, {'sku': 'article_no'}"),
        ({"defaults": ["x"]}, "defaults"),
        (
            {"defaults": {"subject_cos_key": "/photos/cup.png"}},
            "defaults: subject_cos_key: all products would have one",
        ),
        ({"defaults": {"subject_url": "https://e.com/{look}.png"}}, "defaults: the picture of a product is the same"),
    ],
)
def test_a_slip_shows_when_the_dag_is_read(shop: Shop, change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        shop.operator(**change)
    assert str(caught.value).startswith(named)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_pictures", "many"),
        ("on_bad_row", "ignore"),
        ("dry_run", "perhaps"),
        ("max_removed", None),
        ("looks", "white"),
        ("looks", {"white": {"colour": "white"}}),
        ("manifest", 7),
        ("publish_to", "/shop/one.jpeg"),
        ("catalogue", "cos://Not-A-Bucket/shop"),
        ("manifest", "cos:///manifests/none.csv"),
        ("manifest", "/manifests/none.csv"),
        ("publish_to", "/catalogues/shop/runs/{sku}/{look}.{ext}"),
        ("publish_to", "/catalogues/shop/record/{sku}/{look}.{ext}"),
    ],
)
def test_what_a_template_rendered_to_is_checked(shop: Shop, name: str, value: Any) -> None:
    shop.write_manifest()
    operator = shop.operator()
    setattr(operator, name, value)
    with pytest.raises(InvalidArgumentError, match=name):
        operator.execute(make_context())
    assert RecordStore(shop.files, CATALOGUE).read().seq == 0


def test_templates_are_rendered_and_placeholders_are_left(shop: Shop) -> None:
    shop.write_manifest()
    operator = shop.operator(
        manifest="cos:///manifests/{{ params.shop }}.csv",
        looks={"beach": {"prompt": "a {{ params.place }} in {season}"}},
        catalogue="cos:///catalogues/{{ params.shop }}",
        publish_to="/{{ params.shop }}/{sku}/{look}.{ext}",
        max_pictures="{{ params.count }}",
        force="{{ params.force }}",
        dry_run="{{ params.dry }}",
    )
    params = {"shop": "shop", "place": "beach", "count": 3, "force": "cup-11", "dry": False}
    context = make_context() | {"params": params}
    operator.render_template_fields(context)
    output = operator.execute(context)
    lines = list(plan_lines(shop.lines(output["path"]), "x"))
    assert [(line["item"], line["why"]) for line in lines] == [
        ("cup-00/beach", "new"),
        ("cup-01/beach", "new"),
        ("cup-02/beach", "new"),
    ]
    assert lines[0]["request"]["prompt"] == "a beach in summer"
    assert lines[0]["publish_to"] == f"cos://{shop.service.bucket}/shop/cup-00/beach.jpeg"


def test_a_limit_that_renders_to_nothing_is_no_freedom_to_pay(shop: Shop) -> None:
    shop.write_manifest()
    for limit in ("{{ params.none }}", "{{ params.none | trim }}"):
        operator = shop.operator(max_pictures=limit)
        context = make_context() | {"params": {"none": None}}
        operator.render_template_fields(context)
        with pytest.raises(InvalidArgumentError, match="max_pictures"):
            operator.execute(context)
    operator = shop.operator(max_pictures=5)
    operator.max_pictures = None
    with pytest.raises(InvalidArgumentError, match="max_pictures"):
        operator.execute(make_context())


def test_the_error_of_a_shop_that_would_be_emptied_survives_pickling() -> None:
    error = TooManyRemovedError("cos:///shop.csv", 14, 24, 0.5)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_a_record_that_cannot_be_read_is_no_empty_one(shop: Shop) -> None:
    shop.plan()
    shop.put("/catalogues/shop/record/00000001.jsonl", "{")
    with pytest.raises(RecordUnreadableError, match="00000001"):
        shop.plan()


def test_a_refusal_of_cos_ends_the_task(shop: Shop) -> None:
    shop.service.add_fault(kind="error", action="HeadObject", code="AccessDenied", status=403)
    shop.service.add_fault(kind="error", action="GetBucket", code="AccessDenied", status=403)
    with pytest.raises(TencentCloudPermanentError):
        shop.plan()


def test_signed_addresses_are_told_to_nobody(shop: Shop, lines: Callable[[], str]) -> None:
    shop.rows = [
        {"sku": "cup", "subject_url": "http://127.0.0.1:9/cup.png?q-ak=AKID&q-signature=5ec4e7", "season": "x"}
    ]
    assert shop.plan() == []
    assert shop.counts["unreachable"] == 2
    said = lines() + json.dumps(shop.output) + json.dumps(shop.lines(shop.output["left_out"]))
    assert "5ec4e7" not in said
    assert "http://127.0.0.1:9/cup.png" in said
