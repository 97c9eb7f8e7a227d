"""What is left to do about a picture, from what is there: however often it is killed, the end is the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.publication.steps import (
    Headers,
    Job,
    Outcome,
    Place,
    Step,
    check_finals,
    events_of,
    finals_in_use,
    has_changed,
    headers_for,
    is_of_another,
    is_outdated,
    job_of,
    kept_place,
    same_content,
    step_for,
)
from airflow_provider_mps.catalogue.record.events import Event, ItemMade, ItemPlanned, ItemPublished, ItemUnpublished
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, Entry
from airflow_provider_mps.catalogue.record.state import NOTHING, Publication, Writer
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.cos_address import CosAddress
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.services.tencentcloud.objects import ObjectStat
from tests.catalogue.records import failed, made, published, task_of_run

BUCKET = "shop-1250000000"
OLD, NEW, PARTS = "a.b.c", "a.b.d", "0123456789abcdef.-.00112233445566aa"
RUN = Writer("shop", "monday", "publish")
PREVIOUS = CosAddress(None, None, "/previous")


def stat(content: str, key: str = "/shop/cup.jpeg", **fields: Any) -> ObjectStat:
    crc64 = fields.pop("crc64", hash(content) & 0xFFFF)
    return ObjectStat(key, len(content), f"etag-{content}", 0.0, crc64, **fields)


def job(item: str = "cup", **fields: Any) -> Job:
    final = Place(BUCKET, f"/shop/{item}.jpeg")
    given: dict[str, Any] = {"sku": item, "final": final, "kept": kept_place(final, PREVIOUS), "fingerprint": NEW}
    return Job(item, **{**given, "source": Place(BUCKET, f"/output/{item}.jpeg"), "region": "ap-guangzhou", **fields})


def known(*said: Event, run: Writer = RUN) -> CatalogueRecord:
    return CatalogueRecord().after([Entry(number, run, 100.0 + number, [event]) for number, event in enumerate(said)])


def line(**fields: Any) -> Any:
    output = {"bucket": BUCKET, "region": "ap-guangzhou", "path": "/output/cup.jpeg"}
    entry = {"TaskId": "task-1", "Status": "FINISH", "Outputs": [output]}
    given = {"item": "cup/white", "sku": "cup", "look": "white", "service": "mps", "action": "make", "why": "new"}
    given |= {"request": {}, "fingerprint": PARTS, "publish_to": f"cos://{BUCKET}/shop/cup.jpeg", "was": None}
    return {**given, "entry": entry, **fields}


def test_a_line_with_a_picture_is_something_to_publish() -> None:
    found = job_of(line(), PREVIOUS)
    assert found == Job(
        item="cup/white",
        sku="cup",
        final=Place(BUCKET, "/shop/cup.jpeg"),
        kept=Place(BUCKET, "/previous/shop/cup.jpeg"),
        fingerprint=PARTS,
        source=Place(BUCKET, "/output/cup.jpeg"),
        region="ap-guangzhou",
        task_id="task-1",
    )
    assert job_of(line(entry={"TaskId": None, "Error": {"Code": "1"}, "Outputs": []}), None) is None
    assert job_of(line(entry={"TaskId": "task-1", "Outputs": []}), None) is None


def test_a_line_of_a_product_that_is_gone_is_something_to_take_from_the_shop() -> None:
    found = job_of(line(action="unpublish", was=f"cos://{BUCKET}/shop/old.jpeg"), None)
    assert found == Job("cup/white", "cup", Place(BUCKET, "/shop/old.jpeg"), None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"publish_to": "cos:///shop/cup.jpeg"}, "publish_to of cup/white: expected cos://bucket/key"),
        ({"publish_to": f"cos://conn@{BUCKET}/shop/cup.jpeg"}, "publish_to of cup/white: expected cos://bucket/key"),
        ({"publish_to": f"cos://{BUCKET}/shop/../cup.jpeg"}, "without '.' or '..'"),
        ({"publish_to": f"cos://{BUCKET}/"}, "publish_to of cup/white"),
        ({"publish_to": f"cos://{BUCKET}/{'k' * 850}"}, "keep_previous: expected a COS object key of at most"),
        ({"entry": {"Outputs": [{"bucket": BUCKET}]}}, "entry of cup/white: its output has no bucket, region and path"),
        ({"entry": {"Outputs": ["cup.jpeg"]}}, "entry of cup/white"),
        ({"action": "unpublish", "was": "https://shop/cup.jpeg"}, "was of cup/white"),
    ],
)
def test_a_line_that_cannot_be_used(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        job_of(line(**fields), PREVIOUS)
    assert said in str(caught.value)


def test_two_pictures_with_one_final_key_are_refused() -> None:
    assert check_finals([job("cup"), job("bowl")], {}) == 2
    with pytest.raises(ArgumentError, match=r"cup and bowl would both be cos://shop-1250000000/shop/cup\.jpeg"):
        check_finals([job("cup"), job("bowl", final=Place(BUCKET, "/shop/cup.jpeg"))], {})
    with pytest.raises(ArgumentError, match="cup and cup would both be"):
        check_finals([job("cup"), job("cup")], {})
    with pytest.raises(ArgumentError, match="cup and bowl would both be"):
        check_finals([job("cup", kept=Place(BUCKET, "/shop/bowl.jpeg")), job("bowl")], {})
    # One that is taken from the shop is in nobody's way.
    assert check_finals([job("cup"), job("bowl", final=Place(BUCKET, "/shop/cup.jpeg"), source=None)], {}) == 2


def test_two_pictures_that_would_be_kept_under_one_key_are_refused() -> None:
    keep = CosAddress(None, BUCKET, "/previous")
    finals = [Place(BUCKET, "/shop/cup.jpeg"), Place("other-1250000000", "/shop/cup.jpeg")]
    jobs = [job(f"cup-{at}", final=final, kept=kept_place(final, keep)) for at, final in enumerate(finals)]
    with pytest.raises(ArgumentError, match=r"cup-0 and cup-1 would both be cos://shop-1250000000/previous/shop/cup"):
        check_finals(jobs, {})
    in_their_own = [job(f"cup-{at}", final=final, kept=kept_place(final, PREVIOUS)) for at, final in enumerate(finals)]
    assert check_finals(in_their_own, {}) == 2


@pytest.mark.parametrize(
    ("folder", "is_refused"),
    [
        (CosAddress(None, BUCKET, "/shop"), True),
        (CosAddress(None, None, "/shop/"), True),
        (CosAddress("conn", BUCKET, ""), True),
        (CosAddress(None, "other-1250000000", "/shop"), False),
        (CosAddress(None, BUCKET, "/sho"), False),
        (CosAddress(None, BUCKET, "/shop/cup.jpeg"), False),
    ],
)
def test_a_picture_in_a_folder_of_ours_is_refused(folder: CosAddress, is_refused: bool) -> None:
    if not is_refused:
        assert check_finals([job()], {"keep_previous": folder}) == 1
        return
    with pytest.raises(ArgumentError, match=r"publish_to: cos://.* of cup is in keep_previous, cos://"):
        check_finals([job()], {"keep_previous": folder})


def test_what_there_is_to_do() -> None:
    of = job()
    is_there = Publication(NEW, str(of.final), "etag-new", 3, 100.0)
    assert step_for(of, stat("new"), None, None, Headers()) is Step.COPY
    assert step_for(of, stat("new"), stat("old"), None, Headers()) is Step.COPY
    assert step_for(of, stat("new"), stat("new"), None, Headers()) is Step.NONE
    assert step_for(of, None, None, None, Headers()) is Step.GONE
    assert step_for(of, None, stat("new"), None, Headers()) is Step.GONE
    # What is published already does not need its source any more.
    assert step_for(of, None, stat("new"), is_there, Headers()) is Step.NONE
    assert step_for(of, None, stat("old"), is_there, Headers()) is Step.GONE
    assert step_for(of, None, None, is_there, Headers()) is Step.GONE


def test_headers_that_are_others_are_mended_and_only_where_they_are_asked_for() -> None:
    has = stat("new", content_type="image/png", cache_control="max-age=60")
    for wanted, step in (
        (Headers("image/png", "max-age=60"), Step.NONE),
        (Headers("image/png"), Step.NONE),
        (Headers("image/jpeg"), Step.MEND),
        (Headers(None, "max-age=300"), Step.MEND),
    ):
        assert step_for(job(), stat("new"), has, None, wanted) is step


def test_the_content_type_is_that_of_the_name() -> None:
    assert headers_for(job(), "no-cache") == ("image/jpeg", "no-cache")
    assert (
        headers_for(job(final=Place(BUCKET, "/shop/cup"), source=Place(BUCKET, "/o/cup.png")), None)[0] == "image/png"
    )
    assert headers_for(job(final=Place(BUCKET, "/shop/cup"), source=Place(BUCKET, "/o/cup")), None) == (None, None)


def test_contents_are_compared_by_crc64_or_else_by_etag() -> None:
    one = stat("abc", crc64=1)
    assert same_content(one, one._replace(etag="parts-2"))
    assert not same_content(one, one._replace(crc64=2))
    assert not same_content(one, one._replace(size=4))
    assert same_content(one, one._replace(crc64=None))
    assert not same_content(one, one._replace(crc64=None, etag="other"))


def test_a_picture_that_is_older_than_another_runs_is_left_out() -> None:
    run = task_of_run("monday", "publish")
    assert not is_outdated(job(), NOTHING, run)
    assert not is_outdated(job(), known(made("cup", NEW)).state("cup"), run)
    assert is_outdated(job(), known(made("cup", OLD)).state("cup"), run)
    # This run has made it, and its batch could not say so.
    mine = known(made("cup", OLD), ItemPlanned("cup", NEW)).state("cup")
    assert not is_outdated(job(), mine, run)
    assert is_outdated(job(), mine, task_of_run("tuesday", "publish"))
    # A published picture that gets another final key.
    assert not is_outdated(job(), known(made("cup", OLD), published("cup", NEW)).state("cup"), run)


def test_what_another_item_is_published_under_is_not_taken_from_the_shop() -> None:
    old = job("cup", source=None, final=Place(BUCKET, "/shop/cup.jpeg"))
    said = published("cup")
    assert not is_of_another(old, finals_in_use(known(said)), set())
    assert is_of_another(old, finals_in_use(known(said)), {old.final})
    assert is_of_another(old, finals_in_use(known(said, replace(said, item="mug"))), set())


def test_what_comes_on_record() -> None:
    of, there = job(), Outcome(stat("new"))
    said = ItemPublished("cup", NEW, str(of.final), "etag-new", 3)
    own = ItemMade("cup", NEW, of.picture, None)
    assert events_of(of, there, known(made("cup", NEW)).state("cup")) == [said]
    assert events_of(of, there, NOTHING) == [own, said]
    assert events_of(of, there, known(made("cup", NEW), said).state("cup")) == []
    gone = Outcome(error={"Code": PICTURE_GONE, "Message": "m", "RequestId": "r"})
    (event,) = events_of(of, gone, known(made("cup", NEW)).state("cup"))
    after = known(made("cup", NEW), event).state("cup")
    assert after.made is None
    assert after.failed is not None
    assert (after.failed.code, after.failed.fingerprint) == (PICTURE_GONE, NEW)
    assert events_of(of, gone, after) == []
    assert events_of(of, Outcome(error={"Code": "AccessDenied", "Message": "m", "RequestId": "r"}), NOTHING) == []
    off = job(source=None)
    assert events_of(off, Outcome(), known(published("cup")).state("cup")) == [ItemUnpublished("cup")]
    assert events_of(off, Outcome(), NOTHING) == []


def test_what_a_run_has_changed_in_whichever_try() -> None:
    of, there = job(), Outcome(stat("new"))
    said = ItemPublished("cup", NEW, str(of.final), "etag-new", 3)
    before = known(made("cup", NEW), said).state("cup")
    assert before.published is not None
    assert has_changed(of, there, NOTHING, None)
    assert has_changed(of, there, known(published("cup", OLD)).state("cup"), 50.0)
    assert not has_changed(of, there, before, None)
    assert not has_changed(of, there, before, before.published.at + 1)
    # The try before has published it, and was killed before it could tell.
    assert has_changed(of, there, before, before.published.at - 1)
    assert not has_changed(of, Outcome(error=failed_outcome()), NOTHING, None)


def failed_outcome() -> dict[str, str]:
    event = failed("cup")
    return {"Code": event.code, "Message": event.message, "RequestId": event.request_id}


class Bucket:
    """What is under the keys of one picture, and what dies while it is published."""

    def __init__(self, final: str | None) -> None:
        self.objects: dict[str, str | None] = {"source": None, "final": final, "kept": None}
        self.finals: list[str | None] = [final]

    def publish(self, steps: int) -> bool:
        """Do what is left, at most so many steps; return whether all is done."""
        source, final = self.objects["source"], self.objects["final"]
        step = step_for(job(), source and stat(source), final and stat(final), None, Headers())  # type: ignore[arg-type]
        todo = [("kept", final), ("final", source)] if step is Step.COPY else []
        if final is None:
            todo = todo[1:]
        for to, content in todo[:steps]:
            self.objects[to] = content
            if to == "final":
                self.finals.append(content)
        return steps > len(todo)


@given(
    st.sampled_from([None, "picture 0"]),
    st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 2), max_size=4)), min_size=1, max_size=5),
)
def test_however_often_it_is_killed_the_end_is_the_same(
    first: str | None, nights: list[tuple[bool, list[int]]]
) -> None:
    bucket, before, kept = Bucket(first), first, None
    for night, (is_new, deaths) in enumerate(nights, 1):
        current = f"picture {night}" if is_new or before is None else before
        bucket.objects["source"] = current
        for steps in deaths:
            bucket.publish(steps)
            assert bucket.objects["final"] in (before, current)
        assert bucket.publish(9)
        if current != before and before is not None:
            kept = before
        before = current
        assert bucket.objects == {"source": current, "final": current, "kept": kept}
    # Each picture went to the shop once.
    assert len(bucket.finals) == len(set(bucket.finals))
