"""Events of a catalogue's record, for tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from airflow_provider_mps.catalogue.record import events
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.services.tencentcloud.answers import cos_object

CATALOGUE = "cos://shop-1250000000/catalogues/shop"
FOLDER = f"{CATALOGUE}/record"


def task_of_run(run: str, task_id: str = "plan") -> TaskKey:
    return TaskKey("shop", task_id, run, -1)


def made(item: str, fingerprint: str = "a.b.c", path: str = "/output/cup.jpeg") -> events.ItemMade:
    return events.ItemMade(item, fingerprint, cos_object("shop-1250000000", "ap-guangzhou", path), "task-1")


def failed(item: str, fingerprint: str = "a.b.c", **fields: Any) -> events.ItemFailed:
    said = {"code": "70000 InternalError", "message": "try again", "request_id": "5e2f", "task_id": "task-1"}
    return events.ItemFailed(item, fingerprint, **{**said, "is_final": False, **fields})


def published(item: str, fingerprint: str = "a.b.c") -> events.ItemPublished:
    final = f"cos://shop-1250000000/shop/{item}.jpeg"
    return events.ItemPublished(item, fingerprint, final, "d41d8cd98f00b204e9800998ecf8427e", 1234)


# Any text that JSON can hold, half of a surrogate pair too: services say what they like.
texts = st.text(st.characters(), min_size=1, max_size=8)
items = st.sampled_from(["cup/white", "cup/wood", "碗/白", 'a "b"\n/\u2028'])
fingerprints = st.sampled_from(["a.b.c", "a.b.d", "x.-.c"])
attributes = st.sampled_from([("IQA",), ("IQA", "Sharpness")])
scores = st.dictionaries(st.sampled_from(["IQA", "Sharpness"]), st.floats(0, 1e9))
any_event = st.one_of(
    st.builds(events.ItemPlanned, items, fingerprints),
    st.builds(events.ItemWaiting, items),
    st.builds(made, items, fingerprints, texts.map("/output/{}".format)),
    st.builds(
        failed,
        items,
        fingerprints,
        code=st.one_of(st.just(PICTURE_GONE), texts),
        message=st.one_of(st.just(""), texts),
        request_id=st.one_of(st.just(""), texts),
        task_id=st.one_of(st.none(), texts),
        is_final=st.booleans(),
    ),
    st.builds(events.ItemReleased, items),
    st.builds(events.ItemAsked, items, texts, attributes),
    st.builds(events.ItemAnswered, items, texts, attributes, scores, st.one_of(st.just(""), texts)),
    st.builds(events.ItemPublishing, items, texts.map("cos://shop-1250000000/{}".format)),
    st.builds(published, items, fingerprints),
    st.builds(events.ItemUnpublished, items),
)
event_lists = st.lists(any_event, max_size=6)
runs = st.sampled_from(["monday", "tuesday", "wednesday"])
moments = st.floats(0, 4e9).map(lambda at: round(at, 3))
