"""People who look at pictures under a whole Airflow: by its API, and by its pages in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from airflow_provider_mps.compat import ASKS_PEOPLE
from airflow_provider_mps.local.service import LocalService
from tests.system.real_airflow import RealAirflow
from tests.system.review import REVIEW, Review
from tests.whole import WHOLE

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not ASKS_PEOPLE, reason="Airflow asks people from 3.1 on"),
]

takes_minutes = pytest.mark.skipif(not WHOLE, reason="takes minutes")
HOSTILE = "/review/{{ 7919 * 7907 }} [x](javascript:y) | <b>`.png"


@pytest.fixture
def page(airflow: RealAirflow, browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "_token", "value": airflow.token(), "url": airflow.env["AIRFLOW__API__BASE_URL"]}])
    yield context.new_page()
    context.close()


def tick(page: Any, review: Review, task_id: str, index: int, options: list[str]) -> Callable[[], None]:
    """Return what opens a question, finds options by their text and sends them, as a person does."""

    def answer() -> None:
        page.goto(review.page(task_id, index))
        box = page.locator("#element_chosen_options input[role=combobox]")
        for option in options:
            # The page moves as pictures arrive, and its list of options with it.
            box.fill(option)
            page.get_by_role("option", name=option, exact=True).wait_for()
            box.press("Enter")
            page.get_by_role("option", name=option, exact=True).wait_for(state="hidden")
        page.get_by_role("button", name="Respond").click()
        page.get_by_text("Response received").first.wait_for()

    return answer


def test_nothing_is_published_before_somebody_has_said_yes(
    airflow: RealAirflow, cloud: LocalService, page: Any
) -> None:
    cloud.put_object(cloud.bucket, HOSTILE, cloud.get_object(cloud.bucket, "/samples/vase.png"))
    products = ["/samples/coffee.png", HOSTILE, "/samples/bottle.png"]
    review = Review(airflow, cloud, {"products": products, "seed": 7})
    address, headers = review.page("ask_1", 0), {"Authorization": f"Bearer {airflow.token()}"}
    # In each round: what is asked about, the beginning of what is chosen, and how many were paid for by then.
    rounds = [(products, "3. /samples/bottle.png [", 3), (products[:2], "All of these [", 5)]
    for number, (asked, chosen, paid) in enumerate(rounds, start=1):
        question = review.question(f"ask_{number}")
        options = question["options"]
        assert [sum(name in option for option in options) for name in asked] == [1] * len(asked)
        # All, and none.
        assert len(options) == len(asked) + 2
        assert review.submitted == paid
        assert review.published == set()
        # Airflow renders neither what it maps over nor the options.
        assert str(7919 * 7907) not in question["subject"] + question["body"] + "".join(options)
        pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", question["body"])
        # The sheet, and each before and after.
        assert len(pictures) == 1 + 2 * len(asked)
        for path in (pictures[0], *pictures[-2:]):
            # As a browser asks for it, from the page of the question.
            drawn = httpx.get(urljoin(address, path), headers=headers, trust_env=False, timeout=60)
            assert drawn.content.startswith(b"\xff\xd8\xff")
        options = [option for option in options if option.startswith(chosen)][:1]
        if number == 1:
            review.respond("ask_1", 0, tick(page, review, "ask_1", 0, options))
        else:
            review.answer(f"ask_{number}", *options)
    airflow.wait_finished(REVIEW, review.run, 120)
    assert airflow.run_state(REVIEW, review.run) == "success", review.logs[-6000:]
    assert review.submitted == 5
    found = airflow.xcom(REVIEW, review.run, "publish")
    assert [one["key"] for one in found] == [products[2], *products[:2]]
    assert {output["path"] for one in found for output in one["Outputs"]} == review.published
    assert len(review.published) == 3
    assert all(one["approval"]["approved"] and one["approval"]["by"]["id"] and one["approval"]["at"] for one in found)


@takes_minutes
def test_whoever_clears_a_question_answers_it_anew(airflow: RealAirflow, cloud: LocalService) -> None:
    review = Review(airflow, cloud, {"per": "picture", "products": ["/samples/coffee.png", "/samples/vase.png"]})
    for number in (1, 2, 3):
        for index in (0, 1):
            review.answer(f"ask_{number}", review.question(f"ask_{number}", index)["options"][-1], index=index)
    airflow.wait_finished(REVIEW, review.run, 240)
    assert airflow.run_state(REVIEW, review.run) == "success", review.logs[-6000:]
    assert (review.submitted, review.published) == (6, set())
    # What was rejected for good is asked about once more; the rounds before, and what they have paid for, stay.
    airflow.clear(REVIEW, review.run, "ask_3")
    airflow.clear(REVIEW, review.run, "approved")
    airflow.clear(REVIEW, review.run, "publish")
    for index in (0, 1):
        question = review.question("ask_3", index)
        review.answer("ask_3", question["options"][-index], index=index)
    airflow.wait_finished(REVIEW, review.run, 240)
    assert airflow.run_state(REVIEW, review.run) == "success", review.logs[-6000:]
    assert review.submitted == 6
    (found,) = airflow.xcom(REVIEW, review.run, "publish")
    assert found["key"] == "/samples/coffee.png"
    assert len(review.published) == 1


@takes_minutes
def test_forty_of_sixty_are_approved_by_clicks(airflow: RealAirflow, cloud: LocalService, page: Any) -> None:
    sample = cloud.get_object(cloud.bucket, "/samples/coffee.png")
    products = [f"/clicked/{number:02}.png" for number in range(60)]
    for key in products:
        cloud.put_object(cloud.bucket, key, sample)
    review = Review(airflow, cloud, {"products": products, "seed": 7})
    questions = [review.question("ask_1", index) for index in range(3)]
    page.goto(review.page("ask_1", 0))
    # The sheet, and each before and after.
    drawn = "() => [...document.querySelectorAll('img')].filter(one => one.naturalWidth > 0).length >= 41"
    page.wait_for_function(drawn)
    assert review.published == set()
    chosen = [questions[0]["options"][:1], questions[1]["options"][1:13], questions[2]["options"][5:13]]
    for index, options in enumerate(chosen):
        review.respond("ask_1", index, tick(page, review, "ask_1", index, options))
    rejected = {*products[32:44], *products[52:]}
    for number, submitted in ((2, 80), (3, 100)):
        (none,) = review.question(f"ask_{number}")["options"][-1:]
        assert review.submitted == submitted
        review.respond(f"ask_{number}", 0, tick(page, review, f"ask_{number}", 0, [none]))
    airflow.wait_finished(REVIEW, review.run, 120)
    assert airflow.run_state(REVIEW, review.run) == "success", review.logs[-6000:]
    assert review.submitted == 100
    found = airflow.xcom(REVIEW, review.run, "publish")
    assert [one["key"] for one in found] == [key for key in products if key not in rejected]
    assert len(review.published) == 40
