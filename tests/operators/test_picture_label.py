"""Pictures in COS are labelled through the real SDK: in results, in files of lines, and where they are published."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mps.core import calls
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudPermanentError
from airflow_provider_mps.failures import short_line
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.pictures import PictureLabelOperator
from airflow_provider_mps.pictures.errors import LabelsFailedError, LabelsRefusedError
from airflow_provider_mps.pictures.labels import check_label, read_label
from airflow_provider_mps.storage.failing import MAX_ERRORS
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines, write_lines
from tests.sample_pictures import jpeg, png
from tests.task_context import make_context

from .publishing import Shop, counts, labelled, picture


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", lambda state: 0)


@pytest.fixture
def store(service: LocalService, conn_id: str) -> LocalService:
    return service


def put(store: LocalService, *contents: bytes, task_id: str = "1250000000-ImageTask-1") -> dict[str, Any]:
    """Do what a task does: store pictures, and return its result."""
    outputs = []
    for number, content in enumerate(contents):
        key = f"/output/{task_id}/{number}.jpeg"
        store.put_object(store.bucket, key, content)
        outputs.append({"bucket": store.bucket, "region": store.region, "path": key, "more": number})
    return {"TaskId": task_id, "Status": "FINISH", "Outputs": outputs, "subject": "cup"}


def run(context: Any = None, **given: Any) -> Any:
    operator = PictureLabelOperator(task_id="label", **given)
    return operator.execute(context or make_context(task_id="label"))


def get(store: LocalService, output: dict[str, Any]) -> bytes:
    return store.get_object(output["bucket"], output["path"])


def requests(store: LocalService, action: str) -> int:
    return len(store.service.calls(action)) if hasattr(store, "service") else len(store.calls(action))


def test_pictures_of_a_result_are_labelled_in_place(store: LocalService) -> None:
    result = put(store, jpeg(), png("RGBA"))
    found = run(pictures=result)
    assert found["TaskId"] == result["TaskId"]
    assert [one["path"] for one in found["Outputs"]] == [one["path"] for one in result["Outputs"]]
    assert [one["more"] for one in found["Outputs"]] == [0, 1]
    labels = [check_label(get(store, one)) for one in found["Outputs"]]
    assert [one.produce_id for one in labels] == ["1250000000-ImageTask-1", "1250000000-ImageTask-1-2"]
    assert {one.producer for one in labels} == {"Tencent Cloud MPS"}


def test_what_is_labelled_is_left_alone(store: LocalService) -> None:
    results = [put(store, jpeg(), task_id=f"1-ImageTask-{number}") for number in range(5)]
    for dest in (None, "/labelled/"):
        first = run(pictures=results, dest=dest)
        stored, fetched, looked = (requests(store, action) for action in ("PutObject", "GetObject", "HeadObject"))
        assert run(pictures=results, dest=dest) == first
        assert (requests(store, "PutObject"), requests(store, "GetObject")) == (stored, fetched)
        assert requests(store, "HeadObject") - looked == (5 if dest is None else 10)


def test_labelled_pictures_may_go_elsewhere(store: LocalService) -> None:
    result = put(store, jpeg())
    (found,) = run(pictures=[result], dest=f"cos://{store.bucket}/labelled/", label={"propagator": "shop.example"})
    (output,) = found["Outputs"]
    key = result["Outputs"][0]["path"]
    assert (output["path"], output["bucket"]) == (f"/labelled{key}", store.bucket)
    assert output["cos_uri"] == f"cos://{store.bucket}/labelled{key}"
    assert check_label(get(store, output)).propagator == "shop.example"
    assert store.get_object(store.bucket, key) == jpeg()


def test_another_label_in_place_adds_what_is_missing(store: LocalService) -> None:
    result = put(store, jpeg())
    run(pictures=result)
    run(pictures=result, label={"producer": "Merchant", "propagator": "shop"})
    found = check_label(get(store, result["Outputs"][0]))
    assert (found.producer, found.propagator) == ("Tencent Cloud MPS", "shop")
    with pytest.raises(LabelsRefusedError, match="may be marked: label what it was made from, with dest"):
        run(pictures=result, label={"visible": {"text": "AI made"}})


def test_a_mark_is_drawn_once(store: LocalService) -> None:
    result = put(store, jpeg(seed=3))
    label = {"visible": {"text": "AI"}}
    run(pictures=result, label=label)
    once = get(store, result["Outputs"][0])
    run(pictures=result, label=label)
    assert get(store, result["Outputs"][0]) == once
    assert once != jpeg(seed=3)


def test_a_task_of_aidge_is_known_by_its_id(store: LocalService) -> None:
    found = run(pictures=put(store, jpeg(), task_id="9007199254740993"))
    assert check_label(get(store, found["Outputs"][0])).producer == "Alibaba Aidge"


def test_a_name_that_is_no_label_is_written_as_one(store: LocalService) -> None:
    result = put(store, jpeg())
    key = "/output/cup\u3000of\u200btea.jpeg"
    store.put_object(store.bucket, key, jpeg())
    output = {**result["Outputs"][0], "path": key}
    found = run(pictures=[{"Status": "FINISH", "Outputs": [output]}, result])
    labels = [check_label(get(store, one["Outputs"][0])) for one in found]
    assert [one.produce_id for one in labels] == ["cup_of_tea.jpeg", result["TaskId"]]


def test_entries_without_pictures_and_texts_stay(store: LocalService) -> None:
    failed = {"TaskId": None, "Outputs": [], "Error": {"Code": "1", "Message": "m"}}
    text = {"TaskId": "1-t", "Outputs": [{"content": "a text"}], "Error": None}
    entries = [failed, put(store, jpeg()), text, None]
    found = run(pictures=entries)
    assert found[0] == failed
    assert found[2] == text
    assert len(found) == 3
    assert run(pictures=[]) == []


def test_what_cannot_be_labelled_fails_and_the_others_are_labelled(store: LocalService) -> None:
    good, bad = put(store, jpeg()), put(store, jpeg()[:-2], task_id="1-ImageTask-bad")
    gone = put(store, task_id="1-ImageTask-gone") | {
        "Outputs": [{"bucket": store.bucket, "region": store.region, "path": "/output/gone.jpeg"}]
    }
    context = make_context(task_id="label")
    with pytest.raises(LabelsRefusedError) as caught:
        run(context, pictures=[good, bad, gone])
    assert isinstance(caught.value, AirflowFailException)
    said = str(caught.value)
    assert said.startswith("2 of 3 pictures not labelled (max_failed=0): LabelUnreadable: cos://")
    assert "it is a JPEG that is cut off" in said
    assert "PictureGone" in said
    assert "2 of 3 not labelled, max_failed=0" in str(short_line(caught.value, "shop"))
    assert str(pickle.loads(pickle.dumps(caught.value))) == said
    told = context["ti"].xcoms["return_value"]
    assert [(one.get("Error") or {}).get("Code") for one in told] == [None, "LabelUnreadable", "PictureGone"]
    assert told[1]["Outputs"] == []
    assert get(store, bad["Outputs"][0]) == jpeg()[:-2]
    assert check_label(get(store, good["Outputs"][0]))
    assert len(run(pictures=[good, bad, gone], max_failed="2")) == 3


def test_what_cos_fails_may_come_with_a_retry(store: LocalService) -> None:
    result = put(store, jpeg())
    store.add_fault(kind="error", action="PutObject", code="InternalError", status=500, times=calls.ATTEMPTS)
    with pytest.raises(LabelsFailedError, match="InternalError") as caught:
        run(pictures=result)
    assert not isinstance(caught.value, LabelsRefusedError)
    assert get(store, result["Outputs"][0]) == jpeg()
    run(pictures=result)
    assert check_label(get(store, result["Outputs"][0]))


def test_when_cos_refuses_all_it_is_not_asked_for_all(store: LocalService) -> None:
    results = [put(store, jpeg(), task_id=f"1-ImageTask-{number}") for number in range(60)]
    store.add_fault(kind="error", action="GetObject", code="AccessDenied", status=403)
    with pytest.raises(TencentCloudPermanentError, match="AccessDenied"):
        run(pictures=results, max_workers=2)
    assert requests(store, "GetObject") < MAX_ERRORS + 5


def test_files_of_lines_become_a_file_that_is_published(service: LocalService, conn_id: str) -> None:
    shop = Shop(service)
    made = shop.make([shop.line("cup/white"), shop.line("bowl/white")])
    shop.service.put_object(service.bucket, "/output/bowl/white-1.jpeg", b"no picture")
    found = run(pictures=made, dest="/labelled/", max_failed=1)
    assert found["catalogue"] == shop.catalogue
    assert found["counts"] == {"labelled": 1, "unchanged": 0, "left": 0, "failed": 1}
    assert found["path"].rpartition("/")[2].startswith("labelled-1-")
    lines = list(read_lines(Files(), found["path"]))
    assert [line["item"] for line in lines] == ["cup/white", "bowl/white"]
    assert lines[0]["entry"]["Outputs"][0]["path"] == "/labelled/output/cup/white-1.jpeg"
    assert lines[1]["entry"]["Error"]["Code"] == "LabelUnreadable"
    # Nothing of it has to be labelled again, and what has no label is published by nobody.
    assert shop.publish(found, label=None)["counts"] == counts(published=1, without_picture=1)
    assert shop.get(shop.final("cup/white")) == labelled("cup/white", 1)
    assert shop.publish(found, make_context(task_id="publish"), label="metadata")["counts"]["failed"] == 0


def test_lines_of_a_batch_alone(store: LocalService, tmp_path: Path) -> None:
    path = str(tmp_path / "pictures-1-0123abcd.jsonl")
    write_lines(Files(), path, [{"item": "cup", "entry": put(store, jpeg())}])
    found = run(pictures=path)
    (line,) = read_lines(Files(), found["path"])
    assert found.keys() == {"path", "counts"}
    assert Path(found["path"]).parent == tmp_path
    assert check_label(get(store, line["entry"]["Outputs"][0]))


def test_all_that_is_published_of_a_catalogue_is_labelled_where_it_is(service: LocalService, conn_id: str) -> None:
    shop = Shop(service)
    items = ["cup/white", "bowl/white", "jug/white"]
    made = shop.make([shop.line(item) for item in items])
    shop.publish(made)
    # A photo that somebody has put there is no picture of ours.
    service.put_object(service.bucket, shop.final("jug/white"), jpeg(seed=9))
    found = run(catalogue=shop.catalogue)
    assert found == {
        "catalogue": shop.catalogue,
        "counts": {"labelled": 2, "unchanged": 0, "left": 1, "failed": 0},
    }
    for item in items[:2]:
        assert shop.get(shop.final(item)) == labelled(item, 1)
        there = CosHook().stat_object(shop.final(item))
        state = shop.record().state(item).published
        assert there is not None
        assert state is not None
        assert (state.etag, state.fingerprint) == (there.etag, shop.fingerprint(1))
    assert read_label(jpeg(seed=9)) is None
    assert shop.get(shop.final("jug/white")) == jpeg(seed=9)
    seq = shop.record().seq
    assert run(catalogue=shop.catalogue)["counts"] == {"labelled": 0, "unchanged": 2, "left": 1, "failed": 0}
    assert shop.record().seq == seq
    # Who publishes them once more finds them as they are to be.
    stored = requests(service, "PutObject")
    again = shop.make([shop.line(item) for item in items[:2]], records=False)
    before = requests(service, "GetObject")
    shop.publish(again, label="metadata")
    assert shop.get(shop.final("cup/white")) == labelled("cup/white", 1)
    assert stored
    assert before


def test_what_another_run_has_published_meanwhile_stays_on_record(
    service: LocalService, conn_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(service)
    shop.publish(shop.make([shop.line("cup/white")]))
    newer, put_object = shop.make([shop.line("cup/white", 2)]), CosHook.put_object

    def put_and_lose(self: CosHook, key: str, *more: Any) -> Any:
        stored = put_object(self, key, *more)
        monkeypatch.setattr(CosHook, "put_object", put_object)
        shop.publish(newer)
        return stored

    monkeypatch.setattr(CosHook, "put_object", put_and_lose)
    run(catalogue=shop.catalogue)
    state = shop.record().state("cup/white").published
    there = CosHook().stat_object(shop.final("cup/white"))
    assert state is not None
    assert there is not None
    assert (state.fingerprint, state.etag) == (shop.fingerprint(2), there.etag)


def test_two_pictures_that_would_be_one_object_are_refused(store: LocalService) -> None:
    one, other = put(store, jpeg()), put(store, png())
    other["Outputs"][0]["bucket"] = "other-1250000000"
    with pytest.raises(InvalidArgumentError, match=r"dest: .* would both be /labelled/output/"):
        run(pictures=[one, other], dest=f"cos://{store.bucket}/labelled")
    assert requests(store, "PutObject") == 0


def test_a_task_that_is_ended_begins_nothing_more(store: LocalService) -> None:
    results = [put(store, jpeg(), task_id=f"1-ImageTask-{number}") for number in range(30)]
    operator = PictureLabelOperator(task_id="label", pictures=results, max_workers=1)
    stat = CosHook.stat_object

    def stop_and_look(self: CosHook, *given: Any) -> Any:
        operator.on_kill()
        return stat(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CosHook, "stat_object", stop_and_look)
        with pytest.raises(BaseException):  # noqa: B017, PT011 - CancelledError, or that the transfer was stopped
            operator.execute(make_context(task_id="label"))
    assert requests(store, "PutObject") <= 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "pictures: expected pictures or catalogue, and not both"),
        ({"pictures": [], "catalogue": "cos:///shop/"}, "pictures: expected pictures or catalogue, and not both"),
        ({"catalogue": "cos:///shop/", "dest": "/labelled/"}, "dest: expected none with catalogue"),
        ({"pictures": [], "label": None}, "label: expected 'metadata' or a dict"),
        ({"pictures": [], "label": {"visible": {}}}, "label"),
        ({"pictures": [], "dest": "s3://bucket/"}, "dest: expected"),
        ({"pictures": [], "max_workers": 0}, "max_workers: expected a whole number from 1 to 32"),
        ({"pictures": [], "max_failed": -1}, "max_failed: expected a whole number"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused_when_the_dag_is_read(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PictureLabelOperator(task_id="label", **given)


@pytest.mark.parametrize("pictures", [["text", {"Outputs": []}], [{"bucket": "b-1", "path": "/p"}], [7], "", {1: 2}])
def test_what_is_no_result(store: LocalService, pictures: Any) -> None:
    if pictures == "":
        assert run(pictures=pictures) == []
        return
    with pytest.raises(InvalidArgumentError, match="pictures: expected"):
        run(pictures=pictures)
    assert picture("a", 1)
