"""Many products in scenes in one Airflow task: what is sent, paid, copied and handed over."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.models.trigger import Trigger
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from PIL import Image

from airflow_provider_mps.batch import port as batch_port
from airflow_provider_mps.batch import record as batch_record
from airflow_provider_mps.batch import run as batch_run
from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.batch.aidge_copies import AidgeCopies
from airflow_provider_mps.clients.pacing import Pacer
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.exceptions import (
    AidgePermanentError,
    MpsBatchFailedError,
    MpsBatchRefusedError,
    TencentCloudPermanentError,
)
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.local.pictures.sample_pictures import LARGE_SAMPLE, read_sample
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.storage.object_storage import ObjectStorage
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from airflow_provider_mps.triggers.aidge_batch import AidgeImageBatchTrigger
from tests.operators.aidge_batches import GET, QUERY, SUBMIT, Batch, codes, fire, wait_until
from tests.task_context import execute, make_context

pytestmark = pytest.mark.usefixtures("_no_waits", "aidge_conn_id", "conn_id")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_writer, "TAKE_OVER_SECONDS", 0.2)
    monkeypatch.setattr(batch_writer, "START_SECONDS", 0.02)
    monkeypatch.setattr(batch_writer, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(batch_writer, "GATHER_SECONDS", 0.005)
    monkeypatch.setattr(batch_record, "PAGE_ITEMS", 10)


@pytest.fixture
def batch(service: LocalService) -> Batch:
    return Batch(service)


def is_picture(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture.format == "JPEG"


def copies(batch: Batch, entry: dict[str, Any]) -> list[str]:
    """Return the paths of the copies of an entry, each of which is a whole picture in COS."""
    for output in entry["Outputs"]:
        assert set(output) == {"bucket", "region", "path", "cos_uri", "url"}
        assert is_picture(batch.service.get_object(output["bucket"], output["path"]))
    return [output["path"] for output in entry["Outputs"]]


def test_an_entry_for_each_request_with_the_copies_of_its_pictures(batch: Batch, tmp_path: Path) -> None:
    found = batch.run([*batch.products(3), {**batch.products(1, 3)[0], "image_num": 3, "scene_id": 8}])
    assert [entry["key"] for entry in found] == ["cup-0", "cup-1", "cup-2", "cup-3"]
    assert {entry["subject"] for entry in found} == {f"{batch.service.url}/_local/samples/coffee-large.jpg"}
    fields = {"key", "subject", "TaskId", "Status", "Images", "CreateTime", "FinishTime", "Outputs"}
    assert all(set(entry) == fields for entry in found)
    for entry, count in zip(found, (2, 2, 2, 3), strict=True):
        names = [f"/output/aidge/{entry['TaskId']}-{number}.jpg" for number in range(1, count + 1)]
        assert copies(batch, entry) == names
        assert all("?" not in image["url"] for image in entry["Images"])
    assert len({entry["TaskId"] for entry in found}) == batch.accepted() == 4
    # What takes results of MPS takes these.
    to_disk = CosToLocalFilesystemOperator(task_id="fetch", outputs=found, local_dir=str(tmp_path))
    assert len(execute(to_disk, make_context())) == 9


def test_what_is_sent(batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "cup.jpg").write_bytes(read_sample(LARGE_SAMPLE))
    service = batch.service
    requests = [
        {"image_path": str(tmp_path / "cup.jpg"), "need_layout": True, "product_title": "Coffee cup"},
        {"image_path": "cos:///samples/vase.png", "width": 750, "height": 1000},
        {"image_path": f"cos://{service.bucket}/samples/bottle.png", "scene_id": "8"},
    ]
    found = batch.run(requests, defaults={"scene_id": 3, "image_num": 2, "image_url": "https://e.com/not-this.jpg"})
    assert [len(entry["Outputs"]) for entry in found] == [2, 2, 2]
    assert [entry["subject"] for entry in found] == [request["image_path"] for request in requests]
    sent = [call.body["requestParams"][0] for call in service.calls(SUBMIT)]
    assert all("imgBase64" in element and "imageFileUrl" not in element for element in sent)
    assert sorted(element["modelNum"] for element in sent) == ["3", "3", "8"]
    assert [element["productTitle"] for element in sent if element["needLayout"] == "true"] == ["Coffee cup"]
    assert sorted(element["width"] for element in sent) == ["750", "800", "800"]


def test_deferred_once_for_all_with_small_messages(batch: Batch) -> None:
    batch.service.backend.settings.task_seconds = 600
    requests = batch.products(12)
    with pytest.raises(TaskDeferred) as caught:
        batch.run(requests, deferrable=True)
    arguments = dict(caught.value.trigger.serialize()[1])
    assert len(json.dumps(arguments)) < 600
    row = Trigger.from_object(AidgeImageBatchTrigger(**arguments))
    assert AidgeImageBatchTrigger(**row.kwargs).serialize()[1] == arguments
    batch.end_all()
    event = fire(arguments)
    assert len(json.dumps(event)) < 200
    looks = batch.calls()[QUERY]
    found = batch.complete(requests, event)
    assert all(len(copies(batch, entry)) == 2 for entry in found)
    assert batch.accepted() == 12
    # The addresses of the moment, once for each task: nobody asks again whether it is done.
    assert batch.calls()[QUERY] == looks + 12


def test_pictures_are_copied_while_others_are_still_submitted(
    batch: Batch, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = AidgeHook.asubmit_task

    async def last_when_the_others_are_copied(self: Any, request: Any, **options: Any) -> Any:
        if "cup-9-" in str(request.element):
            await asyncio.to_thread(wait_until, lambda: len(service.accepted(GET)) >= 18)
        return await submit(self, request, **options)

    monkeypatch.setattr(AidgeHook, "asubmit_task", last_when_the_others_are_copied)
    service.add_fault(kind="task_seconds", action=SUBMIT, match="cup-9-", seconds=600)
    with pytest.raises(TaskDeferred) as caught:
        batch.run(batch.products(10), deferrable=True)
    batch.end_all()
    found = batch.complete(batch.products(10), fire(dict(caught.value.trigger.serialize()[1])))
    assert all(len(copies(batch, entry)) == 2 for entry in found)
    # What the first worker has copied is not copied again.
    assert len(service.accepted(GET)) == 20


def paced(service: LocalService, **extra: Any) -> dict[str, Any]:
    connection = service.aidge_connection()
    connection["extra"] |= extra
    return connection


def test_fifty_at_the_pace_of_the_account() -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        LocalService(task_seconds=0.2, rate_limit={SUBMIT: 20, QUERY: 50, "*": 0}, small_pictures=True) as service,
    ):
        patch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(service.connection() | {}))
        patch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(paced(service, requests_per_second=20)))
        batch = Batch(service)
        found = batch.run(batch.products(50))
        assert all(len(entry["Outputs"]) == 2 for entry in found)
        assert batch.accepted() == len(service.calls(SUBMIT)) == 50


def test_on_doubt_fail_leaves_a_person_to_decide(batch: Batch) -> None:
    batch.service.add_fault(kind="lost_answer", action=SUBMIT, match="cup-3-", times=1)
    with pytest.raises(MpsBatchRefusedError, match=r"1 of 6 pictures failed.*InDoubt") as caught:
        batch.run(batch.products(6))
    assert isinstance(caught.value, AirflowFailException)
    assert "set on_doubt='resubmit' and clear the task" in str(caught.value)
    # All others are made, and no retry submits the one, however often it comes.
    for try_number in (2, 3):
        found = batch.run(batch.products(6), try_number, max_failed=1)
        assert codes(found) == {"cup-3": "InDoubt"}
        assert (found[3]["TaskId"], found[3]["Outputs"]) == (None, [])
        assert all(len(copies(batch, entry)) == 2 for entry in found if "Error" not in entry)
    assert batch.accepted() == 6


def test_a_person_who_says_resubmit_and_clears(batch: Batch) -> None:
    batch.service.add_fault(kind="lost_answer", action=SUBMIT, match="cup-3-", times=1)
    with pytest.raises(MpsBatchRefusedError):
        batch.run(batch.products(6))
    found = batch.run(batch.products(6), 2, max_tries=4, on_doubt="resubmit")
    assert codes(found) == {}
    assert batch.accepted() == 7


def test_on_doubt_resubmit_submits_again_in_the_next_try(batch: Batch) -> None:
    batch.service.add_fault(kind="lost_answer", action=SUBMIT, match="cup-3-", times=1)
    with pytest.raises(MpsBatchFailedError, match=r"1 of 6 .*NoAnswer") as caught:
        batch.run(batch.products(6), on_doubt="resubmit")
    assert not isinstance(caught.value, AirflowFailException)
    found = batch.run(batch.products(6), 2, on_doubt="resubmit")
    assert codes(found) == {}
    assert batch.accepted() == 7
    assert batch.run(batch.products(6), 3, on_doubt="resubmit") == found
    assert batch.accepted() == 7


def test_what_was_certainly_not_executed_is_no_doubt(batch: Batch) -> None:
    batch.service.add_fault(kind="error", action=SUBMIT, match="cup-1-", code="501", times=6)
    with pytest.raises(MpsBatchFailedError, match="501"):
        batch.run(batch.products(3))
    assert codes(batch.run(batch.products(3), 2)) == {}
    assert batch.accepted() == 3


def test_a_first_try_that_came_to_nothing_leaves_no_doubt(batch: Batch) -> None:
    # Nothing is on record, and no list could be asked.
    assert codes(batch.run(batch.products(3), 2)) == {}
    assert batch.accepted() == 3


def test_a_task_that_fails_and_one_that_is_refused(batch: Batch) -> None:
    batch.service.add_fault(kind="task_fail", action=SUBMIT, match="cup-1-", message="try later", times=1)
    batch.service.add_fault(kind="error", action=SUBMIT, match="cup-2-", code="1000", message="sensitive")
    with pytest.raises(MpsBatchFailedError, match=r"2 of 4 pictures failed"):
        batch.run(batch.products(4))
    assert batch.accepted() == 3
    found = batch.run(batch.products(4), 2, max_failed=1)
    assert codes(found) == {"cup-2": "1000"}
    assert found[2]["Error"]["RequestId"]
    assert batch.accepted() == 4


def test_one_picture_of_several_is_missing(batch: Batch, lines: Callable[[], str]) -> None:
    batch.service.add_fault(kind="task_fail", action=SUBMIT, match="cup-1-", message="too dark", inner=True)
    found = batch.run(batch.products(3), defaults={"scene_id": 3, "image_num": 4})
    assert [len(copies(batch, entry)) for entry in found] == [4, 3, 4]
    assert [image["message"] for image in found[1]["Images"] if image["url"] is None] == ["too dark"]
    assert "1 picture of Aidge task" in lines()


def test_addresses_that_have_expired_are_asked_for_again(
    batch: Batch, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, ask = service.backend.aidge.files, AidgeHook.get_addresses

    def first_too_late(self: Any, task_id: str, count: int = 1) -> Any:
        found = ask(self, task_id, count)
        monkeypatch.setattr(files, "_seconds", 3600)
        return found

    # Those that the worker gets first have expired when it comes to them.
    monkeypatch.setattr(files, "_seconds", -10)
    monkeypatch.setattr(AidgeHook, "get_addresses", first_too_late)
    [entry] = batch.run(batch.products(1), defaults={"scene_id": 3, "image_num": 4})
    assert len(copies(batch, entry)) == 4
    refused = [call for call in service.calls(GET) if not call.executed]
    assert len({call.body["path"] for call in refused}) == 4


def test_what_is_not_copied_is_copied_by_a_retry_that_pays_nothing(batch: Batch, lines: Callable[[], str]) -> None:
    batch.service.add_fault(kind="truncate", action=GET, n=100, times=6)
    with pytest.raises(MpsBatchFailedError, match=r"made, and not copied to cos:///output/aidge/"):
        batch.run(batch.products(1))
    found = batch.run(batch.products(1), 2)
    assert len(copies(batch, found[0])) == 2
    assert batch.accepted() == 1
    # The third try has nothing to do.
    before = batch.calls()
    assert batch.run(batch.products(1), 3) == found
    assert (batch.calls()[QUERY], batch.calls()[GET]) == (before[QUERY], before[GET])
    assert "Attempt 1 of" in lines()


def test_pictures_that_are_gone_are_made_anew_only_for_a_person(batch: Batch) -> None:
    batch.service.add_fault(kind="http", action=GET, status=404)
    with pytest.raises(MpsBatchFailedError):
        batch.run(batch.products(2))
    # Aidge does not know them any more.
    batch.service.add_fault(kind="error", action=QUERY, code="700", message="taskId is wrong, the task does not exist")
    for try_number in (2, 3):
        with pytest.raises(MpsBatchRefusedError, match="made, and gone before it was copied"):
            batch.run(batch.products(2), try_number)
    assert batch.accepted() == 2
    batch.service.clear_faults()
    assert codes(batch.run(batch.products(2), 4, max_tries=5)) == {}
    assert batch.accepted() == 4


def test_a_bucket_that_takes_nothing_stops_what_would_be_paid_in_vain(
    batch: Batch, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, submit, finish, turns = 0, AidgeHook.asubmit_task, AidgeCopies.finish, itertools.count()

    async def counting(self: Any, result: dict[str, Any]) -> Any:
        nonlocal failed
        try:
            return await finish(self, result)
        except ServiceError:
            failed += 1
            raise

    async def first_some_then_the_others(self: Any, request: Any, **options: Any) -> Any:
        # Not by what is accepted: several could see the eleventh, and go on.
        if next(turns) >= 12:
            await asyncio.to_thread(wait_until, lambda: failed >= batch_run.UNFINISHED)
        return await submit(self, request, **options)

    monkeypatch.setattr(AidgeCopies, "finish", counting)
    monkeypatch.setattr(AidgeHook, "asubmit_task", first_some_then_the_others)
    service.add_fault(kind="error", action="PutObject", match="/output/aidge/", code="AccessDenied", status=403)
    with pytest.raises(TencentCloudPermanentError, match="AccessDenied"):
        batch.run(batch.products(60))
    # Those that were on their way then, and no more.
    paid = batch.accepted()
    assert paid <= 12 + batch_run.IN_FLIGHT
    service.clear_faults()
    monkeypatch.setattr(AidgeHook, "asubmit_task", submit)
    assert codes(batch.run(batch.products(60)[:paid], 2)) == {}


def test_keys_that_are_refused_stop_all(batch: Batch, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = service.aidge_connection() | {"login": "wrong"}
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(connection))
    with pytest.raises(AidgePermanentError):
        batch.run(batch.products(40))
    assert len(service.calls(SUBMIT)) < 40


def test_a_clear_of_a_batch_that_returned_its_result_makes_all_anew(batch: Batch) -> None:
    first = batch.run(batch.products(3))
    second = batch.run(batch.products(3), 2, max_tries=3)
    assert batch.accepted() == 6
    assert not {entry["TaskId"] for entry in first} & {entry["TaskId"] for entry in second}


def test_the_same_request_twice_is_two_tasks(batch: Batch) -> None:
    one = {"image_path": "cos:///samples/vase.png"}
    found = batch.run([one, one])
    assert len({entry["TaskId"] for entry in found}) == 2
    assert batch.run([one, one], 2) == found


def test_to_the_disk(batch: Batch, tmp_path: Path) -> None:
    found = batch.run(batch.products(2), dest=str(tmp_path / "pictures"))
    for entry in found:
        for output in entry["Outputs"]:
            path = Path(output["uri"].removeprefix("file://"))
            assert path.stat().st_size == output["size"]
            assert is_picture(path.read_bytes())
    assert len(list((tmp_path / "pictures").iterdir())) == 4


def test_files_that_cannot_be_sent_are_ends_of_their_own(batch: Batch, tmp_path: Path) -> None:
    service = batch.service
    (tmp_path / "small.png").write_bytes(read_sample("coffee.png"))
    (tmp_path / "words.jpg").write_text("no picture")
    service.put_object(service.bucket, "/in/big.jpg", read_sample(LARGE_SAMPLE) + bytes(4 * 2**20))
    files = {
        "small": str(tmp_path / "small.png"),
        "words": str(tmp_path / "words.jpg"),
        "not here": str(tmp_path / "nowhere.jpg"),
        "not there": "cos:///in/nowhere.jpg",
        "big": "cos:///in/big.jpg",
        "good": "cos:///samples/vase.png",
    }
    found = batch.run([{"image_path": path, "key": key} for key, path in files.items()], max_failed=5)
    for_good = dict.fromkeys(("small", "words", "not here", "big"), "ImageNotUsable")
    assert codes(found) == {**for_good, "not there": "ImageNotRead"}
    assert len(copies(batch, found[5])) == 2
    assert batch.accepted() == len(service.calls(SUBMIT)) == 1


def test_a_file_is_read_when_its_request_goes_out_and_few_at_the_same_time(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, held, most, read = threading.Lock(), 0, 0, 0
    original_read, original_wait = ObjectStorage.read, Pacer.await_turn

    def counting(self: Any, name: str, address: str, limit: int) -> bytes:
        nonlocal held, most, read
        with lock:
            held, read = held + 1, read + 1
            most = max(most, held)
        return original_read(self, name, address, limit)

    async def released(self: Any) -> None:
        nonlocal held
        await original_wait(self)
        with lock:
            held -= 1

    monkeypatch.setattr(ObjectStorage, "read", counting)
    monkeypatch.setattr(Pacer, "await_turn", released)
    found = batch.run([{"image_path": "cos:///samples/vase.png", "key": n} for n in range(20)])
    assert codes(found) == {}
    assert read == 20
    assert most <= batch_port.FILES_AT_ONCE


def test_a_stop_leaves_no_doubt_about_what_was_under_way(batch: Batch) -> None:
    service = batch.service
    service.add_fault(kind="delay", action=SUBMIT, when="after", seconds=0.5)
    operator = batch.operator(batch.products(40))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            execute(operator, make_context())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: batch.accepted() >= 4)
    operator.on_kill()
    thread.join(60)
    assert not thread.is_alive()
    assert "was stopped" in str(errors[0])
    service.clear_faults()
    # Each that Aidge has accepted was answered, and is joined: also those that were under way.
    found = batch.run(batch.products(40), 2)
    assert codes(found) == {}
    assert batch.accepted() == 40


def test_no_secret_and_no_signature_is_kept(batch: Batch, lines: Callable[[], str]) -> None:
    service = batch.service
    batch.run(batch.products(2))
    listing = service.backend.store.list(service.bucket, prefix="airflow-mps/", limit=1000)
    kept = b"".join(service.get_object(service.bucket, item.key) for item in listing.objects).decode()
    assert service.aidge_tasks[0].task_id in kept
    for secret in (service.aidge_secret, "Signature=", "OSSAccessKeyId", "Expires="):
        assert secret not in kept + lines()
