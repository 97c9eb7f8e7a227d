"""The questions whether pictures may be published, from files and results, as Airflow's own operator asks them."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mps.core.gallery_paths import Size, picture_path
from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.gallery import approval_questions
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.pictures import ApprovalQuestionsOperator
from airflow_provider_mps.storage.lines import read_lines
from tests.catalogue.approval.asked import HOSTILE, entry
from tests.task_context import execute, make_context

from .publishing import Shop


@pytest.fixture
def shop(service: LocalService, conn_id: str) -> Shop:
    return Shop(service)


def ask(**given: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = execute(ApprovalQuestionsOperator(task_id="questions", **given), make_context())
    return found


def test_questions_about_the_file_of_a_batch(shop: Shop) -> None:
    made = shop.make(shop.line(f"cup-{number}/white") for number in range(45))
    questions = ask(pictures=made)
    lines = list(read_lines(shop.files, made["path"]))
    assert questions == approval_questions(lines, dag_id="dag", run_id="run", title="dag")
    assert [len(one["options"]) for one in questions] == [22, 22, 7]
    assert ask(pictures=[made["path"], None]) == questions
    first = f"cos://{shop.service.bucket}/output/cup-0/white-1.jpeg"
    assert picture_path("dag", "run", first, Size.THUMB) in questions[0]["body"]


def test_questions_about_entries_and_results(conn_id: str) -> None:
    entries = [entry(number) for number in range(3)]
    expected = approval_questions(entries, dag_id="dag", run_id="run", title="Round 2", per="picture")
    assert ask(pictures=entries, per="picture", title="Round 2") == expected
    # Those of mapped tasks are in one more list; None is of one that was skipped.
    assert ask(pictures=[[entries[0]], None, entries[1:]], per="picture", title="Round 2") == expected
    assert len(ask(pictures=entries[0])) == 1


def test_where_there_is_nothing_to_ask_there_is_no_question(conn_id: str) -> None:
    for nothing in ([], [None], [entry(1, Error={"Code": "x"})]):
        assert ask(pictures=nothing) == []


def test_contact_sheets_of_their_task(conn_id: str) -> None:
    entries = [entry(number) for number in range(4)]
    outputs = [{"bucket": "b", "path": f"/s-{n}.jpeg", "cos_uri": f"cos://b/s-{n}.jpeg"} for n in range(2)]
    both = ask(pictures=entries, per_page=2, sheets={"Outputs": outputs, "counts": {}})
    for question, output in zip(both, outputs, strict=True):
        assert question["body"].startswith(f"[![contact sheet]({picture_path('dag', 'run', output['cos_uri'])})]")
    one = ask(pictures=entries, per_page=2, sheets=[{"uri": "s3://b/x.jpeg"}])
    assert all(picture_path("dag", "run", "s3://b/x.jpeg") in question["body"] for question in one)
    others = ask(pictures=entries, per_page=3, sheets=["cos://b/1", "cos://b/2", "cos://b/3"])
    assert not any("contact sheet" in question["body"] for question in others)


def test_a_thousand_hostile_names_have_options_that_airflow_takes(conn_id: str) -> None:
    entries = [entry(number, key=HOSTILE[number % len(HOSTILE)]) for number in range(1000)]
    questions = ask(pictures=entries, per_page=50, none_by_default=True)
    assert len(questions) == 20
    options = [option for question in questions for option in question["options"]]
    assert len(set(options)) == len(options) == 1000 + 2 * 20
    assert all(set(question["defaults"]) <= set(question["options"]) for question in questions)


@pytest.mark.parametrize(
    "given",
    [{"per": "day"}, {"per_page": 0}, {"per_page": 51}, {"title": ""}, {"none_by_default": "perhaps"}],
)
def test_fixed_arguments_are_checked_when_the_dag_is_read(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        ApprovalQuestionsOperator(task_id="questions", pictures=[], **given)


@pytest.mark.parametrize(
    "given", [{"pictures": [7]}, {"pictures": {"a": 1}}, {"pictures": [], "sheets": [7]}, {"pictures": 7}]
)
def test_rendered_values_are_checked(conn_id: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="sheets" if "sheets" in given else "pictures"):
        ask(**given)
