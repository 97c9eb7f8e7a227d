from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.gallery_paths import picture_id
from airflow_provider_mps.core.vocabulary import XCOM_ERROR_KEY
from airflow_provider_mps.gallery.shown import shown
from tests.gallery.rows import BUCKET, collect, iteration, on_page, output, result, roles, task, told

SUBMIT = "MpsImageBgFusionOperator"
FIELDS = {
    "subject_cos_key": "/samples/cup.png",
    "subject_cos_bucket": BUCKET,
    "bg_cos_key": "samples/brick.png",
    "prompt": ["白色大理石桌面，柔和的晨光", "no people"],
    "random_seed": 42,
    "image_size": "2K",
    "output_dir": "/output/",
    "tencentcloud_conn_id": "shop",
}


def test_a_submission_and_the_sensor_that_waits_for_it_are_one_result() -> None:
    [found] = on_page(
        [task("fuse", SUBMIT), task("wait", "MpsImageTaskSensor", started=2.0)],
        [
            told("fuse", "task-1"),
            told("fuse", "task-1", "mps_task_id"),
            told("wait", result("task-1", "/out/cup.jpeg")),
        ],
        {("fuse", -1): FIELDS, ("wait", -1): {"mps_task_id": "task-1", "tencentcloud_conn_id": "shop"}},
    )
    assert (found["name"], found["tasks"], found["state"], found["tone"]) == ("fuse", ["fuse", "wait"], "made", "good")
    assert found["prompt"] == "白色大理石桌面，柔和的晨光 / no people"
    assert (found["seed"], found["size"], found["seconds"], found["service"]) == ("42", "2K", 7.0, "MPS")
    assert roles(found) == ["subject", "background", "result"]
    assert [one["id"] for one in found["pictures"]] == [
        picture_id(f"cos://{BUCKET}/samples/cup.png"),
        # Its bucket is that of the connection.
        picture_id("shop cos:///samples/brick.png"),
        picture_id(f"cos://{BUCKET}/out/cup.jpeg"),
    ]


def test_pictures_are_fetched_with_the_connection_of_the_task() -> None:
    results, _ = collect(
        [task("fuse", SUBMIT)],
        [told("fuse", "task-1", "mps_task_id"), told("fuse", result("task-1", "/out/cup.jpeg"))],
        {("fuse", -1): FIELDS},
    )
    sources: tuple[Any, ...] = shown(results[0]).sources
    assert {one.conn_id for one in sources} == {"shop"}
    assert [one.region for one in sources] == [None, None, "ap-guangzhou"]


def test_each_instance_of_a_mapped_task_is_a_result() -> None:
    # The last one has begun first.
    tasks = [task("fuse", SUBMIT, started=9.0 - index, map_index=index) for index in range(3)]
    xcoms = [told("fuse", result(f"task-{index}", f"/out/{index}.jpeg"), map_index=index) for index in range(3)]
    found = on_page(tasks, xcoms, {("fuse", index): FIELDS | {"random_seed": index} for index in range(3)})
    assert [one["name"] for one in found] == ["fuse [0]", "fuse [1]", "fuse [2]"]
    assert [one["map_indexes"] for one in found] == [{"fuse": 0}, {"fuse": 1}, {"fuse": 2}]


def test_each_iteration_of_a_loop_is_a_result() -> None:
    turns = [(outer, inner) for outer in (0, 1) for inner in (0, 1)]
    tasks = [task("fuse", SUBMIT, turns=turn) for turn in turns]
    xcoms = [told("fuse", result(f"task-{turn}", "/out/a.jpeg"), turns=turn) for turn in reversed(turns)]
    xcoms += [told("fuse", f"task-{turn}", "mps_task_id", turns=turn) for turn in turns]
    fields = {("fuse", -1, iteration(turn)): FIELDS | {"random_seed": turn[1]} for turn in turns}
    found = on_page(tasks, xcoms, fields)
    assert [one["name"] for one in found] == [f"fuse, iteration {outer}.{inner}" for outer, inner in turns]
    assert [one["iterations"] for one in found] == [{"fuse": iteration(turn)} for turn in turns]
    assert [one["seed"] for one in found] == ["0", "1", "0", "1"]


