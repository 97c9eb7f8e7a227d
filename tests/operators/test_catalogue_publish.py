"""Publishing through the real SDK: under each final key is the picture before or the new one, and it is on record."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    Asset,
    AssetAlias,
    BaseOperator,
)

from airflow_provider_mps.catalogue.errors import PublicationFailedError, PublicationRefusedError, RecordUnreadableError
from airflow_provider_mps.compat import HAS_PARTITIONS
from airflow_provider_mps.core import calls
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.failures import short_line
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.catalogue import CataloguePublishOperator
from airflow_provider_mps.storage.failing import MAX_ERRORS
from airflow_provider_mps.storage.lines import write_lines
from tests.task_context import AIRFLOW_2, AIRFLOW_3_0, make_context

from .publishing import Shop, counts, picture

COPY, HEAD, DELETE = "CopyObject", "HeadObject", "DeleteObject"


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", lambda state: 0)


@pytest.fixture
def shop(service: LocalService, conn_id: str) -> Shop:
    return Shop(service)


def stat(shop: Shop, key: str) -> Any:
    return CosHook().stat_object(key, shop.service.bucket)


def _asked_about_pictures(shop: Shop, made: dict[str, Any], **given: Any) -> int:
    """Publish; return how many requests that took, but for those about the record and the files of the run."""
    journal = shop.service.backend.journal
    begin = len(journal.records())
    shop.publish(made, **given)
    asked = [one for one in journal.records()[begin:] if one.action != "GetBucket"]
    return sum(not one.body["key"].startswith("catalogues/") for one in asked)


@pytest.mark.parametrize(
    ("before", "version", "keeps", "requests"), [((), 1, True, 6), ((1,), 2, True, 8), ((1,), 1, False, 2)]
)
def test_what_a_picture_costs_in_requests(
    shop: Shop, before: tuple[int, ...], version: int, keeps: bool, requests: int
) -> None:
    items = [f"{name}/white" for name in ("cup", "bowl", "jug")]
    kept = {"keep_previous": "/previous/"} if keeps else {}
    for earlier in before:
        shop.publish(shop.make(shop.line(item, earlier) for item in items), **kept)
    made = shop.make(shop.line(item, version) for item in items)
    assert _asked_about_pictures(shop, made, **kept) == requests * len(items)


@pytest.mark.parametrize(("versions", "requests"), [((1,), 4), ((1, 2), 3)])
def test_what_a_picture_costs_that_is_there_already(shop: Shop, versions: tuple[int, ...], requests: int) -> None:
    for version in versions:
        shop.publish(shop.make([shop.line("cup/white", version)]), keep_previous="/previous/")
    made = shop.make([shop.line("cup/white", versions[-1])])
    assert _asked_about_pictures(shop, made, keep_previous="/previous/") == requests


def test_pictures_are_published_and_on_record(shop: Shop, lines: Callable[[], str]) -> None:
    made = shop.make([shop.line("cup/white"), shop.line("碗/白")])
    output = shop.publish(made, cache_control="max-age=300", keep_previous="/previous/")
    assert output == {"path": output["path"], "catalogue": shop.catalogue, "counts": counts(published=2)}
    assert output["path"].startswith(f"{shop.catalogue}/runs/run-")
    for item in ("cup/white", "碗/白"):
        assert shop.get(shop.final(item)) == picture(item, 1)
        found = stat(shop, shop.final(item))
        assert (found.content_type, found.cache_control) == ("image/jpeg", "max-age=300")
        state = shop.record().state(item)
        assert state.published is not None
        assert (state.published.final, state.published.etag) == (
            f"cos://{shop.service.bucket}{shop.final(item)}",
            found.etag,
        )
        assert shop.published(output)[item] == {
            "final": f"cos://{shop.service.bucket}{shop.final(item)}",
            "kept": None,
            "size": found.size,
            "crc64": found.crc64,
            "changed": True,
        }
    assert "Of 2 items: 2 published" in lines()


def test_what_is_there_already_is_not_copied_again_nor_put_on_record(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white"), shop.line("cup/wood")])
    shop.publish(made, keep_previous="/previous/")
    copies, seq = len(shop.service.calls(COPY)), shop.record().seq
    later = make_context(task_id="publish", run_began=datetime(2100, 1, 1, tzinfo=UTC))
    output = shop.publish(made, later, keep_previous="/previous/")
    assert output["counts"] == counts(unchanged=2)
    assert (len(shop.service.calls(COPY)), shop.record().seq) == (copies, seq)
    assert shop.get("/previous/shop/cup/white.jpeg") is None


def test_the_picture_before_is_kept_for_one_run(shop: Shop) -> None:
    for version in (1, 2, 3):
        output = shop.publish(shop.make([shop.line("cup/white", version)]), keep_previous="/previous/")
        # A retry keeps the picture before, and not the new one.
        shop.publish(shop.make([shop.line("cup/white", version)]), keep_previous="/previous/")
        assert shop.get(shop.final("cup/white")) == picture("cup/white", version)
        kept = shop.get("/previous/shop/cup/white.jpeg")
        assert kept == (picture("cup/white", version - 1) if version > 1 else None)
    where = f"cos://{shop.service.bucket}/previous/shop/cup/white.jpeg"
    assert shop.published(output)["cup/white"]["kept"] == where


def test_what_it_asks_of_cos_for_each_picture(shop: Shop) -> None:
    asked = (HEAD, "HeadBucket", COPY, DELETE)

    def requests(version: int) -> int:
        items = [f"cup-{number}/white" for number in range(20)]
        made = shop.make([shop.line(item, version) for item in items])
        before = sum(len(shop.service.calls(action)) for action in asked)
        shop.publish(made, keep_previous="/previous")
        return (sum(len(shop.service.calls(action)) for action in asked) - before) // len(items)

    # New, in the place of another, and there already.
    assert [requests(version) for version in (1, 2, 2)] == [6, 8, 3]


def test_what_is_kept_may_be_in_another_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalService(task_seconds=0.2, rate_limit=0, buckets=("shop-1250000000", "old-1250000000")) as service:
        monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(service.connection()))
        shop = Shop(service)
        for version in (1, 2):
            shop.publish(shop.make([shop.line("cup/white", version)]), keep_previous="cos://old-1250000000/")
        assert service.get_object("old-1250000000", "/shop/cup/white.jpeg") == picture("cup/white", 1)


def test_a_new_picture_that_another_has_published_meanwhile_is_not_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, bucket = "cup/white", shop.service.bucket
    shop.publish(shop.make([shop.line(item)]), keep_previous="/previous")
    made = shop.make([shop.line(item, 2)])
    look, lost = CosHook.stat_object, list[str]()

    def look_and_lose(self: CosHook, key: str, bucket_: str | None = None) -> Any:
        found = look(self, key, bucket_)
        if key == shop.final(item) and not lost:
            lost.append(key)
            shop.service.put_object(bucket, f"/previous{key}", picture(item, 1))
            shop.service.put_object(bucket, key, picture(item, 2))
        return found

    monkeypatch.setattr(CosHook, "stat_object", look_and_lose)
    assert shop.publish(made, keep_previous="/previous")["counts"] == counts(published=1)
    assert shop.get(f"/previous{shop.final(item)}") == picture(item, 1)
    assert shop.get(shop.final(item)) == picture(item, 2)


def test_headers_are_mended_without_touching_what_is_kept(shop: Shop) -> None:
    for version in (1, 2):
        made = shop.make([shop.line("cup/white", version)])
        shop.publish(made, keep_previous="/previous/")
    output = shop.publish(made, keep_previous="/previous/", cache_control="no-cache")
    assert stat(shop, shop.final("cup/white")).cache_control == "no-cache"
    assert shop.get("/previous/shop/cup/white.jpeg") == picture("cup/white", 1)
    assert shop.published(output)["cup/white"]["kept"] is not None


def test_a_picture_without_entry_is_left_out(shop: Shop) -> None:
    error = {"Code": "70000 InternalError", "Message": "m", "RequestId": ""}
    entry = {"TaskId": "task-1", "Status": None, "Outputs": [], "Error": error}
    output = shop.publish(shop.make([shop.line("cup/white"), shop.line("bowl/white", entry=entry)]))
    assert output["counts"] == counts(published=1, without_picture=1)
    assert shop.published(output)["bowl/white"] is None


def test_a_picture_that_is_gone_fails_and_the_others_are_published(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white"), shop.line("bowl/white")])
    CosHook().delete_object("/output/bowl/white-1.jpeg", shop.service.bucket)
    context = make_context(task_id="publish")
    with pytest.raises(PublicationRefusedError) as caught:
        shop.publish(made, context)
    error = caught.value
    assert isinstance(error, AirflowFailException)
    assert str(error).startswith("1 of 2 pictures not published (max_failed=0): PictureGone: bowl/white: cos://")
    assert str(short_line(error, "shop")).startswith("1 of 2 not published, max_failed=0 (shop): PictureGone: bowl")
    output = context["ti"].xcoms["return_value"]
    assert output["counts"] == counts(published=1, failed=1)
    assert shop.published(output)["bowl/white"]["error"]["Code"] == PICTURE_GONE
    assert shop.get(shop.final("cup/white")) == picture("cup/white", 1)
    state = shop.record().state("bowl/white")
    assert state.made is None
    assert state.failed is not None
    assert (state.failed.code, state.failed.is_final) == (PICTURE_GONE, False)
    # With max_failed the task goes on, and says no more on record than it has.
    seq = shop.record().seq
    assert shop.publish(made, max_failed="1")["counts"]["failed"] == 1
    assert shop.record().seq == seq


def test_what_is_published_needs_its_source_no_more(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white")])
    shop.publish(made)
    CosHook().delete_object("/output/cup/white-1.jpeg", shop.service.bucket)
    later = make_context(task_id="publish", run_began=datetime(2100, 1, 1, tzinfo=UTC))
    assert shop.publish(made, later)["counts"] == counts(unchanged=1)


def test_a_picture_that_cos_refuses_fails_and_a_retry_publishes_it(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white"), shop.line("bowl/white")])
    shop.service.add_fault(kind="error", action=COPY, code="InternalError", status=500, times=calls.ATTEMPTS)
    with pytest.raises(PublicationFailedError) as caught:
        shop.publish(made, max_workers=1)
    assert not isinstance(caught.value, AirflowFailException)
    assert "InternalError: cup/white" in str(caught.value)
    assert set(shop.record().items) == {"cup/white", "bowl/white"}
    assert shop.record().state("cup/white").published is None
    assert shop.record().state("bowl/white").published is not None
    assert shop.publish(made)["counts"] == counts(published=2)


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [
        (
            COPY,
            403,
            "AccessDenied: COS CopyObject: Grant the account this action on the bucket in CAM: cup/white and 1 more",
        ),
        (
            "HeadObject",
            403,
            "AccessDenied: COS HeadObject: Grant the account this action on the bucket in CAM: cup/white",
        ),
    ],
)
def test_what_cos_refuses_says_what_is_to_be_granted_and_is_not_retried(
    action: str, status: int, said: str, shop: Shop
) -> None:
    made = shop.make([shop.line("cup/white"), shop.line("bowl/white")])
    shop.service.add_fault(kind="error", action=action, code="AccessDenied", status=status)
    with pytest.raises(PublicationRefusedError) as caught:
        shop.publish(made)
    assert said in str(caught.value)
    assert ". Nothing was published; a retry would publish no more. " in str(caught.value)
    assert f"(shop): {said[:60]}" in str(short_line(caught.value, "shop"))
    # What was made stays known, and is published once that is granted.
    shop.service.clear_faults()
    assert shop.publish(made)["counts"] == counts(published=2)


def test_a_plan_is_no_file_of_pictures(shop: Shop) -> None:
    line = {name: value for name, value in shop.line("cup/white").items() if name != "entry"}
    path = f"{shop.catalogue}/runs/run/plan-1.jsonl"
    write_lines(shop.files, path, [line])
    with pytest.raises(InvalidArgumentError) as caught:
        shop.publish({"path": path, "catalogue": shop.catalogue})
    assert str(caught.value) == (
        "pictures: plan-1.jsonl, line 1: it has no entry, so this is a plan: give what the batch returns "
        "that makes its pictures"
    )
    assert shop.service.calls(COPY) == []


def test_when_cos_answers_nobody_it_is_not_asked_for_all(shop: Shop) -> None:
    made = shop.make([shop.line(f"cup-{number}/white") for number in range(60)])
    shop.service.add_fault(kind="error", action=COPY, code="AccessDenied", status=403, after=5)
    with pytest.raises(TencentCloudPermanentError, match="AccessDenied"):
        shop.publish(made, max_workers=2)
    assert len(shop.service.calls(COPY)) < 5 + MAX_ERRORS + 5
    # What was published before that is on record.
    published = [item for item, state in shop.record().items.items() if state.published is not None]
    assert len(published) == 5


def test_two_pictures_with_one_final_key_are_refused_before_anything_is_copied(shop: Shop) -> None:
    one = shop.make([shop.line("cup/white")])
    other = shop.make([shop.line("bowl/white", publish_to=f"cos://{shop.service.bucket}/shop/cup/white.jpeg")])
    with pytest.raises(InvalidArgumentError, match="cup/white and bowl/white would both be"):
        shop.publish([one, other])
    assert shop.service.calls(COPY) == []


@pytest.mark.parametrize("folder", ["/", "cos:///", "cos://mps-local-1250000000/", "/shop"])
def test_pictures_are_not_kept_where_others_are_published(shop: Shop, folder: str) -> None:
    with pytest.raises(InvalidArgumentError, match="publish_to: "):
        shop.publish(shop.make([shop.line("cup/white")]), keep_previous=folder)
    assert shop.service.calls(COPY) == []


@pytest.mark.parametrize(
    ("final", "what"),
    [
        ("/catalogues/shop/record/00000001.jsonl", "the folder record of the catalogue"),
        ("/catalogues/shop/runs/cup.jpeg", "the folder runs of the catalogue"),
        ("/previous/cup.jpeg", "keep_previous"),
    ],
)
def test_a_picture_in_a_folder_of_the_catalogue_is_refused(shop: Shop, final: str, what: str) -> None:
    made = shop.make([shop.line("cup/white", publish_to=f"cos://{shop.service.bucket}{final}")])
    with pytest.raises(InvalidArgumentError, match=f"of cup/white is in {what}"):
        shop.publish(made, keep_previous="/previous")
    assert shop.service.calls(COPY) == []


def unpublish(shop: Shop, item: str) -> dict[str, Any]:
    line = shop.line(item, action="unpublish", why="removed", was=f"cos://{shop.service.bucket}{shop.final(item)}")
    return {name: line[name] for name in ("item", "sku", "look", "service", "action", "why", "was")}


def test_what_is_gone_from_the_manifest_is_taken_from_the_shop(shop: Shop) -> None:
    shop.publish(shop.make([shop.line("cup/white"), shop.line("bowl/white")]))
    gone = shop.make([unpublish(shop, "cup/white")])
    output = shop.publish(gone, keep_previous="/previous")
    assert output["counts"] == counts(unpublished=1)
    assert shop.get(shop.final("cup/white")) is None
    assert shop.get("/previous/shop/cup/white.jpeg") == picture("cup/white", 1)
    state = shop.record().state("cup/white")
    assert state.published is None
    assert state.made is not None
    # A retry has nothing left to do.
    deleted = len(shop.service.calls(DELETE))
    assert shop.publish(gone, keep_previous="/previous")["counts"] == counts(unpublished=1)
    assert len(shop.service.calls(DELETE)) == deleted


def test_what_another_product_is_published_under_stays(shop: Shop, lines: Callable[[], str]) -> None:
    shop.publish(shop.make([shop.line("cup/white")]))
    renamed = shop.line("mug/white", publish_to=f"cos://{shop.service.bucket}{shop.final('cup/white')}")
    made = shop.make([unpublish(shop, "cup/white"), renamed])
    for _ in range(2):
        assert shop.publish(made)["counts"] == counts(published=1, unpublished=1)
        assert shop.get(shop.final("cup/white")) == picture("mug/white", 1)
    assert shop.record().state("cup/white").published is None
    assert "another item is published there by now" in lines()


def test_what_another_run_has_published_elsewhere_since_is_left(shop: Shop, lines: Callable[[], str]) -> None:
    shop.publish(shop.make([shop.line("cup/white", publish_to=f"cos://{shop.service.bucket}/new/cup.jpeg")]))
    assert shop.publish(shop.make([unpublish(shop, "cup/white")]))["counts"] == counts(left=1)
    assert shop.record().state("cup/white").published is not None
    assert "another run has published it elsewhere" in lines()


def test_what_was_published_under_another_key_stays_with_a_warning(shop: Shop, lines: Callable[[], str]) -> None:
    shop.publish(shop.make([shop.line("cup/white")]))
    was, to = f"cos://{shop.service.bucket}{shop.final('cup/white')}", f"cos://{shop.service.bucket}/new/cup.jpeg"
    shop.publish(shop.make([shop.line("cup/white", 2, was=was, publish_to=to)]))
    assert shop.get(shop.final("cup/white")) == picture("cup/white", 1)
    assert shop.get("/new/cup.jpeg") == picture("cup/white", 2)
    assert (
        f"1 picture is published under another key than before; what is under the old one stays there, such as {was}"
        in (lines())
    )


def test_an_older_run_does_not_undo_what_a_newer_one_has_published(shop: Shop, lines: Callable[[], str]) -> None:
    old = shop.make([shop.line("cup/white", 1)], "monday")
    new = shop.make([shop.line("cup/white", 2)], "tuesday")
    shop.publish(new)
    output = shop.publish(old)
    assert output["counts"] == counts(left=1)
    assert shop.get(shop.final("cup/white")) == picture("cup/white", 2)
    assert "another run has made a newer picture of it" in lines()


def test_pictures_that_no_batch_put_on_record_are_put_there(shop: Shop) -> None:
    shop.publish(shop.make([shop.line("cup/white")], records=False))
    state = shop.record().state("cup/white")
    assert state.made is not None
    assert state.published is not None
    assert (state.made.path, state.made.task_id) == ("/output/cup/white-1.jpeg", "task-cup/white")


def test_a_catalogue_on_the_disk_and_files_by_their_address(
    service: LocalService, conn_id: str, tmp_path: Path
) -> None:
    shop = Shop(service, str(tmp_path / "shop"))
    made = shop.make([shop.line("cup/white")])
    with pytest.raises(InvalidArgumentError, match="pictures: expected pictures of one catalogue, or the argument"):
        shop.publish(made["path"])
    output = shop.publish([None, made["path"], ""], catalogue=shop.catalogue)
    assert output["counts"] == counts(published=1)
    assert Path(output["path"]).parent.parent == tmp_path / "shop" / "runs"
    assert shop.record().seq == 3


def test_pictures_of_two_catalogues_are_refused(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white")])
    with pytest.raises(InvalidArgumentError, match="these are pictures of 2 catalogues"):
        shop.publish([made, {**made, "catalogue": "cos:///other"}])


def test_nothing_to_publish(shop: Shop) -> None:
    with pytest.raises(AirflowSkipException):
        shop.publish([None, ""])
    assert shop.publish(shop.make([]))["counts"] == counts()


def test_a_record_that_cannot_be_read_publishes_nothing(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white")])
    shop.service.put_object(shop.service.bucket, "/catalogues/shop/record/00000001.jsonl", b"{}\n")
    with pytest.raises(RecordUnreadableError, match=r"record/00000001\.jsonl"):
        shop.publish(made)
    assert shop.service.calls(COPY) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"keep_previous": "s3://bucket/previous"}, "keep_previous: expected a COS folder"),
        ({"keep_previous": "/a/../b"}, "keep_previous: expected a COS object key without"),
        ({"keep_previous": "cos://conn@shop-1250000000/p"}, "keep_previous: expected a COS folder"),
        ({"cache_control": "max-age\n=1"}, "cache_control: expected a text of printable ASCII"),
        ({"max_failed": -1}, "max_failed: expected a whole number of at least 0"),
        ({"max_workers": 64}, "max_workers: expected a whole number from 1 to 32"),
        ({"catalogue": "https://shop/catalogue"}, "catalogue: expected a folder"),
        ({"cos_region": "Guangzhou"}, "cos_region: expected a region"),
        ({"partitions": "perhaps"}, "partitions: expected true or false"),
        ({}, r"the argument catalogue \(these are addresses alone\)"),
        ({"catalogue": "catalogues/shop"}, "catalogue: expected a whole address"),
        (
            {"pictures": {"path": "/p.jsonl", "catalogue": "cos:///shop/"}, "catalogue": "cos://b-1/shopp"},
            "catalogue: expected that of the pictures, 'cos:///shop/', which needs not be given",
        ),
        ({"pictures": None}, "pictures: expected what a task of the catalogue returned"),
        ({"pictures": {"counts": {}}}, "pictures: expected what a task of the catalogue returned"),
        ({"pictures": BaseOperator(task_id="make")}, "pictures: give what task 'make' returns, task.output, and not"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused_when_the_dag_is_read(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CataloguePublishOperator(**{"task_id": "publish", "pictures": "cos:///pictures.jsonl", **given})


def test_a_file_that_is_not_there_or_none_of_pictures(shop: Shop) -> None:
    with pytest.raises((FileNotFoundError, TencentCloudError)):
        shop.publish("cos:///nothing.jsonl", catalogue=shop.catalogue)
    made = shop.make([])
    shop.service.put_object(shop.service.bucket, made["path"].partition(shop.service.bucket)[2], b'{"item":"cup"}\n')
    with pytest.raises(InvalidArgumentError, match="line 1: sku is no text"):
        shop.publish(made)


class Told:
    """``context["outlet_events"]``, as far as the operator looks at it."""

    def __init__(self) -> None:
        self.events: dict[Any, SimpleNamespace] = {}

    def __getitem__(self, outlet: Any) -> SimpleNamespace:
        added: list[Any] = []
        made = SimpleNamespace(
            extra={}, added=added, add=lambda asset, extra: added.append((asset, extra)), partitions=[]
        )
        made.add_partitions = made.partitions.extend
        return self.events.setdefault(outlet.name if isinstance(outlet, AssetAlias) else outlet.uri, made)


def test_an_alias_is_told_of_what_has_changed_and_an_asset_in_any_case(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white"), shop.line("cup/wood"), shop.line("bowl/white")])
    for began, has_changed in ((None, True), (datetime(2100, 1, 1, tzinfo=UTC), False)):
        context, told = make_context(task_id="publish", run_began=began), Told()
        context["outlet_events"] = told
        outlets = [AssetAlias("shop"), Asset("cos://shop-1250000000/shop")]
        output = shop.publish(made, context, outlets=outlets)
        skus = ["cup", "bowl"] if has_changed else []
        extra = {"path": output["path"], "skus": skus, **output["counts"]}
        asset = told.events["cos://shop-1250000000/shop"]
        assert (asset.extra, asset.partitions) == (extra, [])
        if has_changed:
            given = tuple(skus) if AIRFLOW_2 else json.dumps(skus) if AIRFLOW_3_0 else skus
            assert told.events["shop"].added == [(Asset(shop.catalogue), {**extra, "skus": given})]
        else:
            assert "shop" not in told.events


@pytest.mark.skipif(not HAS_PARTITIONS, reason="Airflow has partitions from 3.3 on")
def test_an_asset_has_a_partition_for_each_product_that_has_changed(shop: Shop, lines: Callable[[], str]) -> None:
    long = "s" * 251
    made = shop.make([shop.line("cup/white"), shop.line("cup/wood"), shop.line(f"{long}/w", publish_to="cos://x-1/s")])
    context, told = make_context(task_id="publish"), Told()
    context["outlet_events"] = told
    with pytest.raises(PublicationFailedError):
        shop.publish(made, context, outlets=[Asset("cos://shop-1250000000/shop")], partitions=True)
    shop.publish(made, context, outlets=[Asset("cos://shop-1250000000/shop")], partitions=True, max_failed=1)
    assert told.events["cos://shop-1250000000/shop"].partitions == ["cup"]


@pytest.mark.skipif(HAS_PARTITIONS, reason="Airflow has partitions from 3.3 on")
def test_partitions_need_a_newer_airflow() -> None:
    with pytest.raises(ValueError, match=r"partitions: needs Airflow 3\.3"):
        CataloguePublishOperator(task_id="publish", pictures="cos:///pictures.jsonl", partitions=True)
