"""A run of the review example under a whole Airflow, and what a person does there."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from airflow_provider_mps.local.service import LocalService
from tests.system.real_airflow import TI, RealAirflow

REVIEW = "mps_bg_fusion_review"
# From Airflow 3.3 on it waits by itself, before that in the triggerer.
_WAITS = ("awaiting_input", "deferred")


class Review:
    """A run of the example, whose questions are answered by the public API, as Airflow's pages do.

    :param airflow: it
    :param cloud: the service
    :param conf: params of the run
    """

    def __init__(self, airflow: RealAirflow, cloud: LocalService, conf: dict[str, Any]) -> None:
        self.airflow = airflow
        self.cloud = cloud
        self._before = 0
        self._before = self.submitted
        self._dest = f"/approved-{secrets.token_hex(4)}/"
        self.run = airflow.trigger(REVIEW, {**conf, "dest": self._dest})

    def question(self, task_id: str, index: int = 0) -> dict[str, Any]:
        """Return a question as the API tells it, as soon as the task waits for its answer."""
        self.airflow.wait(REVIEW, self.run, lambda tis: self._state(tis, task_id, index) in _WAITS, 90)
        return self._asked(task_id, index)

    def answer(self, task_id: str, option: str, index: int = 0) -> None:
        """Answer a question over the API."""
        path = self._path(task_id, index)
        self.respond(task_id, index, lambda: self.airflow.request("PATCH", path, {"chosen_options": [option]}))

    def respond(self, task_id: str, index: int, answer: Callable[[], object]) -> None:
        """Answer a question, and once more where it is asked once more.

        Nobody is so quick as a test: a scheduler that hears of the end of the process that has asked when there is an
        answer already takes it for a failure, and Airflow asks again.
        """

        def is_answered(tis: list[TI]) -> bool:
            state = self._state(tis, task_id, index)
            if state in _WAITS and not self._asked(task_id, index)["response_received"]:
                answer()
            return state == "success"

        self.airflow.wait(REVIEW, self.run, is_answered, 90)

    def _asked(self, task_id: str, index: int) -> dict[str, Any]:
        found: dict[str, Any] = self.airflow.request("GET", self._path(task_id, index)).json()
        return found

    @staticmethod
    def _state(tis: list[TI], task_id: str, index: int) -> str | None:
        return {(ti.task_id, ti.map_index): ti.state for ti in tis}.get((task_id, index))

    def page(self, task_id: str, index: int) -> str:
        """Return the address of the page on which people answer a question."""
        base = self.airflow.env["AIRFLOW__API__BASE_URL"]
        return f"{base}/dags/{REVIEW}/runs/{self.run}/tasks/{task_id}/mapped/{index}/required_actions"

    def _path(self, task_id: str, index: int) -> str:
        return f"/api/v2/dags/{REVIEW}/dagRuns/{self.run}/taskInstances/{task_id}/{index}/hitlDetails"

    @property
    def submitted(self) -> int:
        """How many pictures were accepted of this run, and not of other DAGs that run beside it."""
        asked = [call.body.get("OutputPath", "") for call in self.cloud.accepted("ProcessImage")]
        return sum(path.startswith("/review/") for path in asked) - self._before

    @property
    def published(self) -> set[str]:
        keys = (f"/{one.key}" for one in self.cloud.backend.store.all(self.cloud.bucket))
        return {key for key in keys if key.startswith(self._dest)}

    @property
    def logs(self) -> str:
        tis = self.airflow.task_instances(REVIEW, self.run)
        return "\n".join(self.airflow.task_log(REVIEW, self.run, ti.task_id, ti.map_index) for ti in tis)
