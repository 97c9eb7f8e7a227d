"""A publication that died between the copy and the record: what it put into the shop is known all the same."""

from __future__ import annotations

import pytest

from airflow_provider_mps.catalogue.publication.run import PublishRun
from airflow_provider_mps.local.service import LocalService
from tests.catalogue.nights import MANIFEST, Nights


class _DiedError(BaseException):
    """What a SIGKILL leaves of a process."""


@pytest.fixture
def dead_monday(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """A run that has copied its pictures, and told nobody."""

    def die(run: PublishRun) -> None:
        raise _DiedError

    with monkeypatch.context() as patch:
        patch.setattr(PublishRun, "_record", die)
        with pytest.raises(_DiedError):
            nights.publish("monday", nights.make("monday", nights.plan("monday")))
    nights.over.add("monday")
    return nights


def test_its_pictures_go_with_their_products(dead_monday: Nights, service: LocalService) -> None:
    assert service.object_exists(service.bucket, "/shop/tin-tea.jpeg")
    plan = dead_monday.plan("tuesday", manifest=MANIFEST[:2], on_removed="unpublish")
    assert plan["counts"]["unpublish"] == 1
    published = dead_monday.publish("tuesday", dead_monday.make("tuesday", plan))
    assert (published["counts"]["unpublished"], published["counts"]["published"]) == (1, 2)
    assert not service.object_exists(service.bucket, "/shop/tin-tea.jpeg")
    assert dead_monday.plan("wednesday", manifest=MANIFEST[:2])["counts"]["removed"] == 0


def test_they_are_listed_where_nothing_is_removed(dead_monday: Nights) -> None:
    plan = dead_monday.plan("tuesday", manifest=MANIFEST[:2])
    assert plan["counts"]["removed"] == 1
    assert plan["counts"]["publish"] == 2


def test_the_next_run_publishes_them_without_paying(dead_monday: Nights, service: LocalService) -> None:
    pictures = dead_monday.make("tuesday", dead_monday.plan("tuesday"))
    # They are there: nothing is copied again, and now it is on record.
    copies = len(service.calls("CopyObject"))
    dead_monday.publish("tuesday", pictures)
    assert len(service.calls("CopyObject")) == copies
    assert len(service.tasks) == 3
    assert dead_monday.plan("wednesday")["counts"]["unchanged"] == 3
