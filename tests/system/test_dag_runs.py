"""Every way to wait and every way to end, in whole DAG runs."""

from __future__ import annotations

import io
import json
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.aidge.requests import Generation
from airflow_provider_mps.services.aidge.words import AidgeAction
from tests.system.conftest import SCENARIOS, Run
from tests.whole import WHOLE

pytestmark = pytest.mark.timeout(600)

SIGNATURE = "q-sign-algorithm=sha1&q-signature=0123456789abcdef0123456789abcdef01234567"


def test_every_way_to_wait(
    run_dag: Callable[..., Run],
    service: LocalService,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    signed = f"{service.url}/_local/samples/coffee.png?{SIGNATURE}"
    # No task is done at the first look, nor at the second.
    service.add_fault(kind="null_status", n=2)
    run = run_dag(SCENARIOS / "modes.py", {"local_dir": str(tmp_path / "d"), "signed_url": signed})
    assert set(run.states.values()) == {"success"}, run.log[-6000:]

    # Submit only: the id under both keys, one request.
    task_id = run.result("submit")
    # Airflow keeps what the buttons of a task open beside what the task says.
    told = {key: value for key, value in run.task("submit")["xcoms"].items() if not key.startswith("_link_")}
    assert told == {"return_value": task_id, "mps_task_id": task_id}
    assert task_id in {task.task_id for task in service.tasks}
    assert len(service.accepted("ProcessImage")) == 9

    # The three modes of the sensor come to the same, each after a third look.
    looks = Counter(call.task_id for call in service.calls("DescribeImageTaskDetail"))
    for mode in ("poke", "reschedule", "deferrable"):
        result = run.result(f"sensor_{mode}")
        assert result["TaskId"] == run.result(f"submit_for_{mode}")
        assert result["Outputs"] == [
            {
                "bucket": service.bucket,
                "region": "ap-guangzhou",
                "path": f"/o/{mode}.jpeg",
                "cos_uri": f"cos://{service.bucket}/o/{mode}.jpeg",
                "url": f"https://{service.bucket}.cos.ap-guangzhou.myqcloud.com/o/{mode}.jpeg",
            }
        ]
        assert set(result) == {"TaskId", "Status", "CreateTime", "FinishTime", "Outputs"}
        assert looks[result["TaskId"]] >= 3
    assert run.log.count("running trigger in line") == 3

    # Both ways of the operator to wait, with a templated seed.
    for place in ("worker", "triggerer"):
        result = run.result(f"wait_in_{place}")
        assert result["Outputs"][0]["path"] == f"/o/wait_{place}.png"
        picture = Image.open(io.BytesIO(service.get_object(service.bucket, f"/o/wait_{place}.png")))
        assert picture.format == "PNG"
        assert run.task(f"wait_in_{place}")["xcoms"]["mps_task_id"] == result["TaskId"]
    seeds = {json.loads(call.body["StdExtInfo"])["ModelConfig"]["RandomSeed"] for call in _generations(service)}
    assert seeds == {42}

    # Any other payload, templated inside; its picture fetched as it is stored.
    assert run.result("process")["Outputs"][0]["path"] == "/o/process.jpg"
    assert run.result("fetch") == [str(tmp_path / "d" / "process.jpg")]
    assert (tmp_path / "d" / "process.jpg").read_bytes() == service.get_object(service.bucket, "/o/process.jpg")
    assert run.result("fetch_one") == str(tmp_path / "d" / "one" / "b.png")
    assert run.result("store")["cos_uri"] == f"cos://{service.bucket}/in/stored.png"
    assert service.get_object(service.bucket, "/in/stored.png") == (tmp_path / "d" / "one" / "b.png").read_bytes()

    # The service saw the whole signed address; nobody else does.
    assert any(task.input_info.get("UrlInputInfo") == {"Url": signed} for task in service.tasks)
    for place in (run.log, run.text, caplog.text):
        assert "0123456789abcdef01234567" not in place.lower()
        assert service.secret_key not in place
        assert "SignedUrl" not in place
    for rendered in (run.task("submit"), run.task("mapped", 0), run.task("mapped", 1)):
        assert "***" in rendered["rendered"]["subject_url"]


def _generations(service: LocalService) -> list[Any]:
    return [call for call in service.calls("ProcessImage") if "StdExtInfo" in call.body]


def test_every_way_to_end_badly(run_dag: Callable[..., Run], service: LocalService, tmp_path: Path) -> None:
    outer = _submit(service, kind="task_fail", err_code=70001, err_msg="InvalidInput", message="no such picture")
    inner = _submit(service, kind="task_fail", err_msg="InnerError", message="bad pixel", inner=True)
    slow = _submit(service, kind="task_seconds", seconds=3600)
    service.add_fault(kind="task_seconds", seconds=3600, match='"slow"')
    before = len(service.calls("ProcessImage"))
    run = run_dag(
        SCENARIOS / "failures.py", {"outer": outer, "inner": inner, "slow": slow, "local_dir": str(tmp_path / "d")}
    )
    said = run.words
    assert run.state == "failed"
    for mode in ("poke", "reschedule", "deferrable"):
        expected = dict.fromkeys(("outer", "inner", "late", "unknown"), "failed") | {"soft": "skipped"}
        assert {kind: run.states[f"{kind}_{mode}"] for kind in expected} == expected
        assert run.task(f"unknown_{mode}")["try_number"] == 1
    assert f"MPS task {outer} finished without a result: 70001 InvalidInput: no such picture" in said
    assert f"MPS task {inner} finished without a result: " in said
    assert "InnerError: bad pixel" in said
    assert f"MPS task {slow} was not done within timeout=0.5 s" in said
    assert "MPS keeps tasks for 7 days" in said

    assert run.states["wait_late"] == "failed"
    late = run.task("wait_late")["xcoms"]["mps_task_id"]
    assert f"MPS task {late} was not done within timeout=0.5 s" in said
    assert "It may still run at MPS and is paid for" in said

    assert run.states["bad_value"] == "failed"
    assert run.task("bad_value")["try_number"] == 1
    assert "prompt: expected a text that is not empty, got ''" in said
    assert len(service.calls("ProcessImage")) == before + 1

    assert run.task("mapped_bad_value", 0)["state"].lower().endswith("failed")
    assert run.task("mapped_bad_value", 0)["try_number"] == 1
    assert "format: expected JPEG or PNG, got 'GIF'" in said

    assert run.states["outside"] == "failed"
    assert "expected a COS object key that stays inside local_dir, got '/samples/../../coffee.png'" in said
    assert not (tmp_path / "d").exists()
    assert not service.calls("GetObject")


def _submit(service: LocalService, **fault: Any) -> str:
    from airflow_provider_mps.hooks.mps import MpsHook

    storage = {"Bucket": service.bucket, "Region": service.region}
    rule = service.add_fault(**fault)
    assert rule
    hook = MpsHook(None)
    hook._settings = _settings(service)
    task_id = hook.process_image(
        {
            "InputInfo": {"Type": "COS", "CosInputInfo": {**storage, "Object": "/samples/coffee.png"}},
            "OutputStorage": {"Type": "COS", "CosOutputStorage": storage},
            "ScheduleId": 30060,
            "AddOnParameter": {"ExtPrompt": [{"Prompt": "x"}]},
        }
    )
    service.clear_faults()
    return task_id


def _settings(service: LocalService) -> Any:
    from airflow_provider_mps.services.tencentcloud.connection import read_settings

    connection = service.connection()
    return read_settings(connection["login"], connection["password"], connection["extra"], {})


@pytest.mark.skipif(not WHOLE, reason="make test-whole runs it; the example of Aidge is beside it")
def test_every_way_to_wait_for_aidge(
    run_dag: Callable[..., Run], service: LocalService, aidge_conn_id: str, tmp_path: Path
) -> None:
    hook, url = AidgeHook(aidge_conn_id), f"{service.url}/_local/samples/coffee-large.jpg"
    request = Generation(image_url=url, scene_id=1, image_num=2).request(lambda *_: b"")
    service.add_fault(kind="task_fail", action=AidgeAction.GENERATE.value, message="too dark", times=1)
    failed = hook.submit(request)
    service.add_fault(kind="task_seconds", action=AidgeAction.GENERATE.value, seconds=3600, times=1)
    slow = hook.submit(request)
    params = {"signed_url": f"{url}?{SIGNATURE}", "failed": failed, "slow": slow, "local_dir": str(tmp_path / "a")}
    run = run_dag(SCENARIOS / "aidge.py", params)
    said = run.words

    modes = ("poke", "reschedule", "deferrable")
    for mode in modes:
        assert run.result(f"sensor_{mode}") == run.result("sensor_poke")
        assert f"Aidge task {failed} finished without a result: failed: too dark" in said
        for kind, state in {"sensor": "success", "failed": "failed", "late": "failed", "soft": "skipped"}.items():
            assert run.states[f"{kind}_{mode}"] == state, run.log[-6000:]
        unknown = run.task(f"unknown_{mode}")
        assert run.states[f"unknown_{mode}"] == "failed"
        assert unknown["try_number"] == 1
    result = run.result("sensor_poke")
    assert result["TaskId"] == run.result("submit") == run.task("submit")["xcoms"]["aidge_task_id"]
    assert len(result["Images"]) == 2
    assert f"Aidge task {slow} was not done within timeout=0.5 s" in said
    assert len(run.result("search")) == 2
    assert [run.states["wait"], run.states["copy"], run.states["mapped"]] == ["success"] * 3
    paths = [Path(one["uri"]) for one in run.result("copy")]
    assert all(path.parent == tmp_path / "a" and path.read_bytes()[:2] == b"\xff\xd8" for path in paths)
    assert [run.states["copy_all"], run.states["copy_each"]] == ["success"] * 2, run.log[-6000:]
    assert [one["scene"] for one in run.result("copy_all")] == ["1", "1", "2", "2"]
    names = [{path.name for path in (tmp_path / "a" / kind).iterdir()} for kind in ("all", "each")]
    assert names[0] == names[1]
    assert len(names[0]) == 4

    for place in (run.log, run.text):
        for secret in ("0123456789abcdef01234567", service.aidge_secret, "Signature=", "sign="):
            assert secret not in place.replace("q-sign-algorithm=", "")
    assert "***" in run.task("submit")["rendered"]["image_url"]
    assert "***" in run.task("mapped", 0)["rendered"]["image_url"]