def test_what_failed_in_an_iteration_is_told_of_that_one() -> None:
    tasks = [task("fuse", SUBMIT, state, turns=(turn,)) for turn, state in enumerate(("success", "failed", "running"))]
    error = {"Code": "InvalidInput", "Message": "no", "RequestId": "r"}
    xcoms = [told("fuse", result("task-0", "/out/a.jpeg"), turns=(0,)), told("fuse", error, XCOM_ERROR_KEY, turns=(1,))]
    made, failed, runs = on_page(tasks, xcoms)
    assert [one["state"] for one in (made, failed, runs)] == ["made", "failed", "running"]
    assert (made["code"], failed["code"], runs["code"]) == ("", "InvalidInput", "")
    assert (failed["turns"], runs["turns"]) == ({"fuse": "1"}, {"fuse": "2"})


def test_a_mapped_task_in_a_loop_has_both_numbers() -> None:
    [found] = on_page(
        [task("fuse", SUBMIT, map_index=1, turns=(2,))], [told("fuse", result("t", "/a"), "return_value", 1, (2,))]
    )
    assert found["name"] == "fuse, iteration 2 [1]"


def test_the_entries_of_a_batch_with_what_was_asked_for_them() -> None:
    failed = {
        "TaskId": None,
        "Outputs": [],
        "Error": {"Code": "InvalidParameterValue", "Message": "no", "RequestId": "r-2"},
    }
    entries = [
        {"key": 0, "subject": f"cos://{BUCKET}/a.png", **result("task-1", "/out/a.jpeg")},
        {"key": "b", "subject": f"cos://{BUCKET}/b.png", **failed},
    ]
    requests = [{"subject_cos_key": "/a.png", "prompt": "marble"}, {"subject_cos_key": "/b.png", "prompt": "oak"}]
    first, second = on_page(
        [task("make", "MpsImageBgFusionBatchOperator")],
        [told("make", entries)],
        {("make", -1): {"requests": requests, "tencentcloud_conn_id": "shop"}},
    )
    assert (first["name"], first["prompt"], first["state"], roles(first)) == (
        "make 0",
        "marble",
        "made",
        ["subject", "result"],
    )
    assert (second["name"], second["state"], second["tone"]) == ("b", "failed", "bad")
    assert (second["code"], second["message"], second["request_id"]) == ("InvalidParameterValue", "no", "r-2")
    assert roles(second) == ["subject"]


def test_where_airflow_has_cut_the_requests_the_entries_name_their_subjects() -> None:
    entry = {"key": 0, "subject": f"cos://{BUCKET}/a.png", **result("task-1", "/out/a.jpeg")}
    [found] = on_page(
        [task("make", "MpsImageBgFusionBatchOperator")],
        [told("make", [entry])],
        {("make", -1): {"requests": "Truncated. You can change this behaviour in ...", "tencentcloud_conn_id": None}},
    )
    assert found["pictures"][0] == {
        "role": "subject",
        "id": picture_id(f"cos://{BUCKET}/a.png"),
        "name": "a.png",
    }


def line(**more: Any) -> dict[str, Any]:
    request = {"subject_cos_key": "/cup.png", "prompt": "lawn"}
    planned = {"item": "cup/lawn", "sku": "cup", "look": "lawn", "service": "mps", "action": "make", "why": "new"}
    return {**planned, "request": request, "was": None, "publish_to": "cos:///shop/cup.jpeg", **more}


def test_the_last_step_of_a_catalogue_says_what_came_of_an_item() -> None:
    made, rejected = result("task-1", "/out/cup.jpeg"), {"code": "covered", "verdict": "rejected", "words": "hidden"}
    steps = {
        "plan": [line()],
        "make": [line(entry=made)],
        "check": [line(entry=made, check={"verdict": "rejected", "findings": [rejected], "remakes": 1})],
    }
    tasks = [task(name, "CataloguePlanOperator", started=number) for number, name in enumerate(steps)]
    xcoms = [told(name, {"path": f"cos:///runs/{name}-1.jsonl", "counts": {}}) for name in reversed(steps)]
    files = {f"cos:///runs/{name}-1.jsonl": lines for name, lines in steps.items()}
    [found] = on_page(tasks, xcoms, {}, files)
    assert (found["name"], found["sku"], found["look"]) == ("cup/lawn", "cup", "lawn")
    assert (found["state"], found["tone"], found["code"]) == ("rejected by the check", "bad", "covered")
    assert (found["remakes"], found["tasks"]) == (1, ["plan", "make", "check"])
    assert found["findings"] == [rejected]
    assert roles(found) == ["subject", "result"]


def test_a_file_that_is_gone_is_told_and_the_others_are_shown() -> None:
    tasks = [task("plan", "CataloguePlanOperator"), task("fuse", SUBMIT)]
    xcoms = [told("plan", {"path": "cos:///runs/plan-1.jsonl"}), told("fuse", result("task-1", "/out/cup.jpeg"))]
    results, notes = collect(tasks, xcoms)
    assert len(results) == 1
    assert notes == [
        "The file of task plan could not be read. FileNotFoundError: There is no file cos:///runs/plan-1.jsonl"
    ]


