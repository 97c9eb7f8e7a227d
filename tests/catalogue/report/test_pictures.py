from __future__ import annotations

import threading
from concurrent.futures import CancelledError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.report.items import Reported, read_line
from airflow_provider_mps.catalogue.report.pictures import MAX_BYTES, CosPictures, choose, draw, regions_of
from airflow_provider_mps.catalogue.shown import Place
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.pictures.thumbnails import NotDrawnError
from tests.catalogue.report_lines import entry, failed, made, plan_line, published
from tests.pictures import picture

FAILED = plan_line("x/w", entry=failed("InternalError"))


def items(*lines: dict[str, Any]) -> list[Reported]:
    return [read_line(line) for line in lines]


@pytest.mark.parametrize(
    ("failures", "good", "most", "shown"),
    [
        (3, 5, 200, (3, 5)),
        (900, 900, 200, (100, 100)),
        (900, 30, 200, (170, 30)),
        (2, 900, 200, (2, 198)),
        (9, 9, 0, (0, 0)),
        (9, 9, 1, (1, 0)),
    ],
)
def test_failures_come_first_and_leave_room_for_the_others(failures: int, good: int, most: int, shown: Any) -> None:
    found = choose(items(*[FAILED] * failures, *[made()] * good, *[plan_line()] * 50), most)
    are = [one.end.is_failure for one in found]
    assert (are.count(True), are.count(False)) == shown
    assert are == sorted(are, reverse=True)


@given(st.lists(st.sampled_from([FAILED, made(), plan_line(), published()]), max_size=40), st.integers(0, 30))
def test_never_more_are_shown_and_no_place_is_left_empty(lines: list[Any], most: int) -> None:
    found = items(*lines)
    shown = choose(found, most)
    with_pictures = [one for one in found if one.end.is_failure or one.pictures]
    assert len(shown) == min(most, len(with_pictures))


def test_subject_before_and_after_come_from_cos(service: LocalService, conn_id: str) -> None:
    for key in ("/in/cup-17.png", "/previous/cup.jpeg", "/out/a.jpeg"):
        service.put_object(service.bucket, key, picture(400 if "out" in key else 300, 300))
    line = made("cup-17/white", published={"final": "cos://b-1/f", "kept": f"cos://{service.bucket}/previous/cup.jpeg"})
    line["entry"]["Outputs"][0] |= {"bucket": service.bucket}
    found = items(line)
    [shown] = draw(found, CosPictures(conn_id, regions_of(found)), print)
    drawn = [shown.subject, shown.before, shown.after]
    assert [one.thumbnail and one.thumbnail.full_width for one in drawn] == [300, 300, 400]
    assert {call.action for call in service.journal} == {"HeadObject", "GetObject"}


def test_a_picture_that_cannot_be_shown_says_why(service: LocalService, conn_id: str) -> None:
    service.put_object(service.bucket, "/out/a.jpeg", b"no picture at all")
    service.put_object(service.bucket, "/was.jpeg", picture()[:500])
    line = made("cup-17/white", was=f"cos://{service.bucket}/was.jpeg")
    line["entry"]["Outputs"][0] |= {"bucket": service.bucket}
    found = items(line)
    [shown] = draw(found, CosPictures(conn_id, regions_of(found)), print)
    assert shown.subject == (None, "it is not there")
    assert shown.before.why_not.startswith("it cannot be decoded")
    assert shown.after == (None, "it is no JPEG, PNG, WebP, BMP or GIF (17 bytes)")


def test_a_large_object_is_not_fetched(service: LocalService, conn_id: str) -> None:
    service.put_object(service.bucket, "/large.png", bytes(2000))
    fetch = CosPictures(conn_id, [None])
    with pytest.raises(NotDrawnError, match="it has 2,000 bytes, and at most 1,999 are fetched"):
        fetch(Place(service.bucket, None, "/large.png"), 1999)
    assert not service.calls("GetObject")
    assert fetch(Place(service.bucket, None, "/large.png"), MAX_BYTES) == bytes(2000)


def test_an_address_elsewhere_is_not_asked(service: LocalService, conn_id: str) -> None:
    line = plan_line(request={"subject_url": f"{service.url}/_local/samples/coffee.png?sign=abc"}, entry=failed("X"))
    [shown] = draw(items(line), CosPictures(conn_id, [None]), print)
    assert shown.subject.why_not.startswith("not fetched: http://")
    assert service.journal == []


def test_what_cos_refuses_is_not_asked_for_ever() -> None:
    asked: list[Place] = []

    def refuse(place: Place, limit: int) -> bytes:
        asked.append(place)
        raise ServiceError("COS", "GetObject", str(place), "AccessDenied", "m", "r", Outcome.REFUSED)

    lines = [made(f"s-{number}/w", at=number) for number in range(300)]
    shown = draw(items(*lines), refuse, print)
    assert len(shown) == 300
    # Two buckets, and up to one more for each thread that had begun.
    assert len(asked) <= 2 * (3 + 4)
    assert shown[-1].after == (None, "not fetched: COS says AccessDenied")


def test_an_address_that_can_be_none_stops_nobody_else(service: LocalService, conn_id: str) -> None:
    service.put_object(service.bucket, "/out/a.jpeg", picture())
    bad = [made(f"s-{number}/w", request={"subject_cos_key": "/a/../b"}) for number in range(9)]
    for line in bad:
        line["entry"] = entry()
        line["entry"]["Outputs"][0]["bucket"] = service.bucket
    found = items(*bad)
    shown = draw(found, CosPictures(conn_id, regions_of(found)), print)
    assert all("without '.' or '..'" in one.subject.why_not for one in shown)
    assert all(one.after.thumbnail for one in shown)


def test_a_task_at_its_end_stops_drawing() -> None:
    stop = threading.Event()

    def fetch(place: Place, limit: int) -> bytes:
        stop.set()
        return picture()

    with pytest.raises(CancelledError):
        draw(items(*[made()] * 100), fetch, print, stop)


def test_few_pictures_are_in_memory_at_once(service: LocalService) -> None:
    busy, most = [0], [0]
    lock = threading.Lock()
    one = picture(500, 500)

    def fetch(place: Place, limit: int) -> bytes:
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        try:
            return one
        finally:
            with lock:
                busy[0] -= 1

    found = items(*[made()] * 40)
    assert len(draw(found, fetch, print)) == 40
    assert most[0] <= 4
