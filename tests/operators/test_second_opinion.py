"""The service is asked about pictures in which nothing was found wrong: if that is wanted, and once of each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.catalogue.errors import PicturesRejectedError
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudPermanentError
from airflow_provider_mps.hooks import budget as hooks_budget
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators import picture_check
from airflow_provider_mps.operators.catalogue import CatalogueReportOperator
from airflow_provider_mps.operators.pictures import PictureCheckOperator
from airflow_provider_mps.services.tencentcloud.codes import PICTURES_PER_DAY_REACHED
from airflow_provider_mps.storage.files import Files
from tests.catalogue.nights import CATALOGUE, MANIFEST, SKUS
from tests.operators.test_batch import fire
from tests.operators.test_picture_check import Checks
from tests.task_context import execute

pytestmark = pytest.mark.usefixtures("_no_waits")
OPINION = "ServiceQuality"
# Of these brightness tells nothing, and is there all the same.
ANY = {"IQA": 0, "Sharpness": 0}


@pytest.fixture
def service() -> Any:
    """Pictures as large as they are asked for."""
    with LocalService(task_seconds=0, rate_limit=0) as service:
        yield service


@pytest.fixture
def nights(service: LocalService, conn_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opinions:
    for name, seconds in (("TAKE_OVER_SECONDS", 0.2), ("START_SECONDS", 0.02), ("GATHER_SECONDS", 0.005)):
        monkeypatch.setattr(batch_writer, name, seconds)
    nights = Opinions(service, tmp_path, monkeypatch)
    monkeypatch.setattr(picture_check, "is_run_over", lambda ti, dag_id, run_id: run_id in nights.over)
    return nights


class Opinions(Checks):
    """Nights whose pictures the service is asked about."""

    @property
    def questions(self) -> list[Any]:
        """The questions that the service has accepted, and is paid for."""
        return [task for task in self.service.tasks if task.job.assessed]

    def make_night(self, run: str, **arguments: Any) -> dict[str, Any]:
        return super().make_night(run, **{"manifest": MANIFEST[:2], **arguments})

    def next_night(self, run: str, before: str) -> dict[str, Any]:
        """What a night after one that has published nothing hands on; nothing is made for it."""
        made = len(self.service.tasks)
        self.over.add(before)
        pictures = self.make_night(run)
        assert len(self.service.tasks) == made
        return pictures

    def written(self) -> bytes:
        """All that is in the bucket but pictures."""
        store, bucket = self.service.backend.store, self.service.bucket
        files = (info.key for info in store.all(bucket) if info.key.endswith((".json", ".jsonl")))
        return b"".join(self.service.get_object(bucket, f"/{key}") for key in files)

    def findings(self, output: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        return {
            line["sku"]: [one for one in line["check"]["findings"] if one["code"] == OPINION]
            for line in self.lines(output)
        }


def test_nobody_is_asked_who_is_not_to_be(nights: Opinions) -> None:
    checked = nights.check("monday", nights.make_night("monday"))
    assert nights.questions == []
    assert nights.findings(checked) == {SKUS[0]: [], SKUS[1]: []}
    assert "opinions" not in checked["counts"]


def test_each_picture_is_asked_about_once(nights: Opinions) -> None:
    pictures = nights.make_night("monday")
    checked = nights.check("monday", pictures, second_opinion=ANY)
    assert checked["counts"] == {"ok": 2, "rejected": 0, "not_checked": 0, "without_picture": 0, "opinions": 2}
    assert [task.job.assessed for task in nights.questions] == [("IQA", "Sharpness")] * 2
    for found in nights.findings(checked).values():
        assert [one["words"].partition(":")[0] for one in found] == ["IQA", "Sharpness"]
        assert all(one["verdict"] == "ok" and 0 < one["value"] < 100 and one["bound"] == 0 for one in found)
    # Neither a clear nor the next night pays again, with other bounds or fewer attributes either.
    assert nights.findings(nights.check("monday", pictures, second_opinion=ANY)) == nights.findings(checked)
    again = nights.next_night("tuesday", "monday")
    stricter = nights.check("tuesday", again, second_opinion={"Sharpness": 101}, on_reject="leave_out")
    assert stricter["counts"]["rejected"] == 2
    # Nor does who lowers the bound then: what was rejected is handed on, and is right now.
    again = nights.next_night("wednesday", "tuesday")
    checked = nights.check("wednesday", again, second_opinion={"Sharpness": 0})
    assert checked["counts"]["ok"] == 2
    assert len(nights.questions) == 2
    assert nights.publish("wednesday", checked)["counts"]["published"] == 2
    # What was not asked before is.
    nights.check("wednesday", again, second_opinion={"Contrast": 0})
    assert [task.job.assessed for task in nights.questions[2:]] == [("Contrast",)] * 2


def test_other_attributes_do_not_undo_what_was_answered(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    first = nights.check("monday", pictures, second_opinion={"IQA": 0})
    again = nights.next_night("tuesday", "monday")
    nights.check("tuesday", again, second_opinion={"Contrast": 0})
    assert len(nights.questions) == 4
    again = nights.next_night("wednesday", "tuesday")
    assert nights.findings(nights.check("wednesday", again, second_opinion={"IQA": 0})) == nights.findings(first)
    assert len(nights.questions) == 4
    # What is paid for is what is missing; the scores come from both.
    again = nights.next_night("thursday", "wednesday")
    checked = nights.check("thursday", again, second_opinion={"IQA": 0, "Contrast": 0, "Sharpness": 0})
    assert [task.job.assessed for task in nights.questions[4:]] == [("Sharpness",)] * 2
    for found in nights.findings(checked).values():
        assert {one["verdict"] for one in found} == {"ok"}
        assert len(found) == 3


def test_what_the_check_has_rejected_is_not_asked_about(nights: Opinions, service: LocalService) -> None:
    service.add_fault(kind="wrong_picture", shows="blank", match="jar-plum")
    checked = nights.check("monday", nights.make_night("monday"), second_opinion=ANY, on_reject="leave_out")
    assert len(nights.questions) == 1
    assert nights.findings(checked)["jar-plum"] == []
    assert checked["counts"]["opinions"] == 1


def test_less_than_the_least_is_rejected_and_reported(nights: Opinions, service: LocalService, tmp_path: Path) -> None:
    pictures = nights.make_night("monday")
    service.add_fault(kind="wrong_text", body='{"IQA": 39.99}', match="jar-plum")
    service.add_fault(kind="wrong_text", body='```json\n[{"name": "IQA", "score": 40}]\n```', match="vase-amber")
    said = r"^1 of 2 pictures rejected: ServiceQuality: jar-plum/brick: IQA: the service says 39\.99, and 40 is the"
    with pytest.raises(PicturesRejectedError, match=said):
        nights.check("monday", pictures, second_opinion={"IQA": 40})
    checked = nights.check("monday", pictures, second_opinion={"IQA": "40"}, on_reject="leave_out")
    assert [one["value"] for one in nights.findings(checked)["jar-plum"]] == [39.99]
    assert nights.publish("monday", checked)["counts"]["rejected"] == 1
    assert not service.object_exists(service.bucket, "/shop/jar-plum.jpeg")
    assert len(nights.questions) == 2
    reporter = CatalogueReportOperator(task_id="report", pictures=checked, dest=str(tmp_path / "reports"))
    told = json.loads(Path(execute(reporter, nights.context("monday", "report"))["json_path"]).read_text())
    assert told["counts"]["rejected"] == 1
    [kind] = [one for one in told["failures"] if one["code"] == "ServiceQuality"]
    assert kind["items"][0]["message"] == "IQA: the service says 39.99, and 40 is the least"


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_picture_that_is_made_once_more_is_asked_about_too(
    deferrable: bool, nights: Opinions, service: LocalService
) -> None:
    pictures = nights.make_night("monday")
    service.add_fault(kind="wrong_text", body='{"IQA": 3}', match="jar-plum", times=1)
    service.add_fault(kind="wrong_text", body='{"IQA": 70}')
    given = {"second_opinion": {"IQA": 40}, "on_reject": "remake", "poll_interval": 0.1, "deferrable": deferrable}
    operator, context = (
        PictureCheckOperator(task_id="check", pictures=pictures, **given),
        nights.context("monday", "check"),
    )
    service.backend.settings.task_seconds = 3600 if deferrable else 0
    waits = 0
    try:
        checked = execute(operator, context)
    except TaskDeferred as first:
        deferred = first
        while True:
            waits += 1
            assert deferred.method_name == "execute_complete"
            assert not deferred.kwargs
            nights.end_tasks()
            event = fire(dict(deferred.trigger.serialize()[1]))
            try:
                checked = operator.execute_complete(context, event=event)
                break
            except TaskDeferred as another:
                deferred = another
    # For the opinions, the remake, and the opinion on that.
    assert waits == (3 if deferrable else 0)
    assert checked["counts"]["ok"] == 2
    assert checked["counts"]["remade"] == 1
    assert checked["counts"]["opinions"] == 2
    assert len(nights.questions) == 3
    assert len(service.tasks) == 2 + 1 + 3
    assert [one["value"] for one in nights.findings(checked)["jar-plum"]] == [70]
    assert nights.publish("monday", checked)["counts"]["published"] == 2


@pytest.mark.parametrize("results", [None, "cos:///checks/"])
def test_two_checks_of_one_run_do_not_mix(results: str | None, nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    service.backend.settings.task_seconds = 3600
    waiting = []
    for index, line in enumerate(nights.lines(pictures)):
        key = f"/catalogues/shop/part-{index}.jsonl"
        service.put_object(service.bucket, key, f"{json.dumps(line)}\n".encode())
        part = {"path": f"cos://{key}", "catalogue": CATALOGUE}
        given = {"pictures": part, "second_opinion": ANY, "results": results, "poll_interval": 0.1}
        operator = PictureCheckOperator(task_id=f"check-{index}", **given)
        context = nights.context("monday", f"check-{index}")
        with pytest.raises(TaskDeferred) as caught:
            execute(operator, context)
        waiting.append((line["item"], operator, context, caught.value))
    nights.end_tasks()
    for item, operator, context, deferred in waiting:
        event = fire(dict(deferred.trigger.serialize()[1]))
        checked = operator.execute_complete(context, event=event)
        assert [line["item"] for line in nights.lines(checked)] == [item]
    assert len(nights.questions) == 2


def test_a_clear_does_not_bring_the_picture_before_a_remake_back(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    service.add_fault(kind="wrong_text", body='{"IQA": 3}', match="jar-plum")
    given = {"second_opinion": {"IQA": 40}, "on_reject": "remake"}
    checked = nights.check("monday", pictures, **given)
    assert checked["counts"]["remade"] == 1
    paid = len(service.tasks)
    assert paid == 2 + 1 + 3
    # What it was given has the first picture, the record has the second.
    cleared = nights.check("monday", pictures, second_opinion={"IQA": 40}, on_reject="leave_out")
    assert cleared["counts"] == checked["counts"]
    again = nights.next_night("tuesday", "monday")
    assert nights.check("tuesday", again, **given)["counts"]["rejected"] == 1
    assert len(service.tasks) == paid


SECRET = "https://e.com/a?sign=0123456789abcdef0123456789abcdef"


def test_an_answer_that_cannot_be_read_is_no_opinion(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    service.add_fault(kind="wrong_text", body=f"See {SECRET} \n{{ {'very ' * 80}", match="jar-plum")
    service.add_fault(kind="wrong_text", body='{"IQA": 50, "Sharpness": "good"}', match="vase-amber")
    checked = nights.check("monday", pictures, second_opinion=ANY)
    assert checked["counts"]["ok"] == 2
    assert checked["counts"]["opinions"] == 1
    jar, vase = nights.findings(checked)["jar-plum"], nights.findings(checked)["vase-amber"]
    assert [one["verdict"] for one in jar] == ["not checked"] * 2
    assert [one["verdict"] for one in vase] == ["ok", "not checked"]
    words = jar[0]["words"]
    assert words.startswith("IQA: no score can be read of its answer: See https://e.com/a?*** { very very")
    assert len(words) < 140
    # It is paid for, and would say the same again.
    again = nights.next_night("tuesday", "monday")
    assert nights.findings(nights.check("tuesday", again, second_opinion=ANY)) == nights.findings(checked)
    assert len(nights.questions) == 2
    assert b"0123456789abcdef0123456789abcdef" not in nights.written()


def test_an_answer_that_is_too_long_is_not_kept(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    service.add_fault(kind="wrong_text", body=f'{{"IQA": 3}} {SECRET} {"very " * 200_000}')
    checked = nights.check("monday", pictures, second_opinion={"IQA": 40})
    words = {one["words"] for found in nights.findings(checked).values() for one in found}
    assert words == {"IQA: no score can be read of its answer: (a text of 1,000,065 characters)"}
    assert len(nights.written()) < 50_000


def test_an_opinion_makes_no_picture_right_that_could_not_be_checked(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    unknown = next(line for line in nights.lines(pictures) if line["sku"] == "jar-plum")["entry"]["Outputs"][0]["path"]
    service.put_object(service.bucket, unknown, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    service.add_fault(kind="wrong_text", body='{"IQA": 90}')
    checked = nights.check("monday", pictures, second_opinion={"IQA": 40})
    assert checked["counts"] == {"ok": 1, "rejected": 0, "not_checked": 1, "without_picture": 0, "opinions": 2}


def test_a_question_that_fails_is_no_opinion(nights: Opinions, service: LocalService, lines: Any) -> None:
    pictures = nights.make_night("monday")
    fault = {"kind": "task_fail", "err_code": 70001, "err_msg": "InternalError", "message": "try again"}
    service.add_fault(**fault, match="jar-plum")
    service.add_fault(kind="error", action="ProcessImage", match="vase-amber", code="InvalidParameterValue", times=1)
    checked = nights.check("monday", pictures, second_opinion={"IQA": 0})
    assert checked["counts"]["ok"] == 2
    [task] = nights.questions
    [jar], [vase] = nights.findings(checked)["jar-plum"], nights.findings(checked)["vase-amber"]
    assert jar["verdict"] == vase["verdict"] == "not checked"
    said = f"IQA: the service has no opinion: 70001 InternalError: try again (task {task.task_id}, RequestId "
    assert re.fullmatch(rf"{re.escape(said)}[0-9a-f-]{{36}}\)", jar["words"])
    assert vase["words"].startswith("IQA: the service has no opinion: InvalidParameterValue: ")
    assert "(RequestId " in vase["words"]
    assert "2 without an opinion of the service: " in lines()
    # The next night asks again: nothing was answered.
    service.clear_faults()
    again = nights.check("tuesday", nights.next_night("tuesday", "monday"), second_opinion={"IQA": 0})
    assert again["counts"]["opinions"] == 2


def test_who_refuses_all_fails_the_task(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    service.add_fault(kind="error", action="ProcessImage", code="AuthFailure.UnauthorizedOperation")
    with pytest.raises(TencentCloudPermanentError, match="UnauthorizedOperation"):
        nights.check("monday", pictures, second_opinion=ANY)


def test_an_answer_that_was_lost_is_found(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    service.add_fault(kind="lost_answer", action="ProcessImage", match="ImageQualityConfig", times=2)
    checked = nights.check("monday", pictures, second_opinion=ANY)
    assert checked["counts"]["opinions"] == 2
    assert len(nights.questions) == 2


def test_the_run_after_a_dead_one_takes_over_what_was_asked(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    service.backend.settings.task_seconds = 3600
    for _ in range(2):
        with pytest.raises(TaskDeferred):
            nights.check("monday", pictures, second_opinion=ANY, deferrable=True)
    assert len(nights.questions) == 2
    # As long as that run may come back, another one does not ask.
    waiting = nights.check("tuesday", pictures, second_opinion=ANY)
    assert waiting["counts"]["ok"] == 2
    words = [one["words"] for found in nights.findings(waiting).values() for one in found]
    assert set(words) == {
        f"{name}: the service has no opinion: the task check of shop, run monday, asks for it now" for name in ANY
    }
    nights.end_tasks()
    again = nights.next_night("wednesday", "monday")
    checked = nights.check("wednesday", again, second_opinion=ANY)
    assert checked["counts"]["opinions"] == 2
    assert len(nights.questions) == 2
    state = RecordStore(Files(), CATALOGUE).read().state("jar-plum/brick").opinion
    assert state is not None
    assert state.runs == ()
    assert set(state.answered) == set(ANY)
    assert set(state.scores) == set(ANY)


def test_the_limit_of_a_day_counts_questions(
    nights: Opinions, service: LocalService, monkeypatch: pytest.MonkeyPatch, lines: Any
) -> None:
    connection = service.connection()
    connection["extra"] |= {"pictures_per_day": 3}
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
    hooks_budget._processes.clear()
    checked = nights.check("monday", nights.make_night("monday"), second_opinion={"IQA": 0})
    assert len(nights.questions) == 1
    assert checked["counts"]["ok"] == 2
    assert checked["counts"]["opinions"] == 1
    [left] = [one for found in nights.findings(checked).values() for one in found if one["verdict"] == "not checked"]
    assert PICTURES_PER_DAY_REACHED in left["words"]
    assert PICTURES_PER_DAY_REACHED in lines()
    # With a limit that allows it, what was left is asked, and no more than that.
    connection["extra"] |= {"pictures_per_day": 30}
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
    hooks_budget._processes.clear()
    again = nights.next_night("tuesday", "monday")
    assert nights.check("tuesday", again, second_opinion={"IQA": 0})["counts"]["opinions"] == 2
    assert len(nights.questions) == 2


def test_a_picture_that_is_gone_is_not_asked_about(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    gone = next(line for line in nights.lines(pictures) if line["sku"] == "jar-plum")
    service.backend.store.delete(service.bucket, gone["entry"]["Outputs"][0]["path"][1:])
    nights.check("monday", pictures, second_opinion=ANY)
    assert len(nights.questions) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "second_opinion: "),
        ({"iqa": 3}, "second_opinion: "),
        ({"IQA": -1}, r"second_opinion\['IQA'\]: "),
        ({"IQA": True}, r"second_opinion\['IQA'\]: "),
        ({"IQA": None}, r"second_opinion\['IQA'\]: "),
        ({"IQA": "much"}, r"second_opinion\['IQA'\]: "),
        ({"IQA": float("nan")}, r"second_opinion\['IQA'\]: "),
        ({"IQA": 10**400}, r"second_opinion\['IQA'\]: "),
        (["IQA"], "second_opinion: "),
        (40, "second_opinion: "),
    ],
)
def test_what_is_wrong_shows_when_the_dag_is_read(given: Any, said: str) -> None:
    with pytest.raises((ArgumentError, InvalidArgumentError), match=said):
        PictureCheckOperator(task_id="check", pictures="cos:///pictures.jsonl", second_opinion=given)


def test_only_a_catalogue_remembers_what_was_paid_for(nights: Opinions, service: LocalService) -> None:
    pictures = nights.make_night("monday")
    entries = [line["entry"] for line in nights.lines(pictures)]
    for given in (entries, entries[0], pictures["path"]):
        with pytest.raises(InvalidArgumentError, match=r"second_opinion: .*only a catalogue remembers"):
            nights.check("monday", given, second_opinion=ANY)
    assert nights.questions == []
