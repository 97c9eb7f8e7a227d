from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.batch.items import ItemFailure, ItemOutcome, unfinished
from airflow_provider_mps.catalogue.batch.events import OTHER_RUN, RENEW_SECONDS, Ended, Wanted, events_of, taken_up
from airflow_provider_mps.catalogue.plan.verdicts import RESERVED_SECONDS, is_reserved
from airflow_provider_mps.catalogue.record.events import Event, ItemFailed, ItemMade, ItemPlanned, ItemReleased
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, Entry
from airflow_provider_mps.catalogue.record.state import NOTHING, ItemState, Writer
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.submission import Record

OURS, THEIRS = Writer("dag", "run", "plan"), Writer("dag", "other", "plan")
TASK = TaskKey("dag", "make", "run", -1)
LIMIT = "PicturesPerDayReached"
ITEMS, FINGERPRINTS = ("a", "b"), ("f1", "f2")
NOW = 1_800_000_000.0


def picture(name: str) -> dict[str, Any]:
    return {"bucket": "shop-125", "region": "ap-guangzhou", "path": f"/made/{name}.jpeg"}


def good(task_id: str) -> dict[str, Any]:
    return {"TaskId": task_id, "Status": "FINISH", "Outputs": [picture(task_id)]}


def record_of(*said: tuple[Writer, float, Event]) -> CatalogueRecord:
    return CatalogueRecord().after(Entry(n, run, at, [event]) for n, (run, at, event) in enumerate(said, start=1))


def after(record: CatalogueRecord, events: list[Event], run: Writer = OURS, at: float = NOW) -> CatalogueRecord:
    return record.after([Entry(record.seq + 1, run, at, events)]) if events else record


@st.composite
def events(draw: st.DrawFn) -> Event:
    item, fingerprint = draw(st.sampled_from(ITEMS)), draw(st.sampled_from(FINGERPRINTS))
    name = draw(st.sampled_from(["t1", "t2"]))
    return draw(
        st.sampled_from(
            [
                ItemPlanned(item, fingerprint),
                ItemMade(item, fingerprint, picture(name), name),
                ItemFailed(item, fingerprint, "Code", "said", "r", name, False),
                ItemReleased(item),
            ]
        )
    )


records = st.lists(
    st.tuples(st.sampled_from([OURS, THEIRS]), st.floats(NOW - 2 * RESERVED_SECONDS, NOW), events()), max_size=8
).map(lambda said: record_of(*sorted(said, key=lambda one: one[1])))
wanted = st.lists(
    st.builds(Wanted, st.sampled_from(ITEMS), st.sampled_from(FINGERPRINTS), st.sampled_from(["new", "forced"])),
    unique_by=lambda one: one.item,
)
ends = st.sampled_from(
    [
        good("t1"),
        good("t3"),
        ItemFailure("InvalidParameterValue", "no", None, "r", is_final=True),
        ItemFailure("Timeout", "late", "t1", is_open=True),
        ItemFailure("InternalError", "no", "t1"),
        ItemFailure("InDoubt", "who knows", is_open=True),
        ItemFailure(LIMIT, "100 of 100"),
        unfinished("AuthFailure", None),
        unfinished("AuthFailure", Record("k", "b", "a", 2, intent=NOW)),
        unfinished("AuthFailure", Record("k", "b", "a", 2, intent=NOW, task_id="t9", accepted=NOW)),
    ]
)


@given(records, wanted, st.dictionaries(st.sampled_from(ITEMS), st.sampled_from(["t1", "t9", None])))
def test_what_is_submitted_is_this_runs_alone(
    record: CatalogueRecord, lines: list[Wanted], joined: dict[str, str | None]
) -> None:
    known, said = taken_up(record, TASK, lines, joined, NOW)
    then = after(record, said)
    for line in lines:
        state = then.state(line.item)
        made = record.state(line.item).made
        is_made = made is not None and made.fingerprint == line.fingerprint
        if is_made and made is not None and line.item in joined and made.task_id == joined[line.item]:
            # It is this task's own, whoever makes it anew by now.
            assert line.item not in known
        elif line.item in known:
            end = known[line.item]
            assert record.state(line.item) == state
            if isinstance(end, ItemFailure):
                assert end.code == OTHER_RUN
                assert is_reserved(state, TASK, NOW)
            else:
                assert state.made is not None
                assert state.made.fingerprint == line.fingerprint
                assert line.why == "new"
                assert end["Outputs"] == [state.made.picture]
        elif not (is_made and line.item in joined):
            assert state.planned is not None
            assert state.planned.run.is_same_run(TASK)
            assert state.planned.fingerprint == line.fingerprint
            # No other run takes it for as long as a day.
            assert NOW - state.planned.at <= RENEW_SECONDS
    # Whoever asks again has nothing to say.
    assert taken_up(then, TASK, lines, joined, NOW) == (known, [])


@given(records, st.lists(st.tuples(st.sampled_from(ITEMS), ends), unique_by=lambda one: one[0]))
def test_what_came_of_it_is_said_once(record: CatalogueRecord, found: list[tuple[str, ItemOutcome]]) -> None:
    pairs = [Ended(Wanted(item, "f1", "new"), end, NOW) for item, end in found]
    said = list(events_of(record, TASK, pairs, {LIMIT}))
    then = after(record, said)
    assert list(events_of(then, TASK, pairs, {LIMIT})) == []
    for item, end in found:
        before, state = record.state(item), then.state(item)
        held = before.planned is not None and before.planned.run.is_same_run(TASK)
        if isinstance(end, dict):
            assert state.made is not None
            assert (state.made.fingerprint, state.made.task_id) == ("f1", end["TaskId"])
        elif end.is_open:
            # A retry joins it, or finds out: nobody else is to have it.
            assert state == before
        elif end.code in (LIMIT, "Stopped"):
            assert state == _without(before)
        else:
            assert state.failed is not None
            assert (state.failed.code, state.failed.is_final) == (end.code, end.is_final)
        if not (isinstance(end, ItemFailure) and end.is_open) and held:
            assert state.planned is None
        if before.planned is not None and not held:
            assert state.planned == before.planned


def _without(state: ItemState) -> ItemState:
    """Return what is known of an item once this run has given it back."""
    return ItemReleased("x").change(state, OURS, NOW)


def test_nothing_is_known_of_what_nobody_has() -> None:
    known, said = taken_up(CatalogueRecord(), TASK, [Wanted("a", "f1", "new")], set(), NOW)
    assert known == {}
    assert said == [ItemPlanned("a", "f1")]
    assert (
        list(events_of(CatalogueRecord(), TASK, [Ended(Wanted("a", "f1", "new"), unfinished("X", None), None)], ()))
        == []
    )
    assert CatalogueRecord().state("a") == NOTHING


def test_a_batch_that_is_cleared_long_after_changes_nothing_newer() -> None:
    record = record_of((OURS, NOW + 5, ItemMade("a", "old", picture("t1"), "t1")))
    record = after(record, [ItemMade("a", "new", picture("t2"), "t2")], THEIRS, NOW + 90_000)
    for end in (good("t1"), ItemFailure("InvalidInput", "no", "t1", is_final=True)):
        assert list(events_of(record, TASK, [Ended(Wanted("a", "old", "new"), end, NOW)], ())) == []
    # What it submits anew is newer again.
    newer = [Ended(Wanted("a", "old", "new"), good("t3"), NOW + 90_001)]
    assert [event.name for event in events_of(record, TASK, newer, ())] == ["made"]
