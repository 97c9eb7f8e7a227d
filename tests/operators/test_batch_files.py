"""A batch with its requests and its entries in files: what it makes, what it leaves, and what it says of it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
    BaseOperator,
)

from airflow_provider_mps.catalogue.record.events import ItemMade, ItemPlanned, ItemReleased
from airflow_provider_mps.exceptions import (
    InvalidArgumentError,
    MpsBatchFailedError,
    TencentCloudPermanentError,
)
from airflow_provider_mps.local.service import LocalService
from tests.operators.plans import Catalogue, entry, fingerprint, line, read
from tests.operators.test_batch import Batch, _quick, complete, defer, fire, pictures, wait_until  # noqa: F401 - fixtures
from tests.task_context import execute, make_context

FAILURE = "InternalError"


@pytest.fixture
def batch(service: LocalService, conn_id: str) -> Batch:
    return Batch(service)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "shop")


def events(catalogue: Catalogue, *names: str) -> list[tuple[str, str]]:
    return [(event["event"], event["item"]) for event in catalogue.log if event["event"] in names]


def failing(batch: Batch, requests: Any, error: type[Exception] = MpsBatchFailedError, **arguments: Any) -> Any:
    ti = {name: arguments.pop(name) for name in ("try_number", "max_tries") if name in arguments}
    context = make_context(**ti)
    with pytest.raises(error) as caught:
        execute(batch.operator(requests, **arguments), context)
    return context["ti"].xcoms, str(caught.value)


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_plan_is_made_and_handed_on(deferrable: bool, batch: Batch, catalogue: Catalogue) -> None:
    before = line(90, action="publish", why="made before, not published", entry=entry(90))
    gone = {"item": "cup-91/white", "sku": "cup-91", "look": "white", "service": "mps", "action": "unpublish"}
    gone |= {"why": "removed", "was": "cos://shop-1250000000/shop/cup-91/white.jpeg"}
    scene = line(92, service="aidge", request={"scene_id": 3})
    plan = catalogue.plan([line(1), before, scene, line(2), gone, line(3)])
    if deferrable:
        kwargs = defer(batch, plan)
        assert len(json.dumps(kwargs)) < 600
        output = complete(batch, plan, fire(kwargs))
    else:
        output = batch.run(plan)
    assert output["counts"] == {"made": 3, "failed": 0, "made before": 1, "removed": 1}
    assert output["catalogue"] == catalogue.address
    assert len(json.dumps(output)) < 2000
    path = Path(output["path"])
    assert path.parent == Path(plan["path"]).parent
    assert path.name.startswith("pictures-1-")
    first, *others = found = read(output)
    assert [one["item"] for one in found] == [f"cup-{n}/white" for n in (1, 90, 2, 91, 3)]
    assert others[0] == before
    assert others[2] == gone
    assert {name: first[name] for name in line(1)} == line(1)
    assert set(first["entry"]) == {"TaskId", "Status", "CreateTime", "FinishTime", "Outputs"}
    made = {one["item"]: one["entry"] for one in found if one["action"] == "make"}
    # Each item has the picture of its own prompt.
    calls = batch.service.accepted("ProcessImage")
    by_task = {call.task_id: call.body["AddOnParameter"]["ExtPrompt"][0]["Prompt"] for call in calls}
    assert {item: by_task[one["TaskId"]] for item, one in made.items()} == {
        f"cup-{n}/white": f"marble {n}." for n in (1, 2, 3)
    }
    assert batch.accepted == 3
    state = catalogue.record.state("cup-2/white")
    assert state.made is not None
    assert state.planned is None
    assert (state.made.fingerprint, state.made.task_id) == (fingerprint(2), made["cup-2/white"]["TaskId"])
    assert state.made.picture == made["cup-2/white"]["Outputs"][0]
    # Of Aidge's the other batch says what came of it.
    assert catalogue.record.state("cup-92/white").planned is not None


def test_a_retry_of_a_batch_that_did_all_gives_the_same(batch: Batch, catalogue: Catalogue) -> None:
    plan = catalogue.plan([line(n) for n in range(4)])
    first = batch.run(plan)
    log = catalogue.log
    again = batch.run(plan, try_number=2)
    assert read(again) == read(first)
    assert again["counts"] == first["counts"] == {"made": 4, "failed": 0}
    assert again["path"] != first["path"]
    assert catalogue.log == log
    # A clear by a person joins as well: the next plan says what is to be made anew.
    cleared = batch.run(plan, try_number=3, max_tries=4)
    assert read(cleared) == read(first)
    assert batch.accepted == 4
    assert catalogue.log == log


def test_a_clear_after_the_batchs_own_record_is_gone(batch: Batch, catalogue: Catalogue) -> None:
    plan = catalogue.plan([line(1), line(2)])
    first = batch.run(plan)
    for item in batch.service.backend.store.list(batch.service.bucket, prefix="airflow-mps/", limit=100).objects:
        batch.service.backend.store.delete(batch.service.bucket, item.key)
    again = batch.run(plan, try_number=2, max_tries=3)
    assert batch.accepted == 2
    assert again["counts"] == {"made": 0, "failed": 0, "made before": 2}
    paths = [[one["entry"]["Outputs"] for one in read(output)] for output in (first, again)]
    assert paths[0] == paths[1]


def test_what_is_forced_is_made_anew_once(batch: Batch, catalogue: Catalogue) -> None:
    picture = entry(1)["Outputs"][0]
    catalogue.tell([ItemMade("cup-1/white", fingerprint(1), picture, "earlier-1")], "earlier")
    plan = catalogue.plan([line(1, why="forced")])
    output = batch.run(plan)
    assert output["counts"] == {"made": 1, "failed": 0}
    assert read(batch.run(plan, try_number=2, max_tries=3)) == read(output)
    assert batch.accepted == 1


def test_another_plan_of_the_same_run(batch: Batch, catalogue: Catalogue) -> None:
    """What is under a key has changed since the first plan of the run, which the request does not tell."""
    batch.service.add_fault(kind="task_fail", match="marble 2.", err_msg=FAILURE)
    failing(batch, catalogue.plan([line(1), line(2)]))
    batch.service.clear_faults()
    changed = line(1, fingerprint=fingerprint("changed"), why="subject changed")
    output = batch.run(catalogue.plan([changed, line(2)], "plan-2-bb.jsonl"), try_number=2, max_tries=3)
    assert batch.accepted == 4
    assert output["counts"] == {"made": 2, "failed": 0}
    made = catalogue.record.state("cup-1/white").made
    assert made is not None
    assert made.fingerprint == fingerprint("changed")


def test_two_items_of_one_request_are_two_pictures_whatever_the_plan(batch: Batch, catalogue: Catalogue) -> None:
    same = [line(n, request=line(1)["request"]) for n in (1, 2)]
    first = {one["item"]: one["entry"]["TaskId"] for one in read(batch.run(catalogue.plan(same)))}
    assert len(set(first.values())) == 2
    [second] = read(batch.run(catalogue.plan(same[1:], "plan-2-bb.jsonl"), try_number=2))
    assert second["entry"]["TaskId"] == first["cup-2/white"]
    assert batch.accepted == 2


def test_a_batch_that_fails_has_told_of_all(batch: Batch, catalogue: Catalogue) -> None:
    batch.service.add_fault(kind="task_fail", match="marble 1.", err_msg=FAILURE)
    batch.service.add_fault(kind="error", action="ProcessImage", match="marble 2.", code="InvalidParameterValue")
    plan = catalogue.plan([line(n) for n in range(4)])
    xcoms, said = failing(batch, plan)
    assert "cup-1/white (cos://" in said
    output = xcoms["return_value"]
    assert output["counts"] == {"made": 2, "failed": 2}
    codes = [one["entry"].get("Error", {}).get("Code", "") for one in read(output)]
    assert codes[0] == codes[3] == ""
    assert FAILURE in codes[1]
    assert codes[2] == "InvalidParameterValue"
    record = catalogue.record
    assert events(catalogue, "made", "failed") == [
        ("made", "cup-0/white"),
        ("failed", "cup-1/white"),
        ("failed", "cup-2/white"),
        ("made", "cup-3/white"),
    ]
    failures = [record.state(f"cup-{n}/white").failed for n in (1, 2)]
    assert [failure.is_final for failure in failures if failure] == [False, True]
    assert all(record.state(f"cup-{n}/white").planned is None for n in range(4))
    # A retry pays for what failed alone, and reserves it before.
    batch.service.clear_faults()
    assert batch.run(plan, try_number=2)["counts"] == {"made": 4, "failed": 0}
    assert batch.accepted == 5
    assert events(catalogue, "planned")[4:] == [("planned", "cup-1/white"), ("planned", "cup-2/white")]
    assert events(catalogue, "made")[2:] == [("made", "cup-1/white"), ("made", "cup-2/white")]


def test_a_batch_that_is_stopped_releases_what_it_never_came_to(batch: Batch, catalogue: Catalogue) -> None:
    batch.service.add_fault(kind="error", action="ProcessImage", code="AuthFailure.SignatureFailure", after=3)
    plan = catalogue.plan([line(n) for n in range(30)])
    xcoms, _ = failing(batch, plan, TencentCloudPermanentError)
    assert len(read(xcoms["return_value"])) == 30
    states = [catalogue.record.state(f"cup-{n}/white") for n in range(30)]
    # What was accepted is joined by a retry: it stays reserved, unless its picture was there in time.
    kept = [state for state in states if state.planned is not None or state.made is not None]
    assert len(kept) == batch.accepted == 3
    assert events(catalogue, "released")
    batch.service.clear_faults()
    assert batch.run(plan, try_number=2, max_tries=3)["counts"] == {"made": 30, "failed": 0}
    assert batch.accepted == 30
    assert all(catalogue.record.state(f"cup-{n}/white").made for n in range(30))


def test_a_batch_that_airflow_ends_has_told_of_what_it_paid_for(batch: Batch, catalogue: Catalogue) -> None:
    batch.service.add_fault(kind="task_seconds", match="marble 2.", seconds=3600)
    plan = catalogue.plan([line(n) for n in range(3)])
    context = make_context()
    operator = batch.operator(plan)

    def end() -> None:
        # The two that are quick have been looked at, and what was seen is known by the next look.
        wait_until(lambda: len(batch.service.accepted("DescribeImageTaskDetail")) >= 6)
        operator.on_kill()

    with ThreadPoolExecutor() as pool:
        ended = pool.submit(end)
        with pytest.raises(Exception, match="The batch was stopped"):
            execute(operator, context)
        ended.result()
    assert context["ti"].xcoms["return_value"]["counts"]["made"] == 2
    record = catalogue.record
    assert [record.state(f"cup-{n}/white").made is not None for n in range(3)] == [True, True, False]
    # It still runs: no other run is to pay for it now.
    assert record.state("cup-2/white").planned is not None


def test_what_another_run_has_made_or_makes_is_not_paid_for(batch: Batch, catalogue: Catalogue) -> None:
    batch.service.add_fault(kind="error", action="ProcessImage", code="AuthFailure.SignatureFailure")
    plan = catalogue.plan([line(n) for n in range(3)])
    failing(batch, plan, TencentCloudPermanentError)
    batch.service.clear_faults()
    # Meanwhile another run takes two of them, and has one made.
    catalogue.tell([ItemPlanned(f"cup-{n}/white", fingerprint(n)) for n in (0, 1)], "other")
    catalogue.tell([ItemMade("cup-0/white", fingerprint(0), entry(0)["Outputs"][0], "theirs")], "other")
    output = batch.run(plan, try_number=2, max_tries=3)
    assert output["counts"] == {"made": 1, "failed": 0, "made before": 1, "in another run": 1}
    found = read(output)
    assert found[0]["entry"]["Outputs"][0]["path"] == "/made/0.jpeg"
    assert found[1]["entry"]["Error"]["Code"] == "InAnotherRun"
    assert "other" in found[1]["entry"]["Error"]["Message"]
    assert batch.accepted == 1
    reserved = catalogue.record.state("cup-1/white").planned
    assert reserved is not None
    assert reserved.run.run_id == "other"


def test_what_the_plan_reserved_and_gave_back_is_reserved_again(batch: Batch, catalogue: Catalogue) -> None:
    plan = catalogue.plan([line(1)])
    catalogue.tell([ItemReleased("cup-1/white")])
    batch.run(plan)
    assert [name for name, _ in events(catalogue, "planned", "made")] == ["planned", "planned", "made"]


def test_plain_requests_in_a_file(batch: Batch, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    signed = f"{batch.service.url}/_local/samples/coffee.png?q-signature=0123456789abcdef"
    requests = [{**pictures(1)[0], "key": "sku-1"}, {"subject_url": signed, "prompt": "x"}]
    path.write_text("".join(f"{json.dumps(request)}\n" for request in requests))
    output = batch.run(str(path), results=str(tmp_path / "{{ run_id }}"))
    assert set(output) == {"path", "counts"}
    assert Path(output["path"]).parent == tmp_path / "{{ run_id }}"
    found = read(output)
    assert [one["key"] for one in found] == ["sku-1", 1]
    assert found[0]["entry"]["Outputs"]
    assert found[0]["prompt"] == "marble 0"
    assert "0123456789abcdef" not in Path(output["path"]).read_text()
    assert found[1]["subject_url"] == f"{batch.service.url}/_local/samples/coffee.png"
    # Without a catalogue nobody else says what is wanted anew: a clear does, as for a list.
    assert read(batch.run(str(path), try_number=2)) == found
    assert batch.accepted == 2
    batch.run(str(path), try_number=3, max_tries=4)
    assert batch.accepted == 4


def test_a_list_whose_entries_go_into_a_file(batch: Batch, tmp_path: Path) -> None:
    batch.service.add_fault(kind="task_fail", match="marble 1", err_msg=FAILURE)
    xcoms, _ = failing(batch, pictures(3), results=str(tmp_path / "made"))
    output = xcoms["return_value"]
    assert output["counts"] == {"made": 2, "failed": 1}
    assert [(one["key"], bool(one["entry"]["Outputs"])) for one in read(output)] == [(0, True), (1, False), (2, True)]
    # Nothing of it is in the way of a task that wants no XComs.
    assert failing(batch, pictures(3), results=str(tmp_path / "made"), try_number=2, do_xcom_push=False)[0] == {}


def test_nothing_to_make(batch: Batch, catalogue: Catalogue) -> None:
    empty = catalogue.plan([])
    output = batch.run(empty, on_empty="success")
    assert read(output) == []
    assert output["counts"] == {"made": 0, "failed": 0}
    with pytest.raises(AirflowSkipException):
        batch.run(empty, on_empty="skip")
    # What is to be published only has to be handed on, on a quiet night too.
    before = line(90, action="publish", why="made before, not published", entry=entry(90))
    assert read(batch.run(catalogue.plan([before]), on_empty="skip")) == [before]
    with pytest.raises(AirflowSkipException, match="is of a dry run"):
        batch.run(catalogue.plan([{"item": "cup-1/white", "would": "make"}]))
    assert batch.accepted == 0


def test_what_is_there_at_the_end_of_execution_timeout_is_kept(batch: Batch, catalogue: Catalogue) -> None:
    """As Airflow ends a task: an alarm that raises wherever the main thread is."""
    plan = catalogue.plan([line(number) for number in range(3)])
    batch.service.add_fault(kind="task_seconds", match="marble 1", seconds=600)

    def too_long(*_: Any) -> None:
        raise AirflowTaskTimeout("Timeout")

    def looks(*, is_slow: bool) -> list[str]:
        asked = {task.task_id for task in batch.service.tasks if (task.seconds > 100) is is_slow}
        return [call.task_id for call in batch.service.calls("DescribeImageTaskDetail") if call.task_id in asked]

    def end_once_two_are_there() -> None:
        wait_until(lambda: batch.accepted == 3 and all(task.done is not None for task in batch.service.tasks))
        settled: list[str] | None = None
        # Those that were seen finished are looked at no more; a single look may take longer than several at another.
        while settled is None or len(set(settled)) < 2 or settled != looks(is_slow=False):
            settled, seen = looks(is_slow=False), len(looks(is_slow=True))
            wait_until(lambda seen=seen: len(looks(is_slow=True)) >= seen + 5)
        os.kill(os.getpid(), signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, too_long)
    context = make_context()
    try:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(end_once_two_are_there)
            with pytest.raises(AirflowTaskTimeout):
                execute(batch.operator(plan, deferrable=False), context)
    finally:
        signal.signal(signal.SIGALRM, before)
    output = context["ti"].xcoms["return_value"]
    assert output["counts"]["made"] == 2
    ends = {one["item"]: one["entry"].get("Error", {}).get("Code") for one in read(output)}
    assert ends == {"cup-0/white": None, "cup-1/white": "Stopped", "cup-2/white": None}
    state = catalogue.record.state("cup-1/white")
    assert state.planned is not None
    assert catalogue.record.state("cup-0/white").made is not None
    for task in batch.service.tasks:
        task.seconds = 0.0
    assert batch.run(plan, try_number=2)["counts"]["made"] == 3
    assert batch.accepted == 3


BAD_LINES = [
    ([line(1), line(2, request={"subject": "x"})], r"plan-1-aa.jsonl line 2: subject: no such argument; there are"),
    ([line(1), line(1)], r"plan-1-aa.jsonl line 2: 'cup-1/white' is in line 1 already"),
    ([line(1, action="bake")], r"plan-1-aa.jsonl, line 1: action is 'bake'"),
    ([line(1, entry=entry(1))], r"plan-1-aa.jsonl line 1: it has an entry already"),
    ([line(1, request={"key": "x", **line(1)["request"]})], r"line 1: the key of a line of a plan is its item"),
    ([pictures(1)[0], line(1)], r"plan-1-aa.jsonl line 2: it is a line of a plan"),
    ([{**pictures(1)[0], "key": "a"}, {**pictures(1)[0], "key": "a"}], r"plan-1-aa.jsonl line 1 and .* line 2 have"),
    ([line(1, request={**line(1)["request"], "quality": n}) for n in (0, 101)][:1], "line 1: quality: expected"),
]


@pytest.mark.parametrize(("lines", "said"), BAD_LINES, ids=[said[:30] for _, said in BAD_LINES])
def test_bad_lines_are_named_before_anything_is_sent(
    lines: list[dict[str, Any]], said: str, batch: Batch, tmp_path: Path
) -> None:
    path = tmp_path / "plan-1-aa.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    with pytest.raises(InvalidArgumentError, match=said):
        batch.run(str(path))
    assert not batch.service.journal
    assert [one.name for one in tmp_path.iterdir()] == ["plan-1-aa.jsonl"]


def test_files_that_cannot_be_read(batch: Batch, tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    with pytest.raises(InvalidArgumentError, match=r"requests: .*requests.jsonl"):
        batch.run(str(path))
    path.write_text(f"{json.dumps(pictures(1)[0])}\n{{\n")
    with pytest.raises(AirflowFailException, match=r"requests.jsonl.*2"):
        batch.run(str(path))
    assert not batch.service.journal


@pytest.mark.parametrize("name", ["requests", "results"])
def test_relative_addresses_are_none(name: str, batch: Batch) -> None:
    given = {"requests": "/data/plan.jsonl", name: "plans/today"}
    requests = given.pop("requests")
    with pytest.raises(ValueError, match=f"{name}: expected a whole address"):
        batch.operator(requests, **given)
    operator = batch.operator("{{ x }}")
    operator.requests, operator.results = requests, given.get("results")
    with pytest.raises(InvalidArgumentError, match=f"{name}: expected a whole address"):
        execute(operator, make_context())
    assert not batch.service.journal


def test_what_a_task_returns_is_given_by_itself(batch: Batch) -> None:
    with pytest.raises(ValueError, match=r"requests\[0\]: this is what a task returns: give it by itself"):
        batch.operator([{"path": "cos:///plan.jsonl", "catalogue": "cos:///shop", "counts": {}}])
    with pytest.raises(ValueError, match=r"requests: give what task 'plan' returns, task\.output, and not the task"):
        batch.operator(BaseOperator(task_id="plan"))


@pytest.mark.parametrize("requests", [{"path": 1}, {"counts": {}}, "[{'a': 1}]", "{'path': '/x'}"])
def test_what_is_no_output_of_a_plan(requests: Any, batch: Batch) -> None:
    operator = batch.operator(pictures(1))
    operator.requests = requests
    with pytest.raises(InvalidArgumentError, match="requests"):
        execute(operator, make_context())
    assert not batch.service.journal


def test_a_folder_that_cannot_be_written_is_found_before_anything_is_paid_for(
    batch: Batch, catalogue: Catalogue, tmp_path: Path
) -> None:
    plan = catalogue.plan([line(1)])
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        batch.run(plan, results=str(tmp_path / "file" / "results"))
    assert batch.accepted == 0
    if os.getuid():
        folder = tmp_path / "closed"
        folder.mkdir(mode=0o500)
        with pytest.raises(OSError, match="closed"):
            batch.run(plan, results=str(folder))
        assert batch.accepted == 0


def test_files_in_cos(batch: Batch, tmp_path: Path, lines: Callable[[], str]) -> None:
    bucket = batch.service.bucket
    data = "".join(f"{json.dumps(line(n))}\n" for n in range(3)).encode()
    batch.service.put_object(bucket, "shop/runs/r/plan-1-aa.jsonl", data)
    plan = {"path": f"cos://{bucket}/shop/runs/r/plan-1-aa.jsonl", "catalogue": f"cos://{bucket}/shop"}
    output = batch.run(plan)
    assert output["path"].startswith(f"cos://{bucket}/shop/runs/r/pictures-1-")
    found = batch.service.get_object(bucket, output["path"].split("/", 3)[3])
    assert [json.loads(one)["entry"]["Status"] for one in found.splitlines()] == ["FINISH"] * 3
    assert "3 of 3 pictures are there" in lines()
    # Where it may not write it pays for nothing.
    batch.service.add_fault(kind="error", action="PutObject", match="closed/", code="AccessDenied", status=403)
    with pytest.raises(TencentCloudPermanentError, match="AccessDenied"):
        batch.run(plan, try_number=2, results=f"cos://{bucket}/closed")
    assert batch.accepted == 3
