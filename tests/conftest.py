"""A home for Airflow in a temporary folder, and the local service."""

from __future__ import annotations

import gc
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tenacity import wait_random_exponential

from tests.whole import WHOLE, examples

# What is made while thousands of tests are collected stays: looking through it again and again takes a third of that.
gc.disable()

# How quick an example is made says something of the machine only.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples(100)
)
settings.load_profile("any machine")

# Airflow reads these when it is first imported, so they are set before any test module is.
_HOME = Path(tempfile.mkdtemp(prefix="mps-tests-"))
os.environ["AIRFLOW_HOME"] = str(_HOME)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
for _name in list(os.environ):
    if _name.lower() in ("http_proxy", "https_proxy", "all_proxy") or _name.startswith(
        ("TENCENTCLOUD_", "AIRFLOW_CONN_")
    ):
        del os.environ[_name]

# The profiles of the services, for tests of the core alone.
import airflow_provider_mps.services.profiles  # noqa: E402, F401
from airflow_provider_mps.clients import pacing  # noqa: E402
from airflow_provider_mps.core import calls  # noqa: E402
from airflow_provider_mps.local.service import LocalService  # noqa: E402

_MASKERS = (
    "airflow.sdk._shared.secrets_masker",
    "airflow._shared.secrets_masker",
    "airflow.sdk.execution_time.secrets_masker",
    "airflow.utils.log.secrets_masker",
)


# Tests that wait for the local service, in real time, or draw pictures; of each some cases, unless all are asked for.
_WAITING = ("batch", "catalogue", "fs", "hooks", "links", "operators", "polling", "storage", "transfers", "triggers")
_DRAWING = ("local", "pictures")
_CASES = 2


def _takes_long(item: pytest.Item, root: Path) -> bool:
    room = item.path.relative_to(root).parts[1]
    return room in _DRAWING or (room in _WAITING and "service" in getattr(item, "fixturenames", ()))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if WHOLE:
        return
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if hasattr(item, "callspec") and _takes_long(item, config.rootpath):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left = {
        id(item)
        for alike in cases.values()
        if len(alike) > _CASES
        for item in set(alike) - {alike[number * (len(alike) - 1) // (_CASES - 1)] for number in range(_CASES)}
    }
    config.hook.pytest_deselected(items=[item for item in items if id(item) in left])
    items[:] = [item for item in items if id(item) not in left]


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    gc.enable()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    # A part of the tests may have none of a kind, and make runs each kind by itself.
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.option.markexpr:
        session.exitstatus = pytest.ExitCode.OK


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def _few_masks() -> Iterator[None]:
    """Forget the secrets of services that have ended: Airflow looks for all that it ever saw, in one pattern."""
    yield
    for name in _MASKERS:
        if (module := sys.modules.get(name)) is not None:
            masker = module._secrets_masker()
            masker.patterns, masker.replacer = set(), None


@pytest.fixture(autouse=True)
def _no_known_pace() -> Iterator[None]:
    """Forget how fast services are asked that have ended: another one may have the port of one that has refused."""
    yield
    pacing._pacers.clear()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls be sent again after a tenth of the time: how long they wait is the business of one test."""
    monkeypatch.setattr(calls, "WAIT", wait_random_exponential(multiplier=0.05, max=1))


@pytest.fixture
def service() -> Iterator[LocalService]:
    with LocalService(task_seconds=0.2, rate_limit=0, small_pictures=True) as running:
        yield running


@pytest.fixture
def conn_id(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> str:
    """The connection of the local service, under the default id."""
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(service.connection()))
    return "tencentcloud_default"


@pytest.fixture
def aidge_conn_id(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> str:
    """The connection of the local service's Aidge, under the default id."""
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(service.aidge_connection()))
    return "aidge_default"


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """What was logged: Airflow 3 prints it, Airflow 2 hands it to ``logging``."""
    caplog.set_level("INFO")

    def read() -> str:
        captured = capfd.readouterr()
        return captured.out + captured.err + caplog.text

    return read


@pytest.fixture
def payload(service: LocalService) -> dict[str, Any]:
    storage = {"Bucket": service.bucket, "Region": service.region}
    return {
        "InputInfo": {"Type": "COS", "CosInputInfo": {**storage, "Object": "/samples/coffee.png"}},
        "OutputStorage": {"Type": "COS", "CosOutputStorage": storage},
        "OutputDir": "/output/bgfusion/",
        "ScheduleId": 30060,
        "AddOnParameter": {"ExtPrompt": [{"Prompt": "white marble"}]},
    }


@pytest.fixture
def connect(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Make a connection to the local service with changes; None takes a part away."""

    def make(login: Any = "", password: Any = "", service: LocalService = service, **extra: Any) -> str:
        connection = service.connection()
        if login is None or login:
            connection["login"], connection["password"] = login, password
        connection["extra"] = {k: v for k, v in {**connection["extra"], **extra}.items() if v is not None}
        monkeypatch.setenv("AIRFLOW_CONN_CHANGED", json.dumps(connection))
        return "changed"

    return make
