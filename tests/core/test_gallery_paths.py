from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.gallery_paths import Size, base_path, gallery_path, picture_id, picture_path


@pytest.mark.parametrize(
    ("base_url", "base"),
    [
        (None, ""),
        ("", ""),
        ("http://localhost:8080", ""),
        ("http://localhost:8080/", ""),
        ("https://data.example.com/airflow", "/airflow"),
        ("https://data.example.com/team/airflow/", "/team/airflow"),
        ("airflow", ""),
    ],
)
def test_the_base_path_of_airflow(base_url: str | None, base: str) -> None:
    assert base_path(base_url) == base


@given(st.text(), st.text(), st.text(), st.integers(-1, 10), st.sampled_from(["", "0f-2"]))
def test_names_survive_a_path(dag_id: str, run_id: str, task_id: str, map_index: int, iteration: str) -> None:
    dag_id, run_id, task_id = (text.encode("utf-8", "replace").decode() for text in (dag_id, run_id, task_id))
    found = urlsplit(gallery_path(dag_id, run_id, task_id, map_index, iteration, base="/airflow"))
    asked = {"dag_id": dag_id, "run_id": run_id, "task": task_id}
    if map_index >= 0:
        asked["map_index"] = str(map_index)
    if iteration:
        asked["iteration"] = iteration
    assert (found.path, dict(parse_qsl(found.query, keep_blank_values=True))) == ("/airflow/mps-gallery/run", asked)
    shown = urlsplit(picture_path(dag_id, run_id, "cos://b-1250000000/a.png", Size.FULL))
    asked = {"dag_id": dag_id, "run_id": run_id, "id": picture_id("cos://b-1250000000/a.png"), "size": "full"}
    assert (shown.path, dict(parse_qsl(shown.query, keep_blank_values=True))) == ("/mps-gallery/picture", asked)


@given(st.text(), st.text())
def test_pictures_are_told_apart(one: str, other: str) -> None:
    assert (picture_id(one) == picture_id(other)) is (one == other)
