"""A batch that is stopped."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_mps.batch.loop_thread import LoopThread


async def never() -> None:
    raise AssertionError("it was cancelled before")


def test_a_batch_that_is_stopped_before_it_begins_says_so() -> None:
    loop_thread = LoopThread()
    loop_thread.cancel()
    with pytest.raises(AirflowException, match="The batch was stopped"):
        loop_thread.run(never)