def test_a_failure_has_its_reason_and_a_task_at_work_its_state() -> None:
    error = {"Code": "FailedOperation.InvalidUser", "Message": "the account is in arrears", "RequestId": "r-1"}
    failed, running = on_page(
        [task("fuse", SUBMIT, "failed"), task("more", SUBMIT, "running", 2.0), task("later", SUBMIT, "", 3.0)],
        [told("fuse", error, "service_error")],
        {("fuse", -1): FIELDS, ("more", -1): FIELDS},
    )
    assert (failed["state"], failed["code"], failed["request_id"]) == ("failed", error["Code"], "r-1")
    assert roles(failed) == ["subject", "background"]
    assert (running["state"], running["tone"]) == ("running", "wait")


def test_a_sensor_that_failed_tells_of_the_task_that_it_waited_for() -> None:
    error = {"Code": "1001 InputImageInvalid", "Message": "", "RequestId": ""}
    [found] = on_page(
        [task("fuse", SUBMIT), task("wait", "MpsImageTaskSensor", "failed", 2.0)],
        [told("fuse", "task-1", "mps_task_id"), told("wait", error, "service_error")],
        {("fuse", -1): FIELDS, ("wait", -1): {"mps_task_id": "task-1"}},
    )
    assert (found["tasks"], found["task_id"], found["code"]) == (["fuse", "wait"], "task-1", "1001 InputImageInvalid")


def test_a_retry_that_went_well_has_no_failure() -> None:
    entry = {"TaskId": "task-1", "Outputs": [], "Error": {"Code": "Timeout", "Message": "late", "RequestId": ""}}
    [found] = on_page(
        [task("make", "MpsImageBgFusionBatchOperator"), task("again", "MpsImageTaskSensor", started=2.0)],
        [told("make", [entry]), told("again", result("task-1", "/out/cup.jpeg"))],
    )
    assert (found["state"], found["code"], roles(found)) == ("made", "", ["result"])


def test_pictures_of_aidge_and_the_copies_of_them() -> None:
    images = [{"url": "https://x.oss.example/1.png?Signature=s", "scene": "a"}, {"url": None, "message": "no"}]
    xcoms = [told("draw", "task-9", "aidge_task_id"), told("draw", {"TaskId": "task-9", "Images": images})]
    fields = {("draw", -1): {"image_url": "https://example.com/cup.png", "product_title": "Cup"}}
    tasks = [task("draw", "AidgeBackgroundGenerationOperator"), task("copy", "AidgeToObjectStorageOperator", "", 2.0)]
    [found] = on_page(tasks, xcoms, fields)
    assert (found["service"], found["prompt"], found["state"]) == ("Aidge", "Cup", "made")
    assert found["pictures"] == [
        {"role": "subject", "why_not": "not fetched: https://example.com/cup.png"},
        {"role": "result", "id": picture_id("aidge:task-9/1"), "name": "1"},
    ]
    copied = [{"uri": "s3://shop/cup-1.png", "size": 9, "scene": "a"}]
    fields |= {("copy", -1): {"images": {"TaskId": "task-9", "Images": images}, "dest_conn_id": "aws"}}
    [found] = on_page(tasks, [*xcoms, told("copy", copied)], fields)
    assert found["pictures"][1] == {"role": "result", "id": picture_id("aws s3://shop/cup-1.png"), "name": "cup-1.png"}


def test_who_has_decided_stands_with_an_item() -> None:
    by = {"id": "7", "name": "Ann"}
    approval = {"approved": True, "by": by, "at": "2026-01-01T08:00:00+00:00"}
    entry = {**result("task-1", "/out/cup.jpeg"), "approval": approval}
    [found] = on_page([task("approved", "PythonOperator")], [told("approved", [entry])])
    assert found["approval"] == "approved: Ann (7) 2026-01-01T08:00:00+00:00"
    lines = [line(entry=result("task-1", "/out/cup.jpeg"), approval={**approval, "approved": False})]
    files = {"cos:///runs/published-1.jsonl": lines}
    path = {"path": "cos:///runs/published-1.jsonl"}
    [found] = on_page([task("publish", "CataloguePublishOperator")], [told("publish", path)], {}, files)
    assert (found["state"], found["tone"], found["approval"][:14]) == ("not approved", "wait", "not approved: ")


