from __future__ import annotations

import contextlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.aidge.picture_names import DEFAULT_NAME, Place, check, stems


def test_the_default_is_task_and_number() -> None:
    assert stems(DEFAULT_NAME, None, {"a/b": ["x", "y"], "c": ["z"]}) == {
        Place("a/b", 1): "a%2Fb-1",
        Place("a/b", 2): "a%2Fb-2",
        Place("c", 1): "c-1",
    }


def test_titles_and_scenes() -> None:
    found = stems("{title}_{scene}_{n}", " Coffee/cup: 50% #1 ", {"t": ["Kitchen, morning", "海滩"]})
    assert list(found.values()) == ["Coffee-cup-50-1_Kitchen,-morning_1", "Coffee-cup-50-1_海滩_2"]


@pytest.mark.parametrize(
    ("title", "scene"), [("x" * 300, "a"), ("杯" * 100, "海" * 100), ("cup", "y" * 300), ("a " * 150, "b." * 150)]
)
@pytest.mark.parametrize(
    "template", ["{title}-{n}", "{title}-{scene}-{n}", "{scene} of {title} {title} {n}", DEFAULT_NAME]
)
def test_long_words_are_cut_before_what_tells_pictures_apart(template: str, title: str, scene: str) -> None:
    found = stems(template, title, {"t": [scene] * 10})
    assert len(set(found.values())) == 10
    assert all(len(stem.encode()) <= 180 and stem.endswith(str(place.number)) for place, stem in found.items())


def test_what_is_too_long_without_words_is_cut_at_its_end() -> None:
    assert list(stems("{n}" + "z" * 300, None, {"t": ["a", "b"]}).values()) == ["1" + "z" * 179, "2" + "z" * 179]


@pytest.mark.parametrize("odd", ["?", "#", "\n", "\0", "\x1b", "\\", ":", "*", '"', "<", ">", "|", "%", "?#"])
def test_what_no_file_name_may_hold_is_replaced_in_a_template_too(odd: str) -> None:
    assert list(stems(f"Cup {odd}{{n}}", None, {"t": ["a", "b"]}).values()) == ["Cup -1", "Cup -2"]


def test_a_scene_that_is_no_text_in_utf_8() -> None:
    assert list(stems("{scene}-{n}", None, {"t": ["a\ud800b"]}).values()) == ["a-b-1"]


@pytest.mark.parametrize(
    ("template", "title", "said"),
    [
        ("{title}", None, "title is required"),
        ("{title}", "cup", "picture 1 of task t and picture 2 of task t would both be named 'cup'"),
        ("{sku}", None, "name: expected a file name without extension"),
        ("{n!r}", None, "name: expected a file name"),
        ("{n:03}", None, "name: expected a file name"),
        ("{n", None, "name: expected a file name"),
        ("{}", None, "name: expected a file name"),
        ("a/{n}", None, "name: expected a file name"),
        ("", None, "name: expected a text that is not empty"),
    ],
)
def test_what_cannot_be_used_is_refused(template: str, title: str | None, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        stems(template, title, {"t": ["a", "b"]})


TEMPLATES = ["{title}-{n}", "{scene}-{n}", "{title}{scene}{n}", "..{scene}{n}"]


@given(st.text(), st.text(min_size=1), st.sampled_from(TEMPLATES))
def test_no_word_leads_out_of_the_folder(scene: str, title: str, template: str) -> None:
    assume(title.strip() and title.isprintable())
    (stem,) = stems(template, title, {"t": [scene]}).values()
    assert stem
    assert not stem.startswith(".")
    assert not set(stem) & set('/\\:*?"<>|\x00\n')
    assert len(stem.encode()) <= 180


@given(st.text())
def test_a_template_is_read_or_refused(template: str) -> None:
    with contextlib.suppress(ArgumentError):
        assert check("name", template) == template
