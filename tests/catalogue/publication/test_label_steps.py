"""What is left to do about a picture with a label: from a HEAD alone, and however often it is killed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.lines import is_rejected
from airflow_provider_mps.catalogue.publication.steps import (
    Headers,
    Outcome,
    Step,
    events_of,
    job_of,
    step_for,
)
from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.pictures.labels.note import Note, content_tag, note_of, read_note
from airflow_provider_mps.services.tencentcloud.objects import ObjectStat

from .test_steps import NEW, job, known, line, stat

FORM, OTHER = "0123456789abcdef", "fedcba9876543210"


def labelled(source: ObjectStat, form: str = FORM, crc64: int = 77) -> ObjectStat:
    """What is under a final key once a source was published with a label."""
    note = note_of(source, Digest(source.size + 500, crc64), form)
    return replace_stat(stat("x" * (source.size + 500), crc64=crc64), label=str(note))


def replace_stat(one: ObjectStat, **fields: object) -> ObjectStat:
    return one._replace(**fields)  # type: ignore[arg-type]


SOURCE = stat("new")


@pytest.mark.parametrize(
    ("final", "form", "step"),
    [
        (None, FORM, Step.COPY),
        (stat("older"), FORM, Step.COPY),
        (labelled(stat("older")), FORM, Step.COPY),
        (labelled(SOURCE), FORM, Step.NONE),
        (labelled(SOURCE, OTHER), FORM, Step.MEND),
        (SOURCE, FORM, Step.MEND),
        (SOURCE, None, Step.NONE),
        (labelled(SOURCE), None, Step.MEND),
        (labelled(stat("older")), None, Step.COPY),
        # A note that was copied along with other bytes is none of these.
        (replace_stat(stat("older"), label=labelled(SOURCE).label), FORM, Step.COPY),
        (replace_stat(labelled(SOURCE), crc64=78), FORM, Step.COPY),
        # An object of which no CRC64 is kept is known by its size.
        (replace_stat(labelled(SOURCE), crc64=None), FORM, Step.NONE),
        (replace_stat(labelled(SOURCE), label="something else"), FORM, Step.COPY),
        # A copy of a source that has a note of its own.
        (replace_stat(SOURCE, label=str(Note("1-2", SOURCE.size, SOURCE.crc64 or 0, FORM))), None, Step.NONE),
        (replace_stat(SOURCE, label=str(Note("1-2", SOURCE.size, SOURCE.crc64 or 0, FORM))), FORM, Step.MEND),
    ],
)
def test_what_is_left_to_do(final: ObjectStat | None, form: str | None, step: Step) -> None:
    assert step_for(job(), SOURCE, final, None, Headers(), form) is step


def test_headers_are_mended_with_a_label_too() -> None:
    final = replace_stat(labelled(SOURCE), content_type="image/jpeg", cache_control="no-cache")
    assert step_for(job(), SOURCE, final, None, Headers("image/jpeg", "no-cache"), FORM) is Step.NONE
    assert step_for(job(), SOURCE, final, None, Headers("image/jpeg", "max-age=1"), FORM) is Step.MEND


def test_where_the_source_is_gone_a_label_is_added_and_none_is_changed() -> None:
    of, state = job(), known().state("cup")
    (_, said) = events_of(of, Outcome(SOURCE), state)
    published = known(said).state("cup").published
    assert step_for(of, None, SOURCE, published, Headers(), FORM) is Step.LABEL
    assert step_for(of, None, SOURCE, published, Headers(), None) is Step.NONE
    assert step_for(of, None, stat("other"), published, Headers(), FORM) is Step.GONE
    assert step_for(of, None, None, published, Headers(), FORM) is Step.GONE
    there = labelled(SOURCE, OTHER)
    (_, said) = events_of(of, Outcome(there), state)
    published = known(said).state("cup").published
    assert step_for(of, None, there, published, Headers(), FORM) is Step.NONE


PLACES = st.sampled_from(
    [None, SOURCE, stat("older"), *(labelled(one, form) for one in (SOURCE, stat("older")) for form in (FORM, OTHER))]
)


@given(PLACES, st.sampled_from([None, FORM, OTHER]))
def test_once_it_is_done_nothing_is_left(final: ObjectStat | None, form: str | None) -> None:
    if step_for(job(), SOURCE, final, None, Headers(), form) is not Step.NONE:
        final = SOURCE if form is None else labelled(SOURCE, form)
    assert step_for(job(), SOURCE, final, None, Headers(), form) is Step.NONE
    # And what is there is what is wanted.
    assert final is not None
    note = read_note(final)
    assert (note and (note.source, note.form)) == (None if form is None else (content_tag(SOURCE), form))


@given(st.text(max_size=120))
def test_what_is_no_note_is_none(text: str) -> None:
    assert read_note(replace_stat(SOURCE, label=text)) is None


@given(st.integers(0, 2**40), st.integers(0, 2**64 - 1), st.sampled_from(["d41d8cd98f00b204-3", None]))
def test_a_note_is_read_as_it_was_written(size: int, crc64: int, etag: str | None) -> None:
    source = replace_stat(SOURCE, etag=etag or "e", crc64=None if etag else 5)
    note = note_of(source, Digest(size, crc64), FORM)
    assert read_note(replace_stat(SOURCE, size=size, crc64=crc64, label=str(note))) == note
    assert str(note).isascii()


def test_a_picture_that_a_check_has_rejected_is_published_by_nobody() -> None:
    assert job_of(line(check={"verdict": "rejected", "findings": []}), None) is None
    for check in ({"verdict": "ok"}, {"verdict": "not checked"}, None, "rejected"):
        assert job_of(line(check=check), None) is not None
        assert not is_rejected({"check": check})


def test_who_made_it_is_known() -> None:
    found = job_of(line(service="aidge"), None)
    assert found is not None
    assert found == replace(found, service="aidge", fingerprint=found.fingerprint)
    assert NEW
