"""Nothing is published before somebody has said yes: through the real SDK, with what Airflow returns of questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator

from airflow_provider_mps.core import calls
from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.gallery import approval_questions
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.catalogue import CataloguePublishOperator, CatalogueReportOperator
from airflow_provider_mps.storage.lines import read_lines, write_lines
from tests.catalogue.approval.asked import ADA, answer
from tests.task_context import execute, make_context

from .publishing import Shop, counts, picture

WHEN = "2026-11-30T12:00:00.000Z"
OK = {"verdict": "ok", "findings": []}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", lambda state: 0)


@pytest.fixture
def shop(service: LocalService, conn_id: str) -> Shop:
    return Shop(service)


def asked(shop: Shop, made: dict[str, Any], **given: Any) -> list[list[str]]:
    """Return the options of each question about pictures that a batch has made."""
    lines = list(read_lines(shop.files, made["path"]))
    found = approval_questions(lines, dag_id="d", run_id="r", base="", **given)
    return [question["options"] for question in found]


def in_shop(shop: Shop, items: Any) -> list[str]:
    return [item for item in items if shop.get(shop.final(item)) is not None]


def test_approval_of_40_of_60_publishes_exactly_40(shop: Shop) -> None:
    items = [f"cup-{number:02}/white" for number in range(60)]
    made = shop.make(shop.line(item) for item in items)
    questions = asked(shop, made)
    assert len(questions) == 3
    # A whole page, a page picture by picture, and none of the last one.
    answers = [answer(questions[0][:1]), answer(questions[1][1:-1]), answer(questions[2][-1:])]
    output = shop.publish(made, approved=answers, keep_previous="/previous/")
    assert in_shop(shop, items) == items[:40]
    assert output["counts"] == counts(published=40, not_approved=20)
    lines = list(read_lines(shop.files, output["path"]))
    assert [line["approval"] for line in lines] == [
        {"approved": number < 40, "by": ADA, "at": WHEN} for number in range(60)
    ]
    assert [("published" in line) for line in lines] == [True] * 40 + [False] * 20
    # Whoever clears the publication alone gets the same.
    copies = len(shop.service.calls("CopyObject"))
    assert shop.publish(made, approved=answers)["counts"]["published"] == 40
    assert len(shop.service.calls("CopyObject")) == copies
    record = shop.record()
    assert [record.state(item).published is not None for item in items] == [True] * 40 + [False] * 20
    report = execute(
        CatalogueReportOperator(
            task_id="report", pictures=made, published=output, dest=f"{shop.catalogue}/reports/", thumbnails=False
        ),
        make_context(task_id="report"),
    )
    assert (report["counts"]["published"], report["counts"]["not_approved"]) == (40, 20)


@pytest.mark.parametrize(
    "nothing", [[], [None], {"chosen_options": [], "responded_by_user": None, "responded_at": None}]
)
def test_without_an_answer_nothing_is_published(shop: Shop, nothing: Any) -> None:
    made = shop.make([shop.line("cup/white")])
    output = shop.publish(made, approved=nothing)
    assert output["counts"] == counts(not_approved=1)
    assert in_shop(shop, ["cup/white"]) == []
    assert shop.record().state("cup/white").publishing is None


def test_a_question_that_found_nothing_when_rendered_approves_nothing(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white")])
    with DAG("d") as dag:
        ask = BaseOperator(task_id="ask")
        operator = CataloguePublishOperator(
            task_id="publish", pictures=made, approved=ask.output, label=None, unchecked=True
        )
    assert dag.get_task("publish") is operator
    # As Airflow renders the output of a task that was skipped.
    operator.approved = None
    assert execute(operator, make_context(task_id="publish"))["counts"] == counts(not_approved=1)
    assert in_shop(shop, ["cup/white"]) == []


def test_the_timeout_of_a_question_publishes_nothing_and_is_told(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white"), shop.line("jug/white")])
    ((*_, none),) = asked(shop, made)
    output = shop.publish(made, approved=answer([none], by=None))
    assert output["counts"] == counts(not_approved=2)
    (first, _) = read_lines(shop.files, output["path"])
    assert first["approval"] == {"approved": False, "by": None, "at": WHEN}


def test_an_answer_about_an_earlier_picture_of_the_item_publishes_nothing(shop: Shop, lines: Callable[[], str]) -> None:
    first = shop.make([shop.line("cup/white", 1)])
    ((yes, _),) = asked(shop, first)
    again = shop.line("cup/white", 2)
    again["entry"]["TaskId"] = "task-of-the-second-round"
    second = shop.make([again], "later")
    output = shop.publish(second, approved=answer([yes]))
    assert output["counts"] == counts(not_approved=1)
    said = lines()
    assert "1 option chosen of a picture that is not here" in said
    assert "0 of 1 picture approved" in said
    assert in_shop(shop, ["cup/white"]) == []


def test_a_page_with_failed_and_rejected_ones_and_one_that_goes(shop: Shop) -> None:
    failed = shop.line("bad/white")
    failed["entry"] = {**failed["entry"], "Outputs": [], "Error": {"Code": "x", "Message": "", "RequestId": ""}}
    rejected = shop.line("ugly/white", check={"verdict": "rejected", "findings": []})
    made = shop.make([shop.line("old/white")])
    shop.publish(made)
    gone = {name: shop.line("old/white")[name] for name in ("item", "sku", "look", "service")}
    gone |= {"action": "unpublish", "why": "removed", "was": f"cos://{shop.service.bucket}{shop.final('old/white')}"}
    lines = [failed, shop.line("cup/white", check=OK), gone, rejected, shop.line("jug/white", check=OK)]
    made = shop.make(lines)
    ((_, _, jug, _),) = asked(shop, made)
    output = shop.publish(made, approved=answer([jug]))
    assert output["counts"] == counts(published=1, not_approved=1, without_picture=1, rejected=1, unpublished=1)
    assert in_shop(shop, [line["item"] for line in lines]) == ["jug/white"]
    told = {line["item"]: line.get("approval", {}).get("approved") for line in read_lines(shop.files, output["path"])}
    assert told == {
        **{"bad/white": None, "cup/white": False, "old/white": None},
        **{"ugly/white": None, "jug/white": True},
    }


def test_the_chosen_one_of_several_pictures_is_published(shop: Shop) -> None:
    line = shop.line("cup/white")
    made = shop.make([line])
    (first,) = line["entry"]["Outputs"]
    other = {**first, "path": "/output/other.jpeg"}
    shop.service.put_object(other["bucket"], other["path"], picture("other", 7))
    made["path"] = f"{shop.catalogue}/runs/run/several.jsonl"
    write_lines(shop.files, made["path"], [{**line, "entry": {**line["entry"], "Outputs": [first, other]}}])
    ((_, second, _),) = asked(shop, made, per="product")
    assert shop.publish(made, approved=answer([second]))["counts"] == counts(published=1)
    assert shop.get(shop.final("cup/white")) == picture("other", 7)


def test_several_files_with_a_question_each(shop: Shop) -> None:
    one = shop.make([shop.line("cup/white"), shop.line("cup/wood")])
    other = shop.make([shop.line("jug/white"), shop.line("jug/wood")])
    answers = [[answer([asked(shop, one)[0][1]])], answer([asked(shop, other)[0][0]])]
    output = shop.publish([one, other], approved=answers)
    assert output["counts"] == counts(published=3, not_approved=1)
    assert shop.published(output)["cup/wood"] is None


def test_approval_does_not_stand_for_the_check(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white")])
    with pytest.raises(InvalidArgumentError, match="no check has looked at cup/white"):
        shop.publish(made, approved=answer([asked(shop, made)[0][0]]), unchecked=False)


@pytest.mark.parametrize(
    "value", [answer(["Approve"]), [answer(["x"])], "{'chosen_options': []}", {"path": "x"}, 7, None]
)
def test_what_is_no_answer_is_refused_when_the_dag_is_read(value: Any) -> None:
    with pytest.raises(ValueError, match="approved"):
        CataloguePublishOperator(task_id="publish", pictures={"path": "x", "catalogue": "cos:///c"}, approved=value)


def test_an_answer_of_a_plain_approval_is_refused_before_anything_is_published(shop: Shop) -> None:
    made = shop.make([shop.line("cup/white")])
    operator = CataloguePublishOperator(
        task_id="publish", pictures=made, approved="{{ x }}", label=None, unchecked=True
    )
    operator.approved = answer(["Approve"])
    with pytest.raises(InvalidArgumentError, match="ApprovalQuestionsOperator"):
        execute(operator, make_context(task_id="publish"))
    assert in_shop(shop, ["cup/white"]) == []
