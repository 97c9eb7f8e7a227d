from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mps.cli import services
from airflow_provider_mps.cli.services import LONGEST_ID, service_of
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.aidge.requests import Generation
from airflow_provider_mps.services.profiles import AIDGE, MPS
from tests.cli.conftest import Typed

UNKNOWN = "2600000000-WorkflowTask-00000000000000000000000000000000"
HOSTILE = "\x1b[31mred\x07 \u202e \x9b1m token=AKIDsecretsecret1234 https://e.com/a.png?q-signature=0123456789abcdef"
OUTPUTS = ("table", "plain", "json", "yaml")


def finished(typed: Callable[..., Typed], task_id: str) -> Typed:
    """Return what is said of a task that ends at once: making its picture takes a moment."""
    return typed("task", task_id, "--wait", "--poll-interval", "0.05")


def submit_to_aidge(service: LocalService) -> str:
    url = f"{service.url}/_local/samples/coffee-large.jpg"
    return AidgeHook().submit(Generation(image_url=url, scene_id=3).request(lambda *_: b""))


def test_a_task_with_its_picture(
    typed: Callable[..., Typed], submitted: Callable[..., str], service: LocalService
) -> None:
    task_id = submitted()
    table = finished(typed, task_id)
    assert table.code == 0
    place = f"cos://{service.bucket}/output/bgfusion/coffee.jpeg"
    assert f"output 1   {place} (ap-guangzhou)" in table.out
    assert f"python -m airflow_provider_mps download \\\n  {task_id} DEST" in table.out
    told = typed("task", task_id, "-o", "json")
    assert told.code == 0
    assert not told.err
    data = told.data
    assert re.fullmatch(r"[0-9a-f-]{36}", data.pop("request_id"))
    assert data.pop("created")
    assert data.pop("finished")
    output = {"bucket": service.bucket, "region": "ap-guangzhou", "path": "/output/bgfusion/coffee.jpeg"}
    url = f"https://{service.bucket}.cos.ap-guangzhou.myqcloud.com/output/bgfusion/coffee.jpeg"
    assert data == {
        "service": "MPS",
        "task_id": task_id,
        "state": "finished",
        "status": "FINISH",
        "progress": 100,
        "code": "",
        "message": "",
        "remedy": "",
        "outputs": [{**output, "cos_uri": place, "url": url}],
    }
    assert len(service.accepted("ProcessImage")) == len(service.tasks)


def test_a_task_that_failed(typed: Callable[..., Typed], submitted: Callable[..., str]) -> None:
    task_id = submitted(kind="task_fail", err_code=70001, err_msg="InvalidInput", message="no such picture")
    said = finished(typed, task_id)
    assert said.code == 1
    for line in ("state      failed (FINISH", "code       70001 InvalidInput", "remedy     Check the arguments."):
        assert line in said.out
    assert "message    no such picture" in said.out


def test_a_task_that_is_not_done(typed: Callable[..., Typed], submitted: Callable[..., str]) -> None:
    task_id = submitted(kind="task_seconds", seconds=60)
    said = typed("task", task_id)
    assert said.code == 3
    assert "state      running (WAITING" in said.out
    assert "--wait" in said.out
    # The time is over after some looks, which are told, and not in the answer.
    late = typed("task", task_id, "--wait", "--timeout", "0.2", "--poll-interval", "0.05", "-o", "json")
    assert (late.code, late.data["state"]) == (3, "running")
    assert f"MPS task {task_id}: " in late.errors
    assert "next look in" in late.errors


