from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any

import pytest

from airflow_provider_mps.compat import SHOWS_PAGES
from airflow_provider_mps.gallery import words
from airflow_provider_mps.gallery.plugin import MpsGalleryPlugin


def test_airflow_finds_it_by_its_entry_point() -> None:
    [found] = [one for one in entry_points(group="airflow.plugins") if one.name == "mps_gallery"]
    assert found.load() is MpsGalleryPlugin


@pytest.mark.skipif(SHOWS_PAGES, reason="Airflow shows pages of plugins")
def test_it_stays_away_where_airflow_shows_no_pages() -> None:
    assert (MpsGalleryPlugin.fastapi_apps, MpsGalleryPlugin.external_views) == ([], [])


@pytest.mark.skipif(not SHOWS_PAGES, reason="Airflow shows pages of plugins from 3.1 on")
def test_its_tabs_are_beneath_the_base_path_of_airflow() -> None:
    views: list[dict[str, Any]] = list(MpsGalleryPlugin.external_views)
    assert [one["destination"] for one in views] == ["dag_run", "task_instance", "nav"]
    # Without one, Airflow shows no tab.
    assert len({one["url_route"] for one in views}) == 3
    assert not any(one["href"].startswith(("/", "http")) for one in views)
    [app] = MpsGalleryPlugin.fastapi_apps
    assert all(one["href"].startswith(app["url_prefix"].removeprefix("/")) for one in views)


def test_loading_it_loads_no_server() -> None:
    heavy = ("airflow_provider_mps.gallery.s", "PIL", "tencentcloud")
    script = (
        "import sys, airflow_provider_mps.gallery.plugin\n"
        f"print([name for name in sys.modules if name.startswith({heavy!r})])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_the_names_of_operators_and_sensors_are_theirs() -> None:
    from airflow_provider_mps.operators import aidge, aidge_batch, mps
    from airflow_provider_mps.sensors import aidge as aidge_sensors
    from airflow_provider_mps.sensors import mps as mps_sensors

    known = [*vars(aidge), *vars(aidge_batch), *vars(mps), *vars(aidge_sensors), *vars(mps_sensors)]
    assert set(words.SUBMITTERS) | set(words.WAITERS) <= set(known)
