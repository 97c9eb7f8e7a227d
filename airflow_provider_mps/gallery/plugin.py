"""The plugin by which Airflow 3.1 and newer shows the gallery: a tab of a run, one of a task, an entry under Browse."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from airflow_provider_mps.compat import SHOWS_PAGES
from airflow_provider_mps.core.gallery_paths import BROWSE_ROUTE, RUN_ROUTE, TASK_ROUTE, URL_PREFIX


class LazyApp:
    """The app of the gallery, made when somebody first asks: plugins are loaded by schedulers and workers too."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, as ASGI has it."""
        if self._app is None:
            from airflow_provider_mps.gallery.server import make_app

            self._app = make_app()
        await self._app(scope, receive, send)


# Without a slash at its beginning, which would leave the base path of Airflow.
_PAGE = URL_PREFIX.removeprefix("/")
_RUN = f"{_PAGE}/run?dag_id={{DAG_ID}}&run_id={{RUN_ID}}"


def _view(destination: str, href: str, url_route: str) -> dict[str, str]:
    return {"name": "Pictures", "href": href, "destination": destination, "url_route": url_route}


class MpsGalleryPlugin(AirflowPlugin):
    """Pictures of a run in Airflow's own pages."""

    name = "mps_gallery"
    fastapi_apps = [{"app": LazyApp(), "url_prefix": URL_PREFIX, "name": "Pictures"}] if SHOWS_PAGES else []
    external_views = (
        [
            _view("dag_run", _RUN, RUN_ROUTE),
            _view("task_instance", f"{_RUN}&task={{TASK_ID}}&map_index={{MAP_INDEX}}", TASK_ROUTE),
            {**_view("nav", f"{_PAGE}/", BROWSE_ROUTE), "category": "browse"},
        ]
        if SHOWS_PAGES
        else []
    )
