"""What a run does, whatever is known of a catalogue, and in whatever order it came to be known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.lines import plan_lines
from airflow_provider_mps.catalogue.plan.fingerprints import Parts
from airflow_provider_mps.catalogue.plan.planning import Limits, Plan, WantedItem, forced, plan
from airflow_provider_mps.catalogue.plan.sources import CosSource
from airflow_provider_mps.catalogue.plan.verdicts import RESERVED_SECONDS, Present
from airflow_provider_mps.catalogue.record.events import (
    Event,
    ItemFailed,
    ItemMade,
    ItemPlanned,
    ItemPublished,
    ItemReleased,
    ItemUnpublished,
    ItemWaiting,
)
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, Entry
from airflow_provider_mps.catalogue.record.state import Writer
from airflow_provider_mps.core.airflow_task import TaskKey

NOW = 1_796_000_000.0
BUCKET, REGION = "shop-1250000000", "ap-guangzhou"
RUN = TaskKey("dag", "plan", "tonight", -1)
OTHER = TaskKey("dag", "plan", "yesterday", -1)
ITEMS = [f"cup-{number}/{look}" for number in range(3) for look in ("white", "beach")]
FINGERPRINTS = [f"{s * 16}.{b}.{r * 16}" for s in "ab" for b in ("-", "c" * 16, "d" * 16) for r in "ef"]


def final_of(item: str) -> str:
    return f"cos://{BUCKET}/shop/{item}.jpeg"


def made_place(item: str, fingerprint: str) -> CosSource:
    return CosSource(BUCKET, REGION, f"/made/{item}/{fingerprint}.jpeg")


def made(item: str, fingerprint: str) -> ItemMade:
    place = made_place(item, fingerprint)
    picture = {"bucket": place.bucket, "region": place.region, "path": place.key}
    return ItemMade(item, fingerprint, picture, f"task-{item}")


def failed(item: str, fingerprint: str, *, is_final: bool = False) -> ItemFailed:
    return ItemFailed(item, fingerprint, "InvalidParameter", "no product seen", "r-1", None, is_final)


def published(item: str, fingerprint: str, final: str | None = None) -> ItemPublished:
    return ItemPublished(item, fingerprint, final or final_of(item), "etag", 9)


def parts(fingerprint: str) -> Parts:
    subject, background, rest = fingerprint.split(".")
    return Parts(subject, background, rest)


def wanted(item: str, fingerprint: str, publish_to: str | None = None) -> WantedItem:
    sku, _, look = item.rpartition("/")
    request = {"subject_cos_key": f"/{sku}.png", "prompt": "x"}
    return WantedItem(item, sku, look, "mps", request, publish_to or final_of(item), parts(fingerprint))


def record_of(*entries: tuple[TaskKey, float, list[Event]]) -> CatalogueRecord:
    return CatalogueRecord().after(
        Entry(number, Writer(run.dag_id, run.run_id, run.task_id), at, events)
        for number, (run, at, events) in enumerate(entries, start=1)
    )


class Shop:
    """The objects that are there."""

    def __init__(self, *gone: CosSource) -> None:
        self.gone = set(gone)
        self.asked = 0

    def plan(
        self,
        items: list[WantedItem],
        record: CatalogueRecord,
        limits: Limits | None = None,
        run: TaskKey = RUN,
        now: float = NOW,
    ) -> Plan:
        tags: dict[CosSource, str | None] = {}
        while True:
            present = Present(tags, REGION, set())
            found = plan(items, record, limits or Limits(), present=present, run=run, now=now)
            if not present.missing:
                return found
            assert not present.missing & set(tags)
            self.asked += len(present.missing)
            tags |= {place: None if place in self.gone else "tag" for place in present.missing}


def told(found: Plan) -> dict[str, tuple[str, str]]:
    return {line["item"]: (line["action"], line["why"]) for line in found.lines}


A, B, C = FINGERPRINTS[:3]
ITEM = ITEMS[0]
FINAL_GONE = Present({}, REGION, set()).final(final_of(ITEM))
MADE_GONE = made_place(ITEM, A)
AGO = NOW - 86_400


@pytest.mark.parametrize(
    ("events", "gone", "expected"),
    [
        ([], (), ("make", "new")),
        ([ItemPlanned(ITEM, A)], (), None),
        ([ItemWaiting(ITEM)], (), ("make", "new")),
        ([made(ITEM, A)], (), ("publish", "made before, not published")),
        ([made(ITEM, A)], (MADE_GONE,), ("make", "published picture is gone")),
        ([made(ITEM, A), published(ITEM, A)], (), None),
        ([made(ITEM, A), published(ITEM, A)], (MADE_GONE,), None),
        ([made(ITEM, A), published(ITEM, A)], (FINAL_GONE,), ("publish", "published picture is gone")),
        ([made(ITEM, A), published(ITEM, A)], (FINAL_GONE, MADE_GONE), ("make", "published picture is gone")),
        ([made(ITEM, A), published(ITEM, A, "cos://old-1250000000/a")], (), ("publish", "made before, not published")),
        ([made(ITEM, A), published(ITEM, A), ItemUnpublished(ITEM)], (), ("publish", "made before, not published")),
        # The one that is published is from before, and the new one was never published.
        ([made(ITEM, B), published(ITEM, B), made(ITEM, A)], (), ("publish", "made before, not published")),
        # The product has its old picture again.
        ([made(ITEM, A), published(ITEM, A), made(ITEM, B)], (), None),
        ([failed(ITEM, A)], (), ("make", "failed last time")),
        ([failed(ITEM, A, is_final=True)], (), None),
        ([failed(ITEM, B, is_final=True)], (), ("make", "request changed")),
        ([made(ITEM, B), published(ITEM, B), failed(ITEM, A)], (), ("make", "failed last time")),
        ([ItemPlanned(ITEM, A), ItemReleased(ITEM)], (), ("make", "new")),
    ],
)
def test_what_is_known_of_an_item_says_what_to_do(
    events: list[Event], gone: tuple[CosSource, ...], expected: tuple[str, str] | None
) -> None:
    record = record_of(*((OTHER, NOW - 60 + index, [event]) for index, event in enumerate(events)))
    found = Shop(*gone).plan([wanted(ITEM, A)], record)
    assert told(found).get(ITEM) == expected


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (f"{'b' * 16}.{'c' * 16}.{'e' * 16}", "subject changed"),
        (f"{'a' * 16}.{'d' * 16}.{'e' * 16}", "background changed"),
        (f"{'a' * 16}.-.{'e' * 16}", "background changed"),
        (f"{'a' * 16}.{'c' * 16}.{'f' * 16}", "request changed"),
        (f"{'b' * 16}.{'d' * 16}.{'f' * 16}", "subject changed"),
        (f"{'a' * 16}.{'d' * 16}.{'f' * 16}", "background changed"),
    ],
)
def test_the_first_part_that_changed_is_the_reason(before: str, why: str) -> None:
    record = record_of((OTHER, AGO, [made(ITEM, before), published(ITEM, before)]))
    found = Shop().plan([wanted(ITEM, f"{'a' * 16}.{'c' * 16}.{'e' * 16}")], record)
    assert told(found) == {ITEM: ("make", why)}
    assert found.lines[0]["was"] == final_of(ITEM)


def test_what_was_made_before_is_published_from_where_it_was_made() -> None:
    record = record_of((OTHER, AGO, [made(ITEM, A)]))
    (line,) = Shop().plan([wanted(ITEM, A)], record, Limits(max_pictures=0)).lines
    place = made_place(ITEM, A)
    assert line["entry"]["Outputs"] == [
        {
            "bucket": BUCKET,
            "region": REGION,
            "path": place.key,
            "cos_uri": f"cos://{BUCKET}{place.key}",
            "url": f"https://{BUCKET}.cos.{REGION}.myqcloud.com{place.key}",
        }
    ]
    assert (line["entry"]["TaskId"], line["was"]) == (f"task-{ITEM}", None)


def test_a_new_name_costs_nothing_even_where_the_picture_that_was_made_is_cleared_away() -> None:
    record = record_of((OTHER, AGO, [made(ITEM, A), published(ITEM, A)]))
    (line,) = Shop(MADE_GONE).plan([wanted(ITEM, A, f"cos://{BUCKET}/new/a.jpeg")], record).lines
    assert (line["action"], line["was"]) == ("publish", final_of(ITEM))
    assert line["entry"]["Outputs"][0]["cos_uri"] == final_of(ITEM)


def test_a_reservation_ends_before_the_run_of_the_next_night() -> None:
    for age, action in ((RESERVED_SECONDS - 1, None), (RESERVED_SECONDS, ("make", "new"))):
        record = record_of((OTHER, NOW - age, [ItemPlanned(ITEM, A)]))
        found = Shop().plan([wanted(ITEM, A)], record)
        assert told(found).get(ITEM) == action
        assert found.counts["in_another_run"] == (action is None)


def test_an_address_at_which_nobody_answers_counts_as_unchanged() -> None:
    record = record_of((OTHER, AGO, [made(ITEM, A), published(ITEM, A)]))
    same = wanted(ITEM, A)
    known = same.parts._replace(subject=None)
    assert told(Shop().plan([same._replace(parts=known)], record)) == {}
    changed = known._replace(rest="0" * 16)
    (line,) = Shop().plan([same._replace(parts=changed)], record).lines
    assert (line["why"], line["fingerprint"]) == ("request changed", A.rpartition(".")[0] + "." + "0" * 16)
    found = Shop().plan([same._replace(parts=known)], CatalogueRecord())
    assert found.lines == []
    assert found.counts["unreachable"] == 1
    # It had no background before, and what the new one is cannot be known.
    new_background = Parts("a" * 16, None, "e" * 16)
    found = Shop().plan([same._replace(parts=new_background)], record)
    assert found.counts["unreachable"] == 1


def test_those_that_wait_longest_are_made_first() -> None:
    record = record_of(
        (OTHER, AGO, [ItemWaiting(ITEMS[4])]),
        (OTHER, AGO + 1, [ItemWaiting(ITEMS[2]), ItemWaiting(ITEMS[4])]),
    )
    items = [wanted(item, A) for item in ITEMS]
    found = Shop().plan(items, record, Limits(max_pictures=3))
    assert [line["item"] for line in found.lines] == [ITEMS[4], ITEMS[2], ITEMS[0]]
    assert (found.counts["waiting"], found.counts["make"]) == (3, 3)
    # Since when it waits is said once.
    assert [e.item for e in found.events if isinstance(e, ItemWaiting)] == [ITEMS[1], ITEMS[3], ITEMS[5]]


def test_what_is_gone_from_the_manifest_stays_unless_asked() -> None:
    record = record_of((OTHER, AGO, [event for item in ITEMS for event in (made(item, A), published(item, A))]))
    items = [wanted(item, A) for item in ITEMS[1:]]
    kept = Shop().plan(items, record)
    assert (kept.lines, kept.counts["removed"]) == ([], 1)
    assert kept.left_out == [{"item": ITEM, "left_out": "removed", "final": final_of(ITEM)}]
    gone = Shop().plan(items, record, Limits(unpublishes=True))
    assert told(gone) == {ITEM: ("unpublish", "removed")}
    assert list(plan_lines(gone.lines, "x")) == gone.lines
    assert gone.lines[0]["was"] == final_of(ITEM)
    unread = Shop().plan(items, record, Limits(unpublishes=True, may_be_removed=lambda item: item != ITEM))
    assert (unread.lines, unread.left_out) == ([], [])
    # What was never published is not in the shop.
    assert Shop().plan([], record_of((OTHER, AGO, [made(ITEM, A)])), Limits(unpublishes=True)).lines == []


@pytest.mark.parametrize(
    ("force", "found"),
    [
        (None, []),
        (False, []),
        ([], []),
        (True, ITEMS),
        ("cup-1", ["cup-1/white", "cup-1/beach"]),
        (["cup-1/beach"], ["cup-1/beach"]),
        (["*/white"], [item for item in ITEMS if item.endswith("white")]),
        ("cup-[02]", [item for item in ITEMS if not item.startswith("cup-1")]),
        (["CUP-1"], []),
        (["cup-1", "cup-2/*"], ["cup-1/white", "cup-1/beach", "cup-2/white", "cup-2/beach"]),
    ],
)
def test_skus_items_and_patterns_are_forced(force: Any, found: list[str]) -> None:
    is_forced = forced(force)
    assert [item for item in ITEMS if is_forced(item, item.partition("/")[0])] == found


def test_what_is_forced_is_made_also_where_it_was_refused() -> None:
    record = record_of((OTHER, AGO, [failed(ITEM, A, is_final=True)]))
    refused = Shop().plan([wanted(ITEM, A)], record)
    assert refused.left_out == [
        {
            "item": ITEM,
            "left_out": "refused",
            "code": "InvalidParameter",
            "message": "no product seen",
            "request_id": "r-1",
        }
    ]
    made_again = Shop().plan([wanted(ITEM, A)], record, Limits(is_forced=forced(True)))
    assert told(made_again) == {ITEM: ("make", "forced")}


items_ = st.sampled_from(ITEMS)
fingerprints = st.sampled_from(FINGERPRINTS)
events_ = st.one_of(
    st.builds(ItemPlanned, items_, fingerprints),
    st.builds(ItemWaiting, items_),
    st.builds(made, items_, fingerprints),
    st.builds(failed, items_, fingerprints, is_final=st.booleans()),
    st.builds(ItemReleased, items_),
    st.builds(published, items_, fingerprints),
    st.builds(published, items_, fingerprints, st.just(f"cos://{BUCKET}/old/name.jpeg")),
    st.builds(ItemUnpublished, items_),
)
entries_ = st.lists(
    st.tuples(st.sampled_from([RUN, OTHER]), st.floats(NOW - 2 * 86_400, NOW - 1), st.lists(events_, max_size=4)),
    max_size=12,
).map(lambda them: sorted(them, key=lambda entry: entry[1]))
wanted_ = st.dictionaries(items_, fingerprints).map(lambda them: [wanted(*pair) for pair in them.items()])
gone_ = st.sets(
    st.one_of(
        st.builds(made_place, items_, fingerprints),
        items_.map(lambda item: Present({}, "", set()).final(final_of(item))),
    )
).map(lambda places: [place._replace(region=REGION) for place in places])
limits_ = st.builds(
    Limits,
    max_pictures=st.none() | st.integers(0, 6),
    is_forced=st.sampled_from([None, "cup-1", True]).map(forced),
    unpublishes=st.booleans(),
)


@given(entries_, wanted_, gone_, limits_)
def test_whatever_is_known_a_plan_is_sound(
    entries: list[Any], items: list[WantedItem], gone: list[CosSource], limits: Limits
) -> None:
    record = record_of(*entries)
    shop = Shop(*gone)
    found = shop.plan(items, record, limits)
    assert list(plan_lines(found.lines, "x")) == found.lines
    names = [line["item"] for line in found.lines] + [left["item"] for left in found.left_out]
    assert len(names) == len(set(names))
    to_make = [line["item"] for line in found.to_make]
    assert limits.max_pictures is None or len(to_make) <= limits.max_pictures
    assert [event.item for event in found.events if isinstance(event, ItemPlanned)] == to_make
    for line in found.lines:
        planned = record.state(line["item"]).planned
        assert planned is None or planned.run.is_same_run(RUN) or NOW - planned.at >= RESERVED_SECONDS
        if line["action"] == "publish":
            output = line["entry"]["Outputs"][0]
            assert CosSource(output["bucket"], output["region"], output["path"]) not in gone
        if line["action"] != "unpublish":
            assert line["fingerprint"] == ".".join(map(str, next(i.parts for i in items if i.item == line["item"])))
    # Nobody who waits is passed by one who waits for less long, or not at all.
    waits = {left["item"]: record.state(left["item"]).since for left in found.left_out if left["left_out"] == "waiting"}
    for item in to_make:
        state = record.state(item)
        if state.planned is None or not state.planned.run.is_same_run(RUN):
            since = float("inf") if state.since is None else state.since
            assert all(since <= (float("inf") if other is None else other) for other in waits.values())
    counts = found.counts
    done = sum(counts[name] for name in ("make", "publish", "waiting", "unchanged", "refused", "unreachable"))
    reserved = sum(
        left["left_out"] == "in_another_run" and left["item"] in {i.item for i in items} for left in found.left_out
    )
    assert counts["items"] == len(items) == done + reserved
    assert sum(counts["why"].values()) == len(found.lines)


@given(entries_, wanted_, gone_, limits_)
def test_a_retry_plans_the_same_and_another_run_none_of_it(
    entries: list[Any], items: list[WantedItem], gone: list[CosSource], limits: Limits
) -> None:
    record, shop = record_of(*entries), Shop(*gone)
    first = shop.plan(items, record, limits)
    record = record.after([Entry(record.seq + 1, Writer(RUN.dag_id, RUN.run_id, "plan"), NOW, first.events)])
    again = shop.plan(items, record, limits, now=NOW + 60)
    assert {line["item"]: line for line in again.lines} == {line["item"]: line for line in first.lines}
    assert not [event for event in again.events if isinstance(event, ItemWaiting)]
    third = RUN._replace(run_id="at the same time")
    other = shop.plan(items, record, limits, run=third, now=NOW + 60)
    assert not {line["item"] for line in other.to_make} & {line["item"] for line in first.to_make}


@given(entries_, wanted_, gone_)
def test_once_all_is_published_nothing_is_to_be_done(
    entries: list[Any], items: list[WantedItem], gone: list[CosSource]
) -> None:
    record, shop = record_of(*entries), Shop(*gone)
    later = NOW + RESERVED_SECONDS
    for night in range(3):
        now = later + night * 86_400
        run = RUN._replace(run_id=f"night {night}")
        found = shop.plan(items, record, run=run, now=now)
        if night:
            assert found.lines == []
            assert found.events == []
        events: list[Event] = list(found.events)
        for line in found.lines:
            item, fingerprint = line["item"], line["fingerprint"]
            if line["action"] == "make":
                shop.gone.discard(made_place(item, fingerprint))
                events.append(made(item, fingerprint))
            events.append(published(item, fingerprint))
            shop.gone.discard(shop_final(item))
        # Those that were refused change, so that they are made.
        refused = {left["item"] for left in found.left_out if left["left_out"] == "refused"}
        items = [
            one._replace(parts=one.parts._replace(subject="9" * 16)) if one.item in refused and not night else one
            for one in items
        ]
        writer = Writer(run.dag_id, run.run_id, "all")
        record = record.after([Entry(record.seq + 1, writer, now, events)])
        if refused:
            return
    assert found.counts["unchanged"] == len(items)


def shop_final(item: str) -> CosSource:
    return Present({}, REGION, set()).final(final_of(item))


@given(entries_, wanted_, gone_)
def test_the_reason_is_what_has_changed(entries: list[Any], items: list[WantedItem], gone: list[CosSource]) -> None:
    record = record_of(*entries)
    now = NOW + RESERVED_SECONDS
    found = Shop(*gone).plan(items, record, now=now)
    for line in found.to_make:
        state, why = record.state(line["item"]), line["why"]
        tried = [one for one in (state.failed, state.made, state.published) if one is not None]
        if why == "new":
            assert not tried
        elif why == "failed last time":
            assert state.failed is not None
            assert state.failed.fingerprint == line["fingerprint"]
        elif why == "published picture is gone":
            assert line["fingerprint"] in {one.fingerprint for one in tried}
        else:
            index = ["subject changed", "background changed", "request changed"].index(why)
            new = line["fingerprint"].split(".")
            assert any(
                one.fingerprint.split(".")[:index] == new[:index] and one.fingerprint.split(".")[index] != new[index]
                for one in tried
            )
