"""What the page asks for is what tasks send: counted by the local service."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.cli.program import main
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.catalogue import CataloguePublishOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.operators.pictures import ContactSheetOperator, PictureCheckOperator, PictureLabelOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from airflow_provider_mps.transfers.local_to_cos import LocalFilesystemToCosOperator
from tests.docs.pages import DOCS, tables
from tests.operators.publishing import Shop
from tests.task_context import make_context

KEY = "/samples/coffee.png"
# CAM knows a copy by another name than the API.
CAM = {"CopyObject": "PutObjectCopy"}
# Tells a bucket that is not there from an object; a refusal of it is no error.
OPTIONAL = {"HeadBucket"}
(ROWS,) = tables(DOCS / "permissions.md")


def granted(name: str) -> set[str]:
    """Return the actions of the row whose first cell names something."""
    [row] = [row for row in ROWS if name in row[0]]
    found = set(re.findall(r"(?:mps:|name/cos:)(\w+)", " ".join(row)))
    # "As for" another row.
    for text, other in (("as for one picture", "one picture"), ("as for fetching", "fetching")):
        found |= granted(other) if text in " ".join(row[1:]) else set()
    return found


@pytest.fixture
def sent(service: LocalService, conn_id: str) -> Callable[[], set[str]]:
    """What was asked of MPS and COS since the last question."""
    seen = [0]

    def read() -> set[str]:
        records = list(service.journal)
        new, seen[0] = records[seen[0] :], len(records)
        return {CAM.get(one.action, one.action) for one in new} - OPTIONAL

    return read


@pytest.fixture
def made(service: LocalService, conn_id: str) -> Any:
    operator = MpsImageBgFusionOperator(
        task_id="make", subject_cos_key=KEY, prompt="marble", wait_for_completion=True, poll_interval=0.1
    )
    return operator.execute(make_context())


def test_of_tasks(made: dict[str, Any], sent: Callable[[], set[str]], service: LocalService, tmp_path: Path) -> None:
    assert sent() <= granted("one picture")
    file = str(tmp_path / "cup.png")
    label = {"pictures": made, "dest": "/labelled/"}
    for name, operator in {
        "fetching": CosToLocalFilesystemOperator(task_id="t", cos_key=KEY, local_path=file),
        "storing": LocalFilesystemToCosOperator(task_id="t", local_path=file, cos_key="/in/cup.png"),
        "a batch": MpsImageBgFusionBatchOperator(
            task_id="t",
            requests=[{"subject_cos_key": KEY, "prompt": "marble"}],
            deferrable=False,
            poll_interval=0.1,
        ),
        "labels": PictureLabelOperator(task_id="t", **label),
        "a check": PictureCheckOperator(task_id="t", pictures=made, subject=f"cos://{KEY}", on_reject="leave_out"),
        "a contact sheet": ContactSheetOperator(task_id="t", pictures=made, dest="cos:///sheets/"),
    }.items():
        operator.execute(make_context())
        used = sent()
        assert used, name
        assert used <= granted(name), name


def test_of_publishing(service: LocalService, sent: Callable[[], set[str]]) -> None:
    shop = Shop(service)
    pictures = shop.make([shop.line("cup/white")])
    sent()
    for label in ("metadata", None):
        CataloguePublishOperator(
            task_id="publish", pictures=pictures, unchecked=True, label=label, keep_previous="/previous/"
        ).execute(make_context(task_id="publish"))
    assert sent() <= granted("publishing")


@pytest.mark.usefixtures("_no_process_context")
def test_of_commands(made: dict[str, Any], sent: Callable[[], set[str]], tmp_path: Path) -> None:
    sent()
    assert main(["explain", made["TaskId"], "--no-db", "--record", "cos:///airflow-mps/"]) == 0
    assert main(["download", made["TaskId"], str(tmp_path)]) == 0
    used = sent()
    assert {"DescribeImageTaskDetail", "GetObject"} <= used <= granted("by hand")


@pytest.fixture
def _no_process_context(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each command sets it, and other tests of this process are no server.
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")
