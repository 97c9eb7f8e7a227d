"""The gallery in a real Airflow: what it shows, and to whom; in a browser as people see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from airflow_provider_mps.compat import SHOWS_PAGES
from airflow_provider_mps.core.gallery_paths import picture_id
from tests.system.gallery import ROOT, Pages, airflow_pages
from tests.system.gallery_auth import GUEST, READER, SEEN_BY_STRANGERS, STRANGER

pytestmark = [
    # The first of them starts an Airflow, and runs four DAGs.
    pytest.mark.timeout(600),
    pytest.mark.skipif(not SHOWS_PAGES, reason="Airflow shows pages of plugins from 3.1 on"),
]
MAPPED, AIDGE, ODD = "mps_bg_generation_mapped", "aidge_scene_background", "gallery_odd"
ROUTES = ("run", "results", "picture")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    dags: dict[Path, dict[str, Any]] = {ROOT / "dags" / f"{name}.py": {} for name in (SEEN_BY_STRANGERS, MAPPED, AIDGE)}
    dags[ROOT / "dags" / f"{SEEN_BY_STRANGERS}.py"] = {"local_dir": str(tmp_path_factory.mktemp("fetched"))}
    dags[ROOT / "tests/system/dags" / f"{ODD}.py"] = {}
    with airflow_pages(tmp_path_factory.mktemp("gallery") / "home", dags) as running:
        yield running


def pictures(pages: Pages, dag_id: str) -> list[dict[str, Any]]:
    return [one for result in pages.results(dag_id)["results"] for one in result["pictures"]]


def test_each_result_stands_with_what_it_was_made_from(pages: Pages) -> None:
    [fused] = pages.results(SEEN_BY_STRANGERS)["results"]
    assert [one["role"] for one in fused["pictures"]] == ["subject", "background", "result"]
    mapped = pages.results(MAPPED)["results"]
    assert [one["map_indexes"] for one in mapped] == [{"generate": index} for index in range(3)]
    assert all(one["prompt"] and one["seed"] == "42" and one["seconds"] >= 0 for one in mapped)
    [drawn] = pages.results(AIDGE)["results"]
    assert [one["role"] for one in drawn["pictures"]] == ["subject", *["result"] * 3]


@pytest.mark.parametrize("dag_id", [SEEN_BY_STRANGERS, AIDGE])
@pytest.mark.parametrize(("size", "longest"), [("thumb", 320), ("page", 1280), ("full", 4096)])
def test_pictures_come_through_the_plugin(pages: Pages, dag_id: str, size: str, longest: int) -> None:
    for one in pictures(pages, dag_id):
        answer = pages.get("picture", **pages.run(dag_id), id=one["id"], size=size)
        assert answer.status_code == 200, answer.text
        with Image.open(BytesIO(answer.content)) as picture:
            assert max(picture.size) <= longest
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"].startswith("private")


def test_nobody_sees_anything_without_logging_in(pages: Pages) -> None:
    [first, *_] = pictures(pages, MAPPED)
    for route in ("", "runs", *ROUTES):
        asked = {} if route in ("", "runs") else {**pages.run(MAPPED), "id": first["id"]}
        assert pages.get(route, None, **asked).status_code == 401


@pytest.mark.parametrize("user", [GUEST, STRANGER])
@pytest.mark.parametrize("route", ROUTES)
def test_who_may_not_read_the_xcoms_gets_403(pages: Pages, route: str, user: str) -> None:
    [first, *_] = pictures(pages, MAPPED)
    asked = {**pages.run(MAPPED), "id": first["id"]}
    answer = pages.get(route, user, **asked)
    assert answer.status_code == 403
    assert first["name"] not in answer.text
    for dag_id in ("~", "no_such_dag"):
        assert pages.get(route, user, **{**asked, "dag_id": dag_id}).status_code == 403
    # Several values of one parameter are one DAG for the rights, and no other for the data.
    twice = f"{route}?dag_id={MAPPED}&dag_id={SEEN_BY_STRANGERS}&run_id={quote(asked['run_id'])}&id={first['id']}"
    answer = pages.get(twice, user)
    assert answer.status_code in (403, 404) or first["id"] not in answer.text


def test_the_list_of_runs_has_those_that_a_user_may_see(pages: Pages) -> None:
    def listed(user: str) -> set[str]:
        answer = pages.get("runs", user)
        assert answer.status_code == 200
        return {one["dag_id"] for one in answer.json()["runs"]}

    assert listed(READER) == {SEEN_BY_STRANGERS, MAPPED, AIDGE}
    assert listed(STRANGER) == {SEEN_BY_STRANGERS}
    assert listed(GUEST) == set()


def test_a_picture_of_another_run_or_of_none_is_not_there(pages: Pages) -> None:
    foreign = pictures(pages, AIDGE)[-1]["id"]
    for wanted in (
        foreign,
        picture_id(f"cos://{pages.service.bucket}/samples/brick.png"),
        "../../etc/passwd",
        "0" * 24,
    ):
        answer = pages.get("picture", **pages.run(MAPPED), id=wanted)
        assert answer.status_code == 404
    answer = pages.get("picture", STRANGER, **pages.run(SEEN_BY_STRANGERS), id=foreign)
    assert answer.status_code == 404
    assert pages.get("results", dag_id=MAPPED, run_id="no such run").status_code == 404
    # Postgres takes no text with a NUL.
    for odd in ("", "a\0b"):
        assert pages.get("results", dag_id=MAPPED, run_id=odd).status_code == 422


def test_a_thousand_results_are_one_answer(pages: Pages) -> None:
    found = pages.results(ODD, task="many")
    assert (found["total"], len(found["results"])) == (1000, 1000)
    assert pages.results(ODD, text="sku-00123")["total"] == 1
    assert pages.results(ODD, task="{TASK_ID}", map_index="{MAP_INDEX}")["total"] == 0
    assert pages.results(ODD, finding="Odd")["total"] == 1


def test_no_secret_reaches_a_page_an_answer_or_the_log(pages: Pages) -> None:
    connections = pages.service.connection(), pages.service.aidge_connection()
    secrets = [one["password"] for one in connections]
    texts = [json.dumps(pages.results(dag_id)) for dag_id in pages.runs]
    texts += [pages.get("run", **pages.run(MAPPED)).text, pages.log.read_text()]
    for text in texts:
        assert not any(secret in text for secret in secrets)
        assert "q-signature" not in text
        assert "Signature=" not in text


# In a browser.


@pytest.fixture
def visit(pages: Pages, browser: Any) -> Iterator[Any]:
    """Open a page as a user, and fail for what it complains of."""
    contexts, complaints = [], []

    def open_page(address: str, user: str = READER, *, width: int = 1300, dark: bool = False) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        context.add_cookies([{"name": "_token", "value": pages.tokens[user], "url": pages.address}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def loaded(frame: Any, count: int) -> None:
    """Wait until so many pictures are there."""
    frame.wait_for_function(
        "count => [...document.querySelectorAll('figure img')].filter(one => one.naturalWidth > 0).length >= count",
        arg=count,
    )


def test_the_tab_of_a_run_and_of_a_task(pages: Pages, visit: Any) -> None:
    run_id = quote(pages.runs[MAPPED], safe="")
    for path, count in ((f"runs/{run_id}", 6), (f"runs/{run_id}/tasks/generate/mapped/1", 2)):
        page = visit(f"{pages.address}/dags/{MAPPED}/{path}")
        page.get_by_role("link", name="Pictures").click()
        handle = page.wait_for_selector("iframe")
        frame = handle.content_frame()
        frame.wait_for_selector("figure img")
        loaded(frame, count)
        assert frame.locator("figure img").count() == count
        assert "/airflow/mps-gallery/run" in frame.url


def test_under_browse_a_run_is_two_clicks_away(pages: Pages, visit: Any) -> None:
    page = visit(f"{pages.address}/mps-gallery/")
    page.get_by_role("link", name=SEEN_BY_STRANGERS).click()
    loaded(page, 3)


def test_filter_search_and_size(pages: Pages, visit: Any) -> None:
    page = visit(pages.page_of(ODD))
    page.wait_for_function("() => document.querySelectorAll('#results > li').length === 1000")
    page.get_by_label("State").select_option("failed")
    page.wait_for_function("() => document.querySelectorAll('#results > li').length === 1")
    assert "1 result" in page.locator("#summary").inner_text()
    page.get_by_label("State").select_option("")
    page.get_by_label("Search").fill("sku-0099")
    page.wait_for_function("() => document.querySelectorAll('#results > li').length === 10")
    width = page.locator("figure").first.bounding_box()["width"]
    page.get_by_label("Size").fill("300")
    assert page.locator("figure").first.bounding_box()["width"] > width


def test_results_of_one_subject_side_by_side(pages: Pages, visit: Any) -> None:
    page = visit(pages.page_of(MAPPED))
    loaded(page, 6)
    page.get_by_label("Together").select_option("subject")
    page.wait_for_function("() => document.querySelectorAll('#results > li').length === 1")
    assert page.locator("figcaption").all_inner_texts() == ["Subject", *(f"generate [{index}]" for index in range(3))]
    loaded(page, 4)
    page.locator("figure button").nth(2).click()
    assert page.locator("#left option").all_inner_texts() == ["Subject", *(f"generate [{index}]" for index in range(3))]


def test_the_slider_and_the_whole_picture_by_keyboard_alone(pages: Pages, visit: Any) -> None:
    page = visit(pages.page_of(SEEN_BY_STRANGERS))
    loaded(page, 3)
    page.locator("figure button").nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.getElementById('under').naturalWidth > 1280")
    assert page.locator("#viewer").is_visible()
    assert page.locator("#left option:checked").inner_text() == "Subject"
    assert page.locator("#right option:checked").inner_text() == "Result"
    clip = "getComputedStyle(document.getElementById('over')).clipPath"
    assert page.evaluate(clip) == "inset(0px 50% 0px 0px)"
    page.locator("#slider").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(clip) == "inset(0px 49% 0px 0px)"
    page.keyboard.press("Escape")
    assert not page.locator("#viewer").is_visible()
    assert page.evaluate("document.activeElement.matches('figure button')")


def test_hostile_names_are_shown_as_they_are(pages: Pages, visit: Any) -> None:
    page = visit(f"{pages.page_of(ODD)}&task=make")
    page.wait_for_function("() => document.querySelectorAll('#results > li').length === 6")
    assert page.evaluate("window.hacked") is None
    assert "<img src=x onerror='window.hacked=1'>" in page.locator("#results > li").first.inner_text()
    assert page.locator("#results script, #results svg").count() == 0


@pytest.mark.parametrize("dark", [False, True])
def test_narrow_and_dark(pages: Pages, visit: Any, dark: bool) -> None:
    page = visit(pages.page_of(ODD) + "&task=make", width=320, dark=dark)
    page.wait_for_selector("#results > li")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")[:3]
    assert (red + green + blue < 120) is dark


def test_labels_and_alternative_texts(pages: Pages, visit: Any) -> None:
    page = visit(pages.page_of(MAPPED))
    loaded(page, 6)
    texts = page.eval_on_selector_all("figure img", "all => all.map(one => one.alt)")
    assert texts[0] == "Subject of generate [0]"
    assert texts[1].startswith("Result of generate [0]: White marble")
    assert page.eval_on_selector_all("input, select", "all => all.filter(one => !one.labels.length).length") == 0


def test_a_page_that_got_no_answer_recovers(pages: Pages, visit: Any) -> None:
    page = visit(pages.page_of(MAPPED))
    loaded(page, 6)
    page.route("**/results?*", lambda route: route.fulfill(status=504, json={"detail": "The run was not read in time"}))
    page.get_by_label("Search").fill("marble")
    page.wait_for_function("() => document.getElementById('summary').textContent.includes('not read in time')")
    assert page.locator("#results > li").count() == 0
    page.unroute("**/results?*")
    page.wait_for_selector("#results > li")
    assert page.get_by_label("Search").input_value() == "marble"


def test_a_user_without_the_right_sees_nothing(pages: Pages, visit: Any) -> None:
    page = visit(pages.page_of(MAPPED), GUEST)
    assert page.locator("img").count() == 0
    assert "marble" not in page.content()
