"""Which pictures there are to label, and what is left to do about each."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.cos_address import CosAddress
from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.pictures.label_jobs import LabelJob, LabelStep, check_places, jobs_of, maker_of, step_for
from airflow_provider_mps.pictures.labels import LabelError
from airflow_provider_mps.pictures.labels.note import note_of
from airflow_provider_mps.services.profiles import AIDGE, MPS
from airflow_provider_mps.services.tencentcloud.objects import ObjectStat

BUCKET, FORM, OTHER = "shop-1250000000", "0123456789abcdef", "fedcba9876543210"
SOURCE = ObjectStat("/a.jpeg", 10, "etag-a", 0.0, 5)
MADE = ObjectStat("/a.jpeg", 50, "etag-b", 0.0, 6)
IN_PLACE = LabelJob(BUCKET, None, "/a.jpeg", BUCKET, "/a.jpeg", "1", MPS)
ELSEWHERE = LabelJob(BUCKET, None, "/a.jpeg", BUCKET, "/labelled/a.jpeg", "1", MPS)


def noted(form: str = FORM, source: ObjectStat = SOURCE) -> ObjectStat:
    return MADE._replace(label=str(note_of(source, Digest(MADE.size, MADE.crc64), form)))


def result(*paths: str, **fields: Any) -> dict[str, Any]:
    return {"TaskId": "1-t", "Outputs": [{"bucket": BUCKET, "region": "r", "path": path} for path in paths], **fields}


def test_pictures_of_a_result() -> None:
    one, other = jobs_of(result("/a.jpeg", "/b/c.jpeg"), CosAddress(None, None, "/labelled"))
    assert one == LabelJob(BUCKET, "r", "/a.jpeg", BUCKET, "/labelled/a.jpeg", "1-t", MPS)
    assert (other.to_key, other.produce_id) == ("/labelled/b/c.jpeg", "1-t-2")
    (there,) = jobs_of(result("/b/c.jpeg", TaskId=None), None)
    assert there.is_in_place
    assert there.produce_id == "c.jpeg"
    assert jobs_of(result("/a.jpeg", Error={"Code": "1"}), None) == []


@pytest.mark.parametrize(
    "wrong", [{}, {"Outputs": None}, {"Outputs": ["a"]}, {"Outputs": [{}]}, {"Outputs": [{"path": "/a/../b"}]}]
)
def test_a_result_that_cannot_be_used(wrong: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError, match="pictures: expected"):
        jobs_of(wrong, None)


def test_the_same_picture_twice_is_in_nobodys_way() -> None:
    check_places([ELSEWHERE, ELSEWHERE])
    with pytest.raises(ArgumentError, match=r"cos://shop-1250000000/a\.jpeg and cos:///a\.jpeg would both be"):
        check_places([ELSEWHERE, LabelJob(None, None, "/a.jpeg", BUCKET, "/labelled/a.jpeg", "1", MPS)])


@pytest.mark.parametrize(("task_id", "maker"), [("123", AIDGE), ("1-ImageTask-2", MPS), ("", MPS), ("١٢", MPS)])
def test_who_has_made_it(task_id: str, maker: Any) -> None:
    assert maker_of(task_id) is maker


@pytest.mark.parametrize(
    ("job", "picture", "there", "step"),
    [
        (IN_PLACE, None, None, LabelStep.GONE),
        (IN_PLACE, SOURCE, SOURCE, LabelStep.LABEL),
        (IN_PLACE, noted(), noted(), LabelStep.NONE),
        (IN_PLACE, noted(OTHER), noted(OTHER), LabelStep.LABEL),
        (ELSEWHERE, SOURCE, None, LabelStep.LABEL),
        (ELSEWHERE, SOURCE, noted(), LabelStep.NONE),
        (ELSEWHERE, SOURCE, noted(OTHER), LabelStep.LABEL),
        (ELSEWHERE, SOURCE, noted(source=MADE), LabelStep.LABEL),
        (ELSEWHERE, None, noted(), LabelStep.GONE),
    ],
)
def test_what_is_left_to_do(job: LabelJob, picture: Any, there: Any, step: LabelStep) -> None:
    assert step_for(job, picture, there, FORM, is_drawn=False) is step


def test_what_is_marked_is_not_marked_again() -> None:
    assert step_for(IN_PLACE, noted(), noted(), FORM, is_drawn=True) is LabelStep.NONE
    with pytest.raises(LabelError, match="label what it was made from"):
        step_for(IN_PLACE, noted(OTHER), noted(OTHER), FORM, is_drawn=True)


@given(st.sampled_from([SOURCE, MADE, noted(), noted(OTHER)]), st.booleans())
def test_another_picture_than_the_one_on_record_is_never_labelled(picture: ObjectStat, is_drawn: bool) -> None:
    job = LabelJob(BUCKET, None, "/a.jpeg", BUCKET, "/a.jpeg", "1", MPS, etag="another")
    try:
        assert step_for(job, picture, picture, FORM, is_drawn=is_drawn) is not LabelStep.LABEL
    except LabelError:
        assert is_drawn