def test_waiting_sees_the_end(
    typed: Callable[..., Typed], submitted: Callable[..., str], service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = submitted(kind="task_seconds", seconds=3600)
    [task] = [one for one in service.tasks if one.task_id == task_id]
    monkeypatch.setattr(services, "pause", lambda _: setattr(task, "seconds", 0.0) or time.sleep(0.02))
    said = typed("task", task_id, "--wait", "--poll-interval", "0.05")
    assert said.code == 0
    assert "state      finished" in said.out


def test_a_task_of_aidge(typed: Callable[..., Typed], service: LocalService) -> None:
    task_id = submit_to_aidge(service)
    said = finished(typed, task_id)
    assert said.code == 0
    assert "service    Aidge" in said.out
    told = typed("task", task_id, "-o", "json").data
    assert (told["service"], told["state"], len(told["outputs"])) == ("Aidge", "finished", 4)
    assert told["request_id"]
    # Its addresses are signed, and of no use without that.
    assert "?" not in json.dumps(told["outputs"])


@pytest.mark.parametrize("output", OUTPUTS)
def test_hostile_words_of_the_service_reach_no_terminal(
    typed: Callable[..., Typed], submitted: Callable[..., str], output: str
) -> None:
    task_id = submitted(kind="task_fail", err_code=70000, err_msg="InternalError", message=HOSTILE)
    finished(typed, task_id)
    for command in ("task", "explain"):
        said = typed(command, task_id, "-o", output)
        text = (said.out + said.err).replace("\n", "")
        assert "red" in text
        assert text.isprintable()
        assert "q-signature=" not in text
        assert "AKIDsecret" not in text


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_signed_address_is_shown(
    typed: Callable[..., Typed], submitted: Callable[..., str], service: LocalService, output: str
) -> None:
    tasks = [submitted(), submit_to_aidge(service)]
    for task_id in tasks:
        finished(typed, task_id)
        for command in ("task", "explain"):
            said = typed(command, task_id, "-o", output)
            for secret in ("q-sign", "Expires=", "Signature=", "SignedUrl", service.secret_key, service.aidge_secret):
                assert secret not in said.out + said.err


def test_no_such_task(typed: Callable[..., Typed]) -> None:
    said = typed("task", UNKNOWN)
    assert said.code == 1
    assert not said.out
    first, rest = said.err.split("\n", 1)
    assert first.startswith("Error: ")
    assert "MPS keeps tasks for 7 days and per account" in said.errors
    assert re.search(r"RequestId\s+[0-9a-f-]{36}", rest)
    assert "Traceback" not in said.errors
    assert typed("task", "00000000-0000-0000-0000-00000000dead").code == 1


def test_wrong_keys(typed: Callable[..., Typed], connect: Callable[..., str], service: LocalService) -> None:
    wrong = connect("AKIDnobodynobodynobody", "not-the-secret-key-at-all")
    said = typed("task", UNKNOWN, "--conn-id", wrong)
    assert said.code == 1
    assert said.err.startswith("Error: AuthFailure")
    assert "(changed): Check login (SecretId)" in said.errors
    assert "not-the-secret-key-at-all" not in said.errors


@pytest.mark.parametrize(("task_id", "conn"), [(UNKNOWN, "nowhere"), ("0" * 32, "nowhere")])
def test_there_is_no_such_connection(typed: Callable[..., Typed], task_id: str, conn: str) -> None:
    said = typed("task", task_id, "--conn-id", conn)
    assert said.code == 1
    assert said.err.startswith("Error: There is no connection nowhere.")
    assert "Traceback" not in said.errors


def test_a_connection_that_cannot_be_used(typed: Callable[..., Typed], connect: Callable[..., str]) -> None:
    said = typed("task", UNKNOWN, "--conn-id", connect(cos_bucket="no bucket"))
    assert said.code == 1
    assert "cos_bucket" in said.errors
    assert "Traceback" not in said.errors


@pytest.mark.parametrize(
    "task_id",
    [
        "",
        " ",
        "two words",
        "a\nb",
        "\x1b[31m",
        "bücher",
        "1" * (LONGEST_ID + 1),
        "\udcff",
        "neither-form",
        "%s",
        "../..",
    ],
)
def test_what_is_no_id_is_refused_before_anything_is_sent(
    typed: Callable[..., Typed], service: LocalService, task_id: str
) -> None:
    before = len(service.journal)
    for command in (("task",), ("explain", "--no-db")):
        said = typed(*command, "--", task_id)
        assert said.code == 2
        assert "TASK_ID" in said.errors
        assert said.err.replace("\n", "").isprintable()
    assert len(service.journal) == before


def test_an_id_that_looks_like_an_option(typed: Callable[..., Typed]) -> None:
    assert typed("task", "-1-WorkflowTask-0").code == 2
    said = typed("task", "--service", "mps", "--", "-1-WorkflowTask-0")
    assert said.code == 1
    assert "-1-WorkflowTask-0" in said.errors


@pytest.mark.parametrize(
    ("task_id", "service"),
    [
        ("2600011633-WorkflowTask-80108cc3380155d98b2e3573a48a", MPS),
        ("24000022-ScheduleTask-774f101xxxxxxx1tt110253", MPS),
        ("2b1f6b3e-1c1d-4b9e-9f3a-0123456789ab", AIDGE),
        ("2B1F6B3E1C1D4B9E9F3A0123456789AB", AIDGE),
        ("1234567890", AIDGE),
    ],
)
def test_the_form_of_an_id_says_whose_it_is(task_id: str, service: Any) -> None:
    assert service_of(task_id, None) is service
    assert service_of(task_id, "aidge") is AIDGE


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_seconds_are_more_than_nothing(typed: Callable[..., Typed], seconds: str) -> None:
    assert typed("task", UNKNOWN, f"--timeout={seconds}").code == 2
    assert typed("task", UNKNOWN, f"--poll-interval={seconds}").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ["--conn-id", ""],
        ["--conn-id", " "],
        ["--region", ""],
        ["--region", "no region"],
        ["--region", "\x1b[31m"],
        ["--region", "https://e.com/?q-signature=0123456789abcdef0123"],
    ],
)
def test_an_argument_that_cannot_be_meant_so(
    typed: Callable[..., Typed], service: LocalService, words: list[str]
) -> None:
    before = len(service.journal)
    for command in (["task"], ["explain", "--no-db"]):
        said = typed(*command, UNKNOWN, *words)
        assert said.code == 2
        assert said.err.startswith(f"Error: {words[0]}: expected ")
        assert said.err.replace("\n", "").isprintable()
        assert "0123456789abcdef" not in said.err
    assert len(service.journal) == before


