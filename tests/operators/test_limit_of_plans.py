"""What a limit a day leaves of a plan is no failure: the next plan has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.exceptions import MpsBatchFailedError, TencentCloudError
from airflow_provider_mps.services.tencentcloud.codes import PICTURES_PER_DAY_REACHED
from tests.operators.plans import Catalogue, line, read
from tests.operators.test_batch import Batch, _quick, complete, defer, fire  # noqa: F401 - fixtures
from tests.operators.test_limit import batch, failing, limit, tomorrow  # noqa: F401 - fixtures


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "shop")


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_rest_is_left_for_later(deferrable: bool, batch: Batch, catalogue: Catalogue, tomorrow: Any) -> None:  # noqa: F811
    plan = catalogue.plan([line(n) for n in range(9)])
    if deferrable:
        batch.service.backend.settings.task_seconds = 1.0
        output = complete(batch, plan, fire(defer(batch, plan)))
    else:
        output = batch.run(plan)
    assert output["counts"] == {"made": 5, "failed": 0, "left for later": 4}
    codes = [one["entry"].get("Error", {}).get("Code") for one in read(output)]
    assert sorted(codes, key=bool) == [None] * 5 + [PICTURES_PER_DAY_REACHED] * 4
    # Any other run may take it: nobody has it any more.
    states = [catalogue.record.state(f"cup-{n}/white") for n in range(9)]
    assert sum(state.made is not None for state in states) == batch.accepted == 5
    assert all(state.planned is None and state.failed is None for state in states)
    # And so may this one, if a person clears it the next day.
    tomorrow()
    again = batch.run(plan, try_number=2, max_tries=3)
    assert again["counts"] == {"made": 9, "failed": 0}
    assert batch.accepted == 9


def test_what_failed_still_counts(batch: Batch, catalogue: Catalogue) -> None:  # noqa: F811
    batch.service.add_fault(kind="task_fail", match="marble 1.", err_msg="InternalError")
    batch.service.add_fault(kind="error", action="ProcessImage", match="marble 2.", code="InvalidParameterValue")
    plan = catalogue.plan([line(n) for n in range(1, 9)])
    error, output = failing(batch, plan, MpsBatchFailedError, max_failed=0)
    assert output["counts"]["left for later"] > 0
    assert "left" not in str(error)
    assert output["counts"]["failed"] == error.failed


def test_without_a_catalogue_the_task_fails_as_that_of_a_list(
    batch: Batch,  # noqa: F811
    catalogue: Catalogue,
) -> None:
    plan = catalogue.plan([line(n) for n in range(7)])
    error, output = failing(batch, plan["path"], TencentCloudError)
    assert error.code == PICTURES_PER_DAY_REACHED
    assert output["counts"] == {"made": 5, "failed": 2}