def test_a_picture_that_the_check_left_out_is_still_shown() -> None:
    finding = {"code": "blank", "verdict": "rejected", "words": "all of it has one colour"}
    check = {"verdict": "rejected", "findings": [finding], "picture": f"cos://{BUCKET}/out/cup.jpeg"}
    entry = {**result("task-1"), "check": check, "Error": {"Code": "Rejected", "Message": "blank", "RequestId": ""}}
    [found] = on_page([task("check", "PictureCheckOperator")], [told("check", [entry])])
    assert roles(found) == ["result"]


def test_what_the_server_must_not_read_is_no_picture() -> None:
    outputs = [
        {"uri": uri} for uri in ("file:///etc/passwd", "/etc/passwd", "http://10.0.0.1/", "HTTPS://x/", "local://x")
    ]
    [found] = on_page([task("x", "PythonOperator")], [told("x", {"TaskId": "t", "Outputs": outputs})])
    assert found["pictures"] == []


def test_xcoms_of_other_tasks_are_left_alone() -> None:
    values = ["/tmp/file.png", 7, None, {"path": "cos:///report.html"}, [1, 2], [], {}, [{"uri": "x"}], "task-1"]
    tasks = [task(f"t{number}", "PythonOperator") for number, _ in enumerate(values)]
    assert on_page(tasks, [told(f"t{number}", value) for number, value in enumerate(values)]) == []


# Halves of surrogate pairs come through JSON, and break what is to be UTF-8.
TEXT = st.text(max_size=20) | st.text(st.characters(codec=None), max_size=20)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT | st.sampled_from(["task-1", f"cos://{BUCKET}/a"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "TaskId",
                    "Outputs",
                    "Images",
                    "Error",
                    "Code",
                    "Message",
                    "bucket",
                    "region",
                    "path",
                    "cos_uri",
                    "uri",
                    "size",
                    "item",
                    "entry",
                    "request",
                    "check",
                    "findings",
                    "verdict",
                    "code",
                    "words",
                    "published",
                    "final",
                    "subject",
                    "key",
                    "url",
                    "images",
                    "requests",
                    "prompt",
                    "catalogue",
                    "was",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(
    st.lists(
        st.tuples(st.sampled_from(["return_value", "mps_task_id", "aidge_task_id", "service_error"]), JSON), max_size=4
    ),
    st.lists(
        st.dictionaries(st.sampled_from(["item", "entry", "request", "check", "published", "was"]), JSON), max_size=3
    ),
    st.dictionaries(
        st.sampled_from(["payload", "requests", "images", "prompt", "tencentcloud_conn_id", "conn_id"]), JSON
    ),
    st.sampled_from(["success", "failed", "running", ""]),
)
def test_nothing_that_a_task_may_tell_breaks_the_page(
    values: list[tuple[str, Any]], lines: list[dict[str, Any]], fields: dict[str, Any], state: str
) -> None:
    xcoms = [told("t", value, key, index) for index, (key, value) in enumerate(values)]
    xcoms.append(told("file", {"path": "cos:///x.jsonl"}))
    tasks = [task("t", SUBMIT, state, map_index=index) for index in range(len(values))]
    places = {("t", index): fields for index in range(len(values))}
    found = on_page(tasks, xcoms, places, {"cos:///x.jsonl": lines})
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    assert all(set(one) <= {"role", "id", "name", "why_not"} for each in found for one in each["pictures"])


def test_signatures_and_credentials_reach_no_page() -> None:
    signed = "https://b.cos.ap-guangzhou.myqcloud.com/a.png?q-sign-algorithm=sha1&q-signature=SECRETSECRETSECRET12345"
    entry = {**result("task-1", "/out/cup.jpeg"), "SignedUrl": signed}
    entry["Outputs"] = [{**output("/out/cup.jpeg"), "SignedUrl": signed}]
    error = {"Code": "X", "Message": f"could not read {signed}", "RequestId": ""}
    found = on_page(
        [task("fuse", SUBMIT), task("more", SUBMIT, "failed", 2.0)],
        [told("fuse", entry), told("more", error, "service_error")],
        {("fuse", -1): {"subject_url": signed, "bg_url": signed}, ("more", -1): {"subject_url": signed}},
    )
    assert "SECRETSECRET" not in json.dumps(found)


def test_of_what_a_check_has_found_there_is_a_most() -> None:
    finding = {"code": "blank", "verdict": "rejected", "words": "all of it has one colour"}
    entry = {**result("task-1", "/a.png"), "check": {"verdict": "rejected", "findings": [finding] * 10_000}}
    [found] = on_page([task("check", "PictureCheckOperator")], [told("check", [entry])])
    assert len(found["findings"]) == 20
