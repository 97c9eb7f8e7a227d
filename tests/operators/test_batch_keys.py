from __future__ import annotations

import threading

import pytest

from airflow_provider_mps.clients import renewal
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from tests.task_context import execute, make_context
from tests.temporary_keys import Keys


def test_a_batch_goes_on_with_renewed_keys(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, over = Keys(service, monkeypatch), threading.Event()
    # Keys of an hour are read again once a second at most; these are renewed about as often.
    monkeypatch.setattr(renewal, "PAUSE_SECONDS", 0.05)

    def renew() -> None:
        # By what is done, and not by the time: on a busy machine keys of seconds would end before a request is there.
        for number in range(16, 80, 16):
            while len(service.accepted("ProcessImage")) < number:
                if over.wait(0.02):
                    return
            keys.replace()

    requests = [{"subject_cos_key": "/samples/coffee.png", "prompt": f"light {number}"} for number in range(80)]
    batch = MpsImageBgFusionBatchOperator(task_id="task", requests=requests, deferrable=False, poll_interval=0.5)
    thread = threading.Thread(target=renew)
    thread.start()
    try:
        entries = execute(batch, make_context())
    finally:
        over.set()
        thread.join()
    assert [entry.get("Error") for entry in entries] == [None] * 80
    assert len(service.accepted("ProcessImage")) == 80
