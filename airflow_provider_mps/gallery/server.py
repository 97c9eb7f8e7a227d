"""The app of the gallery, which Airflow's API server mounts: a page, its data, and pictures."""

from __future__ import annotations

import secrets
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from airflow_provider_mps.compat_database import recent_runs
from airflow_provider_mps.compat_server import known_user, may_read_xcoms, readable_dags
from airflow_provider_mps.core.gallery_paths import Size
from airflow_provider_mps.gallery.pictures import NotShownError, Pictures, Served
from airflow_provider_mps.gallery.runs import Filter, Runs
from airflow_provider_mps.gallery.waiting import Places, Threads
from airflow_provider_mps.gallery.words import SUBMITTERS

# What is afar may be slow or dead: the threads of the API server are not for waiting, and nobody waits for ever. A
# page is read in others than pictures are, so that it can say why there are none.
READERS, FETCHERS = 2, 4
READ_SECONDS, FETCH_SECONDS = 60.0, 30.0
_NOT_READ = "The run was not read in time: its files are in a storage that does not answer, or many look at runs"
_NOT_FETCHED = "Its storage does not answer in time, or many look at pictures: open the page again in a minute"
# Of whole pictures, each of which may have 40 MB.
WHOLE_AT_ONCE, WHOLE_SECONDS = 8, 120.0
RECENT_RUNS = 50
# A browser keeps a picture for so long; it is nobody else's.
_KEPT_SECONDS = 600
_PAGE = Path(__file__).parent / "page"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'; sandbox",
}
# An id that Airflow can have given, so that nobody asks for no DAG, which would be all of them.
_Id = Annotated[str, Query(min_length=1, max_length=1000, pattern="^[^\\x00]+$")]
_Text = Annotated[str, Query(max_length=1000)]


def make_app() -> FastAPI:
    """Return the app; each of its routes asks who is there."""
    app = FastAPI(title="Pictures", docs_url=None, redoc_url=None, openapi_url=None)
    runs, pictures = Runs(), Pictures()
    readers = Threads(READERS, READ_SECONDS, _NOT_READ)
    _add_pages(app, readers)
    _add_results(app, runs, readers)
    _add_pictures(app, runs, pictures, Threads(FETCHERS, FETCH_SECONDS, _NOT_FETCHED))
    return app


def _add_pages(app: FastAPI, in_thread: Threads) -> None:
    @app.get("/", dependencies=[known_user()])
    async def begin() -> HTMLResponse:
        """Show the last runs."""
        return _page()

    @app.get("/run", dependencies=may_read_xcoms())
    async def run_page(dag_id: _Id) -> HTMLResponse:
        """Show the pictures of a run."""
        return _page()

    @app.get("/runs")
    async def list_runs(user: Annotated[Any, known_user()]) -> JSONResponse:
        """Return the last runs that may have pictures, of the DAGs that the user may read."""

        def read() -> list[Any]:
            dags = readable_dags(user)
            return recent_runs(dags, SUBMITTERS, RECENT_RUNS) if dags else []

        return _json({"runs": [one._asdict() for one in await in_thread(read)]})


def _add_results(app: FastAPI, runs: Runs, in_thread: Threads) -> None:
    @app.get("/results", dependencies=may_read_xcoms())
    async def results(
        dag_id: _Id,
        run_id: _Id,
        task: _Text = "",
        map_index: _Text = "",
        iteration: _Text = "",
        state: _Text = "",
        finding: _Text = "",
        text: _Text = "",
        offset: int = Query(0, ge=0),
    ) -> JSONResponse:
        """Return the results of a run."""
        asked = Filter(task, _index(map_index), iteration, state, finding, text)
        found = await in_thread(partial(runs.page, dag_id, run_id, asked, offset))
        if found is None:
            raise HTTPException(404, "There is no such run")
        return _json(found)


def _add_pictures(app: FastAPI, runs: Runs, pictures: Pictures, in_thread: Threads) -> None:
    places = Places(WHOLE_AT_ONCE, WHOLE_SECONDS)

    @app.get("/picture", dependencies=may_read_xcoms())
    async def picture(dag_id: _Id, run_id: _Id, id: _Id, size: Size = Size.PAGE) -> Response:
        """Return a picture of a result of a run."""

        def read() -> Served | None:
            source = runs.source(dag_id, run_id, id)
            try:
                return None if source is None else pictures.get((dag_id, run_id), source, size)
            except NotShownError as error:
                raise HTTPException(error.status, str(error), _HEADERS) from None

        if size is not Size.FULL:
            return _answer(await in_thread(read))
        places.take()
        try:
            answer = _answer(await in_thread(read))
        except BaseException:
            places.leave()
            raise
        return places.response(answer)


def _answer(served: Served | None) -> Response:
    if served is None:
        raise HTTPException(404, "There is no such picture in this run", _HEADERS)
    kept = {"Cache-Control": f"private, max-age={_KEPT_SECONDS}"}
    return Response(served.data, media_type=served.content_type, headers=_HEADERS | kept)


def _page() -> HTMLResponse:
    """Return the page, which asks for its data itself; nothing of a run is written into it."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    return HTMLResponse(_template().replace("NONCE", nonce), headers=_HEADERS | {"Content-Security-Policy": policy})


@cache
def _template() -> str:
    page = (_PAGE / "gallery.html").read_text("utf-8")
    for name in ("gallery.css", "gallery.js"):
        page = page.replace(f"/* {name} */", (_PAGE / name).read_text("utf-8"))
    return page


def _json(value: Any) -> JSONResponse:
    return JSONResponse(value, headers=_HEADERS)


def _index(text: str) -> int | None:
    """Return a map index; None where the page of a task has none, and leaves its placeholder as it is."""
    return int(text) if text.isdecimal() and len(text) < 10 else None