@pytest.mark.parametrize(("task_id", "conn"), [(UNKNOWN, "aidge_default"), ("0" * 32, "tencentcloud_default")])
def test_a_connection_of_the_other_service_gets_no_keys_of_it(
    typed: Callable[..., Typed], service: LocalService, task_id: str, conn: str
) -> None:
    before = len(service.journal)
    said = typed("task", task_id, "--conn-id", conn)
    assert said.code == 2
    assert said.err.startswith(f"Error: --conn-id: {conn} is of type ")
    assert len(service.journal) == before


@pytest.mark.parametrize(
    "value", ['{"conn_type": "tencentcloud", "password": "q8Zt0LwX3vRb5NcY9dKf", ', '{"conn_type": ["x"]']
)
def test_a_variable_with_a_connection_that_airflow_cannot_read(
    typed: Callable[..., Typed], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BROKEN", value)
    said = typed("task", UNKNOWN, "--conn-id", "broken")
    assert said.code == 1
    assert "Traceback" not in said.err
    assert "AIRFLOW_CONN_BROKEN" in said.errors
    assert "q8Zt0LwX3vRb5NcY9dKf" not in said.err


def test_no_keys_at_all(typed: Callable[..., Typed], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_KEYLESS", '{"conn_type": "tencentcloud"}')
    said = typed("task", UNKNOWN, "--conn-id", "keyless")
    assert said.code == 1
    # Nothing in this sentence is a secret.
    assert "TENCENTCLOUD_SECRET_KEY" in said.errors
    assert "***" not in said.err


def test_each_line_of_waiting_is_in_80_columns(typed: Callable[..., Typed], submitted: Callable[..., str]) -> None:
    task_id = submitted(kind="task_seconds", seconds=60)
    late = typed("task", task_id, "--wait", "--timeout", "0.1", "--poll-interval", "0.05")
    assert max(map(len, late.err.splitlines())) <= 80
