"""What each event means to an item."""

from __future__ import annotations

from airflow_provider_mps.catalogue.record.events import Event, ItemPlanned, ItemReleased, ItemUnpublished, ItemWaiting
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, Entry
from airflow_provider_mps.catalogue.record.state import NOTHING, Reservation, Writer
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.services.tencentcloud.answers import cos_object
from tests.catalogue.records import failed, made, published

MONDAY, TUESDAY = Writer("shop", "monday", "plan"), Writer("shop", "tuesday", "plan")
MAKING = MONDAY._replace(task_id="make")


def after(*said: tuple[Writer, Event]) -> CatalogueRecord:
    """Return what is known after each of the events has come in a file of its own."""
    entries = [Entry(number, run, 100.0 + number, [event]) for number, (run, event) in enumerate(said, 1)]
    return CatalogueRecord().after(entries)


def test_nothing_is_known_of_what_is_not_on_record() -> None:
    assert CatalogueRecord().state("cup/white") == NOTHING


def test_an_item_waits_since_it_was_said_first_until_it_is_made() -> None:
    waits = [(MONDAY, ItemWaiting("cup")), (TUESDAY, ItemWaiting("cup")), (TUESDAY, ItemPlanned("cup", "a.b.c"))]
    state = after(*waits).state("cup")
    assert (state.since, state.planned) == (101.0, Reservation("a.b.c", TUESDAY, 103.0))
    assert after(*waits, (TUESDAY, failed("cup"))).state("cup").since == 101.0
    assert after(*waits, (TUESDAY, made("cup"))).state("cup").since is None


def test_a_run_that_has_done_with_an_item_gives_up_its_own_reservation_only() -> None:
    for event in (made("cup"), failed("cup"), ItemReleased("cup")):
        assert after((MONDAY, ItemPlanned("cup", "a.b.c")), (MAKING, event)).state("cup").planned is None
        left = after((TUESDAY, ItemPlanned("cup", "a.b.c")), (MAKING, event)).state("cup").planned
        assert left == Reservation("a.b.c", TUESDAY, 101.0)


def test_what_was_released_and_nothing_else_is_not_known_any_more() -> None:
    known = after((MONDAY, ItemPlanned("cup", "a.b.c")), (MAKING, ItemReleased("cup")))
    assert dict(known.items) == {}


def test_a_picture_is_kept_through_a_later_failure_and_clears_an_earlier_one() -> None:
    state = after((MONDAY, failed("cup", "a.b.c")), (TUESDAY, made("cup", "a.b.d"))).state("cup")
    assert state.failed is None
    assert state.made is not None
    assert state.made.picture == cos_object("shop-1250000000", "ap-guangzhou", "/output/cup.jpeg")
    state = after((MONDAY, made("cup", "a.b.c")), (TUESDAY, failed("cup", "a.b.d"))).state("cup")
    assert state.made is not None
    assert state.failed is not None
    assert (state.made.fingerprint, state.failed.fingerprint) == ("a.b.c", "a.b.d")


def test_a_picture_that_is_gone_was_never_made_but_only_that_one() -> None:
    gone = failed("cup", "a.b.c", code=PICTURE_GONE)
    assert after((MONDAY, made("cup", "a.b.c")), (TUESDAY, gone)).state("cup").made is None
    assert after((MONDAY, made("cup", "a.b.d")), (TUESDAY, gone)).state("cup").made is not None


def test_what_is_published_is_that_until_it_is_not() -> None:
    known = after((MONDAY, made("cup", "a.b.c")), (MONDAY, published("cup", "a.b.c")), (TUESDAY, made("cup", "a.b.d")))
    state = known.state("cup")
    assert state.published is not None
    assert (state.published.fingerprint, state.published.at) == ("a.b.c", 102.0)
    later = known.after([Entry(4, TUESDAY, 200.0, [ItemUnpublished("cup")])])
    assert later.state("cup").published is None
    # Whoever holds what was known before does not see it change.
    assert known.state("cup") == state
